#include "actors/keeper/keeper_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

void keeper_core::found_as_wanted(offer& o) {
  o.pool_dirty = false;
  if (!std::exchange(o.rewritten, false)) {
    o.disputes = 0; // nobody has touched it since we looked before
  }
  o.written = true;
}

void keeper_core::apply_pools(const store::read_outcome& r, step s, effects& out) {
  if (r.results[0].code != rc::ok) {
    prepared_ = false; // the base of the tree is gone
    complain({errc::malformed_payload, tree_.pool_version() + " is missing"}, out);
    later(s);
    return;
  }
  pool_version_ = r.results[0].stat.version;
  pool_ops_.clear();
  pool_next_ = 0;
  for (std::size_t i = 0; i < pool_jobs_.size(); ++i) {
    const auto& job = pool_jobs_[i];
    auto found = offers_.find(job);
    if (found == offers_.end()) {
      continue;
    }
    auto& o = found->second;
    const auto& data = r.results[1 + 2 * i];
    const auto& list = r.results[2 + 2 * i];
    store::pool_payload want;
    want.enabled = o.spec.enabled;
    want.attributes = o.spec.attributes;
    want.last_writer = cfg_.config.id;
    const bool exists = data.code == rc::ok;
    bool data_differs = !exists;
    if (o.agreed == data.data && list.children == *o.pool) { // never for an absent node: its data are empty
      found_as_wanted(o);
      continue;
    }
    if (exists) {
      if (auto have = store::decode<store::pool_payload>(data.data, tree_.pool(job))) {
        want.enabled = have->enabled; // a switch outlives the nodes that registered the job
        data_differs = !(have->attributes == want.attributes);
      } else {
        complain(have.error(), out);
        data_differs = true;
      }
    }
    std::vector<store::write_op> changes;
    const auto& mine = *o.pool;
    const auto& theirs = list.children;
    for (const auto& item : mine) {
      if (!std::binary_search(theirs.begin(), theirs.end(), item)) {
        changes.push_back(store::create_op{tree_.pool(job, item), {}, store::create_mode::persistent});
      }
    }
    for (const auto& item : theirs) {
      if (!std::binary_search(mine.begin(), mine.end(), item)) {
        changes.push_back(store::remove_op{tree_.pool(job, item)});
      }
    }
    if (changes.empty() && !data_differs) {
      o.agreed = data.data;
      found_as_wanted(o);
      continue;
    }
    if (o.written && exists && ++o.disputes == 3) {
      complain({errc::conflict, tree_.pool(job) +
                                  ": another node keeps writing a different pool or attributes than \"" +
                                  cfg_.config.id + "\""},
               out);
    }
    o.rewritten = true;
    if (!exists) {
      pool_ops_.push_back(store::create_op{tree_.pool(job), store::encode(want), store::create_mode::persistent});
    } else {
      pool_ops_.push_back(store::set_op{tree_.pool(job), store::encode(want, data.data), data.stat.version});
    }
    pool_ops_.insert(pool_ops_.end(), std::make_move_iterator(changes.begin()), std::make_move_iterator(changes.end()));
  }
  next_pool_write(s, out);
}

void keeper_core::next_pool_write(step s, effects& out) {
  (void) s;
  if (pool_next_ >= pool_ops_.size()) {
    // All written (or nothing to write): reading once more shows that it is so, and clears the marks.
    pool_ops_.clear();
    pool_next_ = 0;
    return;
  }
  constexpr std::size_t max_bytes = 256u << 10;
  store::transaction txn;
  if (phase_ == phase::joined) {
    txn.ops.push_back(store::check_op{tree_.alive(cfg_.config.id)});
  }
  txn.ops.push_back(store::set_op{tree_.pool_version(), bump(), pool_version_});
  std::size_t bytes = store::wire_size(txn);
  pool_end_ = pool_next_;
  while (pool_end_ < pool_ops_.size() && txn.ops.size() < cfg_.max_transaction_ops) {
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
