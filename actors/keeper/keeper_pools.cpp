#include "actors/keeper/keeper_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

void keeper_core::found_as_wanted(const job_id& job, offer& o, effects& out) {
  o.pool_dirty = false;
  o.by.reset();
  store_.relieve(tree_.pool(job), out);
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
  store_.relieve("dispute: " + tree_.pool(job), out);
}

/// Asks about the pools of which we do not know that they are as we want them; false when there are none.
bool keeper_core::read_pools(effects& out) {
  read_batch ask;
  pools_slots base{ask.get(tree_.pool_version()), ask.exists(tree_.worker_version()), {}};
  if (phase_ != phase::joined && registered_in_ != 0) {
    base.worker = ask.get(tree_.worker(cfg_.config.id));
  }
  std::vector<pool_slots> pools;
  for (const auto& [id, o] : offers_) {
    if (!o.pool_dirty || !o.pool) {
      continue;
    }
    pools.push_back({id, ask.get(tree_.pool(id)), ask.children(tree_.pool(id)), {}});
    if (o.by) {
      const auto& w = o.by->writer;
      pools.back().writer = pool_slots::writer_slots{ask.get(tree_.alive(w), true), ask.get(tree_.worker(w)),
                                                     ask.exists(tree_.available(w, id))};
    }
    if (pools.size() >= 100) {
      break;
    }
  }
  if (store_.problems().tries() || store_.problems().has("commit")) {
    nothing_left(pools.empty(), out);
  }
  if (pools.empty()) {
    return false;
  }
  store_.read(doing::reading_pools, ask, true, out, &keeper_core::apply_pools, std::move(base), std::move(pools));
  return true;
}

void keeper_core::apply_pools(const pools_slots& base, const std::vector<pool_slots>& pools, step s, effects& out) {
  if (base.worker && went_back(**base.worker, s, out)) {
    return;
  }
  const auto& version = base.version;
  if (version->code != rc::ok) {
    prepared_ = false; // the base of the tree is gone
    store_.complain(tree_.pool_version(), {errc::malformed_payload, tree_.pool_version() + " is missing"}, out);
    store_.retry(s);
    return;
  }
  store_.relieve(tree_.pool_version(), out);
  pool_version_ = version->stat.version;
  seen_wish_ = version->stat.mzxid;
  overruling_ = false;
  pool_ops_.clear();
  wish_writes_.clear();
  pool_next_ = 0;
  worker_version_ = base.worker_version->stat.version;
  for (const auto& slots : pools) {
    if (auto found = offers_.find(slots.job); found != offers_.end() && found->second.pool) {
      apply_pool(slots, found->second, s, out);
    }
  }
  next_pool_write(out);
}

void keeper_core::apply_pool(const pool_slots& slots, offer& o, step s, effects& out) {
  const auto& job = slots.job;
  const auto& data = *slots.node;
  const bool exists = data.code == rc::ok;
  const bool same_items = exists && slots.items->children == *o.pool;
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
        if (!slots.writer || !o.by || o.by->writer != have->last_writer ||
            o.by->incarnation != have->writer_incarnation) {
          const auto since = o.by ? o.by->since : s.now;
          o.by = overruled{have->last_writer, have->writer_incarnation, since, o.by && o.by->told, {}, {}};
          return; // still dirty: read again, with what is there of its writer
        }
        stay_back(slots, o, *have, s, out);
        return;
      }
    } else {
      store_.complain(tree_.pool(job), have.error(), out);
    }
  }
  o.by.reset();
  if (readable && o.written && ++o.disputes == 3) {
    store_.complain(
      "dispute: " + tree_.pool(job),
      {errc::conflict,
       tree_.pool(job) + ": another node keeps writing a different pool or attributes than \"" + cfg_.config.id + "\""},
      out);
  }
  if (!o.wish || *o.wish == 0) {
    o.wish = seen_wish_;
    o.numbering = true;
  }
  want.wish = *o.wish;
  write_pool(slots, o, std::move(want));
}

void keeper_core::write_pool(const pool_slots& slots, offer& o, store::pool_payload want) {
  const auto& job = slots.job;
  const auto& data = *slots.node;
  o.rewritten = true;
  wish_writes_.push_back({job, pool_ops_.size()});
  if (data.code != rc::ok) {
    pool_ops_.push_back(store::create_op{tree_.pool(job), store::encode(want)});
  } else {
    pool_ops_.push_back(store::set_op{tree_.pool(job), store::encode(want, data.data), data.stat.version});
  }
  const auto& mine = *o.pool;
  const auto& theirs = slots.items->children;
  for (const auto& item : mine) {
    if (!std::binary_search(theirs.begin(), theirs.end(), item)) {
      pool_ops_.push_back(store::create_op{tree_.pool(job, item), {}});
    }
  }
  for (const auto& item : theirs) {
    if (!std::binary_search(mine.begin(), mine.end(), item)) {
      pool_ops_.push_back(store::remove_op{tree_.pool(job, item)});
    }
  }
}

void keeper_core::next_pool_write(effects& out) {
  if (pool_next_ >= pool_ops_.size()) {
    // All written (or nothing to write): reading once more shows that it is so, and clears the marks.
    pool_ops_.clear();
    wish_writes_.clear();
    pool_next_ = 0;
    return;
  }
  constexpr std::size_t max_bytes = 256u << 10;
  txn_builder<guard> txn;
  if (phase_ == phase::joined) {
    txn.add(guard::alive, store::check_op{tree_.alive(cfg_.config.id)});
  }
  txn.add(store::set_op{tree_.pool_version(), bump(), pool_version_});
  if (overruling_) {
    // Whoever joins meanwhile, or offers a job, bumps it: nobody is overruled who is there again.
    txn.add(store::check_op{tree_.worker_version(), worker_version_});
  }
  std::size_t bytes = store::wire_size(txn.txn());
  pool_end_ = pool_next_;
  while (pool_end_ < pool_ops_.size() && txn.size() < batch_.now()) {
    auto size = store::wire_size(pool_ops_[pool_end_]);
    if (bytes + size > max_bytes && pool_end_ > pool_next_) {
      break;
    }
    bytes += size;
    txn.add(pool_ops_[pool_end_++]);
  }
  store_.commit(doing::writing_pools, session_.number, std::move(txn), out, &keeper_core::pools_written);
}

void keeper_core::pools_written(const result& o, step s, effects& out) {
  if (o.committed()) {
    ++counters_.pool_writes;
    ++pool_version_;
    pool_next_ = pool_end_;
    next_pool_write(out);
  } else if (o.failed(guard::alive, rc::no_node) && phase_ == phase::joined) {
    not_alive(s, out);
  } else {
    doubt_base(o.conflict());
    store_.retry(s);
  }
}

} // namespace djm
