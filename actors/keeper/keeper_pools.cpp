#include "actors/keeper/keeper_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

void keeper_core::found_as_wanted(const job_id& job, offer& o, effects& out) {
  o.pool_dirty = false;
  o.by.reset();
  relieve(tree_.pool(job), out);
  if (!o.rewritten) {
    undisputed(job, o, out);
  }
  o.rewritten = false;
  o.written = true;
}

/// Nobody has touched it since we looked before.
void keeper_core::undisputed(const job_id& job, offer& o, effects& out) {
  o.rewritten = false;
  o.disputes = 0;
  relieve("dispute: " + tree_.pool(job), out);
}

void keeper_core::apply_pools(const store::read_outcome& r, step s, effects& out) {
  if (r.results[0].code != rc::ok) {
    prepared_ = false; // the base of the tree is gone
    complain(tree_.pool_version(), {errc::malformed_payload, tree_.pool_version() + " is missing"}, out);
    later(s);
    return;
  }
  relieve(tree_.pool_version(), out);
  pool_version_ = r.results[0].stat.version;
  seen_wish_ = r.results[0].stat.mzxid;
  overruling_ = false;
  pool_ops_.clear();
  wish_writes_.clear();
  pool_next_ = 0;
  worker_version_ = r.results[1].stat.version;
  std::size_t at = 2;
  for (const auto& q : pool_jobs_) {
    if (auto found = offers_.find(q.job); found != offers_.end() && found->second.pool) {
      apply_pool(q.job, found->second, &r.results[at], q.with_writer, s, out);
    }
    at += q.with_writer ? 5 : 2;
  }
  next_pool_write(s, out);
}

/// `r`: the pool's node, its items, and those of whoever has written it when `with_writer`.
void keeper_core::apply_pool(const job_id& job, offer& o, const store::read_result* r, bool with_writer, step s,
                             effects& out) {
  const auto& data = r[0];
  const bool exists = data.code == rc::ok;
  const bool same_items = exists && r[1].children == *o.pool;
  if (o.agreed == data.data && same_items) { // never for an absent node: its data are empty
    found_as_wanted(job, o, out);
    return;
  }
  store::pool_payload want;
  want.enabled = o.spec.enabled;
  want.attributes = o.spec.attributes;
  want.schedule = describe_schedule(o.spec.schedule);
  want.last_writer = cfg_.config.id;
  want.writer_incarnation = cfg_.incarnation;
  bool readable = false;
  if (exists) {
    if (auto have = store::decode<store::pool_payload>(data.data, tree_.pool(job))) {
      readable = true;
      want.enabled = have->enabled; // a switch outlives the nodes that registered the job
      const bool ours = have->last_writer == cfg_.config.id && have->writer_incarnation == cfg_.incarnation;
      if (ours && o.wish) {
        o.wish = std::max(*o.wish, have->wish);
      }
      const bool same_schedule = have->schedule.empty() || have->schedule == want.schedule;
      if (same_items && have->attributes == want.attributes && same_schedule && !have->retired) {
        o.by.reset();
        o.numbering = false;
        o.wish = have->wish;
        if (have->challenger.empty()) {
          o.agreed = data.data;
          found_as_wanted(job, o, out);
          return;
        }
        // Its writer is gone, and somebody asks whether anyone else wants it so: written by us, it is ours to defend.
      } else if (overrules_us(o, *have)) {
        if (!with_writer || o.by->writer != have->last_writer || o.by->incarnation != have->writer_incarnation) {
          const auto since = o.by ? o.by->since : s.now;
          o.by = overruled{have->last_writer, have->writer_incarnation, since, o.by && o.by->told, {}, {}};
          return; // still dirty: read again, with what is there of its writer
        }
        stay_back(job, o, *have, r, s, out);
        return;
      }
    } else {
      complain(tree_.pool(job), have.error(), out);
    }
  }
  o.by.reset();
  if (readable && o.written && ++o.disputes == 3) {
    complain("dispute: " + tree_.pool(job),
             {errc::conflict, tree_.pool(job) + ": another node keeps writing a different pool or attributes than \"" +
                                cfg_.config.id + "\""},
             out);
  }
  if (!o.wish || *o.wish == 0) {
    o.wish = seen_wish_;
    o.numbering = true;
  }
  want.wish = *o.wish;
  write_pool(job, o, std::move(want), r);
}

void keeper_core::write_pool(const job_id& job, offer& o, store::pool_payload want, const store::read_result* r) {
  const auto& data = r[0];
  o.rewritten = true;
  wish_writes_.push_back({job, pool_ops_.size()});
  if (data.code != rc::ok) {
    pool_ops_.push_back(store::create_op{tree_.pool(job), store::encode(want), store::create_mode::persistent});
  } else {
    pool_ops_.push_back(store::set_op{tree_.pool(job), store::encode(want, data.data), data.stat.version});
  }
  const auto& mine = *o.pool;
  const auto& theirs = r[1].children;
  for (const auto& item : mine) {
    if (!std::binary_search(theirs.begin(), theirs.end(), item)) {
      pool_ops_.push_back(store::create_op{tree_.pool(job, item), {}, store::create_mode::persistent});
    }
  }
  for (const auto& item : theirs) {
    if (!std::binary_search(mine.begin(), mine.end(), item)) {
      pool_ops_.push_back(store::remove_op{tree_.pool(job, item)});
    }
  }
}

void keeper_core::next_pool_write(step s, effects& out) {
  (void) s;
  if (pool_next_ >= pool_ops_.size()) {
    // All written (or nothing to write): reading once more shows that it is so, and clears the marks.
    pool_ops_.clear();
    wish_writes_.clear();
    pool_next_ = 0;
    return;
  }
  constexpr std::size_t max_bytes = 256u << 10;
  store::transaction txn;
  if (phase_ == phase::joined) {
    txn.ops.push_back(store::check_op{tree_.alive(cfg_.config.id)});
  }
  txn.ops.push_back(store::set_op{tree_.pool_version(), bump(), pool_version_});
  if (overruling_) {
    // Whoever joins meanwhile, or offers a job, bumps it: nobody is overruled who is there again.
    txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version_});
  }
  std::size_t bytes = store::wire_size(txn);
  pool_end_ = pool_next_;
  while (pool_end_ < pool_ops_.size() && txn.ops.size() < batch_.now()) {
    auto size = store::wire_size(pool_ops_[pool_end_]);
    if (bytes + size > max_bytes && pool_end_ > pool_next_) {
      break;
    }
    bytes += size;
    txn.ops.push_back(pool_ops_[pool_end_++]);
  }
  commit(doing::writing_pools, std::move(txn), out);
}

} // namespace djm
