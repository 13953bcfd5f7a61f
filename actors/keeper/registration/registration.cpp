#include "actors/keeper/registration/registration.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;
using topic = keeper_topic;

void registration::start(keeper_effects& out) {
  const auto& tree = life_.tree;
  const auto& id = life_.id();
  read_batch ask;
  slots answers{ask.get(tree.worker(id)),
                ask.children(tree.available(id)),
                ask.exists(tree.assigned(id)),
                ask.get(tree.alive(id), !member_.joined()),
                {}};
  for (const auto& [job, o] : std::as_const(offers_)) {
    if (o.offered() && !o.shown()) { // once in a session, and when it is registered anew
      answers.offers.emplace_back(job, ask.get(tree.available(id, job)));
    }
  }
  store_.read(topic::reading_registration, ask, true, out, this, &registration::apply, answers);
}

void registration::apply(const slots& answers, step s, keeper_effects& out) {
  const auto& worker = *answers.worker;
  const auto path = life_.tree.alive(life_.id());
  const auto alive = store::read_alive(*answers.alive, path);
  const bool held = alive.code == rc::ok && answers.alive->stat.ephemeral_owner == store_.session().id;
  // Overwritten by a stranger it says nothing of us to anybody else.
  const auto& shown = alive.life.value;
  const bool ours = held && shown && shown->incarnation == life_.cfg.incarnation;
  if (member_.joined() && !ours) {
    store_.registration_lost(out);
    return;
  }
  if (claim_.went_back(worker, s, out)) {
    return;
  }
  const auto have = store::read_payload<store::worker_payload>(worker, life_.tree.worker(life_.id())).value;
  if (claim_.superseded(worker, have, ours)) {
    store_.give_up({errc::node_id_in_use, "node id \"" + life_.id() + "\" was taken over by incarnation " +
                                            have->incarnation +
                                            " while this process was away from the store: it does not come back"},
                   out);
    return;
  }
  const bool joins = !member_.joined() && !ours;
  if (alive.shown == store::presence::impostor) {
    store_.complain(path, {errc::malformed_payload, path + " is not ephemeral: it is nobody's life, and is replaced"},
                    out);
  }
  if (joins && alive.shown == store::presence::held && !held) {
    wait_.start(*answers.alive, shown, s);
    return;
  }
  wait_.over();
  change(answers, joins, s, out);
}

// -- what is to be written ----------------------------------------------------------

namespace {

/// The data of `workers/<node>/available/<job>`.
std::string offer_of(const job_offer& o) {
  return store::encode(store::offer_payload{o.record.hash()});
}

} // namespace

void registration::change(const slots& answers, bool joins, step s, keeper_effects& out) {
  const auto& worker = *answers.worker;
  const bool exists = worker.code == rc::ok;
  registration_change c;
  c.worker = own_data(worker, out);
  c.below = changes_below(answers);
  c.joins = joins;
  to_show_.clear();
  for (const auto& [job, o] : std::as_const(offers_)) {
    if (o.offered()) {
      to_show_.emplace_back(job, o.record.hash());
    }
  }
  offers_.registration_taken();
  if (!joins && c.below.empty() && exists && c.worker == worker.data) {
    registered(s, out);
    return;
  }
  if (exists) {
    c.worker_version = worker.stat.version;
  }
  if (answers.alive->code == rc::ok) { // of this session, or nobody's
    c.replaced = answers.alive->stat.version;
  }
  chunks_ = registration_txns(life_, std::move(c), store_.most_ops());
  write_next(s, out);
}

/// The data of `workers/<node>`, where `worker` is what was found there.
std::string registration::own_data(const store::read_result& worker, keeper_effects& out) {
  auto data = own_registration(life_.cfg);
  if (worker.code != rc::ok) {
    return store::encode(data);
  }
  data.took_over = worker.stat.version;
  if (const auto have = store_.decode<store::worker_payload>(worker, life_.tree.worker(life_.id()), out)) {
    if (have->incarnation == life_.cfg.incarnation) {
      data.took_over = have->took_over;
      data.after_crash = have->after_crash;
    } else {
      data.after_crash = !have->left && !claim_.has_been_named();
    }
  }
  return store::encode(data, worker.data);
}

std::vector<store::write_op> registration::changes_below(const slots& answers) const {
  const auto& tree = life_.tree;
  const auto& id = life_.id();
  const auto& available = *answers.available;
  std::vector<store::write_op> changes;
  if (available.code == rc::no_node) {
    changes.emplace_back(store::create_op{tree.available(id), {}});
  }
  if (answers.assigned->code == rc::no_node) {
    store::assigned_payload empty;
    empty.incarnation = life_.cfg.incarnation;
    changes.emplace_back(store::create_op{tree.assigned(id), store::encode(empty)});
  }
  for (const auto& [job, o] : std::as_const(offers_)) {
    if (o.offered() && !std::binary_search(available.children.begin(), available.children.end(), job)) {
      changes.emplace_back(store::create_op{tree.available(id, job), offer_of(o)});
    }
  }
  for (const auto& [job, shown] : answers.offers) {
    const auto* o = offers_.find(job);
    if (o != nullptr && o->offered() && shown->code == rc::ok && shown->data != offer_of(*o)) {
      changes.emplace_back(store::set_op{tree.available(id, job), offer_of(*o), shown->stat.version});
    }
  }
  for (const auto& job : to_ids<job_id>(available.children)) {
    if (const auto* o = offers_.find(job); o == nullptr || !o->offered()) {
      changes.emplace_back(store::remove_op{tree.available(id, job)});
    }
  }
  return changes;
}

// -- writing it ---------------------------------------------------------------------

void registration::write_next(step s, keeper_effects& out) {
  if (chunks_.empty()) {
    registered(s, out);
  } else {
    store_.commit(topic::writing_registration, chunks_.front(), out, this, &registration::written);
  }
}

void registration::written(const keeper_outcome& o, step s, keeper_effects& out) {
  if (const auto* done = o.committed()) {
    ++life_.counters.registration_writes;
    claim_.written(done->zxid);
    if (member_.joined()) {
      // A leader may have cleaned the pool of a job that nobody offered yet: look once more, now that it is on offer.
      offers_.pools_outdated();
    }
    chunks_.pop_front();
    write_next(s, out);
    return;
  }
  offers_.registration_outdated();
  if (o.failed(keeper_guard::alive, rc::no_node) && member_.joined()) {
    store_.registration_lost(out);
    return;
  }
  if (o.conflict() == nullptr && o.rejected() == nullptr) {
    claim_.perhaps_written();
  }
  base_.doubt(o.conflict());
  store_.retry(s);
}

void registration::lost() {
  if (store_.writes(topic::writing_registration)) {
    claim_.perhaps_written();
  }
}

void registration::registered(step s, keeper_effects& out) {
  // What stands there was read, or written since, in this session.
  offers_.all_shown(to_show_);
  if (member_.joined()) {
    return;
  }
  // A leader may have cleaned a pool that nobody alive offered while we were on our way in: look once more.
  offers_.pools_outdated();
  const auto path = life_.tree.alive(life_.id());
  connection_.over(out);
  store_.relieve("registration", out);
  store_.relieve(path, out);
  ++life_.counters.joins;
  sentry_.look_now(s);
  record_news_.look_now(s);
  look_.put_off(s);
  member_.join(store_.session().number, path, own_life(life_.cfg), out);
}

} // namespace djm
