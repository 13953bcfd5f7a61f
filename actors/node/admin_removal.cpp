#include "actors/node/admin_core.hpp"

/// A job is to be removed before its time: a mark in its pool, by which the leader removes it as soon as nobody offers
/// it. Whoever offers the job meanwhile takes the mark back in a pool update of its own.
namespace djm {

using store::rc;

store::write_op admin_core::bump(const std::string& path, std::int32_t version) const {
  const store::version_payload p{cfg_.incarnation + "-d" + std::to_string(next_request_)};
  return store::set_op{path, store::encode(p), version};
}

/// Whoever joins, or offers the job, bumps the version that was read before.
void admin_core::read_offers(const store::read_outcome& r, effects& out) {
  worker_version_ = r.results[0].stat.version;
  alive_ = r.results[1].children;
  const auto& job = std::get<remove_job>(queue_.front().what).job;
  std::vector<store::read_op> ops{store::get(tree_.pool_version()), store::get(tree_.pool(job))};
  for (const auto& w : alive_) {
    ops.push_back(store::exists(tree_.available(w, job)));
  }
  read(stage::reading, std::move(ops), false, out);
}

bool admin_core::decide_removal(const remove_job& x, const store::read_outcome& r, step s, store::transaction& txn,
                                effects& out) {
  const auto& subject = r.results[1];
  if (subject.code != rc::ok) {
    answer(fail(errc::unknown_job, "job \"" + x.job + "\" is not in the cluster's work pool"), out);
    return false;
  }
  for (std::size_t i = 0; i < alive_.size(); ++i) {
    if (r.results[2 + i].code != rc::ok) {
      continue;
    }
    if (alive_[i] == cfg_.node) {
      again(s, "node \"" + cfg_.node + "\" has not given job \"" + x.job + "\" back yet");
    } else {
      answer(fail(errc::invalid_state, "job \"" + x.job + "\" cannot be deleted: node \"" + alive_[i] +
                                         "\" offers it; unregister it there first"),
             out);
    }
    return false;
  }
  auto p = store::decode<store::pool_payload>(subject.data, tree_.pool(x.job));
  if (!p) {
    answer(tl::make_unexpected(p.error()), out);
    return false;
  }
  if (p->retired) {
    answer({}, out);
    return false;
  }
  p->retired = true;
  txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version_});
  txn.ops.push_back(bump(tree_.pool_version(), r.results[0].stat.version));
  txn.ops.push_back(store::set_op{tree_.pool(x.job), store::encode(*p, subject.data), subject.stat.version});
  return true;
}

} // namespace djm
