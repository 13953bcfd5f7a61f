#include "actors/node/admin_core.hpp"

/// A job is to be removed before its time: a mark in its pool, by which the leader removes it as soon as nobody offers
/// it. Whoever offers the job meanwhile takes the mark back in a pool update of its own.
namespace djm {

using store::rc;

/// Whoever joins, or offers the job, bumps the version that is read before the offers.
void admin_core::begin(const remove_job&, effects& out) {
  read_batch ask;
  const auto version = ask.get(tree_.worker_version());
  const auto alive = ask.children(tree_.alive());
  store_.read({}, ask, true, out, &admin_core::read_offers, version, alive);
}

void admin_core::read_offers(const read_slot& version, const read_slot& alive, step, effects& out) {
  const auto worker_version = version->stat.version;
  const auto& job = wished<remove_job>().job;
  read_batch ask;
  const pool_slots slots{ask.get(tree_.pool_version()), ask.get(tree_.pool(job))};
  const auto offers = ask.each(to_ids<node_id>(alive->children),
                               [&](const node_id& w) { return store::exists(tree_.available(w, job)); });
  store_.read({}, ask, false, out, &admin_core::retire, worker_version, slots, offers);
}

void admin_core::retire(std::int32_t worker_version, const pool_slots& slots, const read_slots<node_id>& offers, step s,
                        effects& out) {
  const auto& job = wished<remove_job>().job;
  const auto& pool = *slots.pool;
  if (pool.code != rc::ok) {
    answer(fail(errc::unknown_job, "job \"" + job + "\" is not in the cluster's work pool"), out);
    return;
  }
  for (const auto& [worker, offer] : offers) {
    if (offer->code != rc::ok) {
      continue;
    }
    if (worker == cfg_.node) {
      hold(s, "node \"" + cfg_.node + "\" has not given job \"" + job + "\" back yet");
    } else {
      answer(fail(errc::invalid_state, "job \"" + job + "\" cannot be deleted: node \"" + worker +
                                         "\" offers it; unregister it there first"),
             out);
    }
    return;
  }
  auto p = store::decode<store::pool_payload>(pool.data, tree_.pool(job));
  if (!p || p->retired) {
    answer(p ? expected<void>{} : tl::make_unexpected(p.error()), out);
    return;
  }
  p->retired = true;
  auto txn = change(tree_.pool_version(), *slots.version);
  txn.ops.insert(txn.ops.begin() + 1, store::check_op{tree_.worker_version(), worker_version});
  txn.ops.push_back(store::set_op{tree_.pool(job), store::encode(*p, pool.data), pool.stat.version});
  write(std::move(txn), out);
}

} // namespace djm
