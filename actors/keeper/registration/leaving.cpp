#include "actors/keeper/registration/leaving.hpp"

#include "actors/keeper/registration/registration_txns.hpp"
#include "zkstore/tree/records.hpp"

namespace djm {

using store::rc;
using topic = keeper_topic;

void leaving::start(keeper_effects& out) {
  const auto& tree = life_.tree;
  read_batch ask;
  const slots answers{ask.get(tree.worker(life_.id())), ask.exists(tree.alive(life_.id()))};
  store_.read(topic::reading_leave, ask, true, out, this, &leaving::apply, answers);
}

void leaving::apply(const slots& answers, step, keeper_effects& out) {
  const auto& worker = *answers.worker;
  const auto& alive = *answers.alive;
  if (worker.code != rc::ok || alive.code != rc::ok || alive.stat.ephemeral_owner != store_.session().id) {
    member_.left(out);
    return;
  }
  const auto path = life_.tree.worker(life_.id());
  auto data = store::read_payload<store::worker_payload>(worker, path).value.value_or(own_registration(life_.cfg));
  data.left = true;
  keeper_txn txn;
  txn.add(store::remove_op{life_.tree.alive(life_.id()), alive.stat.version});
  txn.add(store::set_op{path, store::encode(data, worker.data), worker.stat.version});
  txn.add(store::set_op{life_.tree.worker_version(), life_.bump()});
  store_.commit(topic::writing_leave, std::move(txn), out, this, &leaving::written);
}

void leaving::written(const keeper_outcome& o, step s, keeper_effects& out) {
  if (o.committed()) {
    member_.left(out);
  } else {
    store_.retry(s);
  }
}

} // namespace djm
