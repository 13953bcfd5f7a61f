#include "actors/manager/writing/writing.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace djm {

void writing::start(time_point now, manager_effects& out) {
  const auto& image = known_.image();
  auto transfers = difference(image, *plan_.problem(), *plan_.made(), plan_.kept_back());
  for (auto& t : preparations_.transfers(image, plan_.kept_back(), plan_.kept_free())) {
    transfers.push_back(std::move(t));
  }
  auto batches =
    make_batches(image, store_.tree(), transfers, to_adopt(), store_.mine().latch, known_.assignment_version(),
                 fmt::format("{}-a{}-", cfg_.incarnation, store_.mine().epoch), store_.most_ops());
  queue_.assign(std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
  if (queue_.empty()) {
    plan_.written(out);
    return;
  }
  out.push_back(log_effect{log_level::info, plan_.report().text});
  failure_.reset();
  started_ = now;
  send_batches(out);
}

void writing::give_up() {
  queue_.clear();
  failure_.reset();
}

/// Workers whose `assigned` was written for a former life.
std::set<node_id> writing::to_adopt() const {
  std::set<node_id> adopt;
  for (const auto& [id, w] : known_.image().workers) {
    if (w.is_alive() && w.assigned_exists && w.assigned_incarnation != w.registration->incarnation) {
      adopt.insert(id);
    }
  }
  return adopt;
}

void writing::send_batches(manager_effects& out) {
  while (!queue_.empty() && store_.writes() < cfg_.pipeline) {
    auto b = std::move(queue_.front());
    queue_.pop_front();
    counters_.largest_transaction_ops = std::max<std::uint64_t>(counters_.largest_transaction_ops, b.txn.ops.size());
    counters_.largest_transaction_bytes =
      std::max<std::uint64_t>(counters_.largest_transaction_bytes, store::wire_size(b.txn));
    ++counters_.transactions;
    auto txn = std::move(b.txn);
    store_.commit(activity::writing, std::move(txn), out, this, &writing::batch_written, std::move(b));
  }
}

void writing::batch_written(const assignment_batch& batch, const store::commit_outcome& o, step s,
                            manager_effects& out) {
  if (std::holds_alternative<store::committed>(o)) {
    known_.written(batch);
    counters_.moves += batch.transfers.size();
  } else {
    failure_ =
      std::holds_alternative<store::conflict>(o) ? "a transaction of the plan met a conflict" : "an outcome is unknown";
  }
  if (failure_) {
    // Those behind it fail as well, because their version does not come; wait for the last of them.
    queue_.clear();
    if (!store_.writes()) {
      store_.setback(s, effort::planning, *failure_, out);
    }
    return;
  }
  send_batches(out);
  if (!store_.writes()) {
    store_.reset_backoff();
    counters_.rebalance_time.add(s.now - started_);
    plan_.written(out);
  }
}

} // namespace djm
