#include "actors/manager/manager_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace djm {

// -- planning and writing -----------------------------------------------------------

std::set<node_id> manager_core::frozen(time_point now) const {
  std::set<node_id> found;
  for (const auto& [id, w] : image_.workers) {
    if (!w.is_alive() && !w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, now)) {
      found.insert(id);
    }
  }
  return found;
}

void manager_core::start_plan(step s, effects& out) {
  plan_dirty_ = false;
  plan_at_.reset();
  planned_frozen_ = frozen(s.now);
  auto task = make_task(image_, planned_frozen_);
  if (!task) {
    ++counters_.plan_failures;
    complain("plan", task.error(), out);
    return;
  }
  for (const auto& w : task->warnings) {
    complain("plan: " + w.text, w, out);
  }
  problem_ = task->problem;
  doing_ = activity::planning;
  request_ = next_request_++;
  ++counters_.plans;
  out.push_back(plan_request{request_, problem_, cfg_.planning});
}

manager_core::effects manager_core::on_planned(std::uint64_t request, const expected<plan>& result, step s) {
  effects out;
  now_ = s.now;
  if (request == 0 || request != request_ || doing_ != activity::planning) {
    return out;
  }
  request_ = 0;
  doing_ = activity::none;
  if (!result) {
    ++counters_.plan_failures;
    complain("plan", result.error(), out);
    plan_dirty_ = true;
    plan_at_ = s.now + backoff_.draw(s.entropy);
    next(s, out);
    return out;
  }
  problems_.erase("plan");
  plan_ = std::make_shared<const plan>(*result);
  for (const auto& f : plan_->failures) {
    ++counters_.plan_failures;
    complain("strategy " + f.strategy, f.what, out);
  }
  if (plan_->failures.empty()) {
    strategy_backoff_.reset();
    problems_.erase(problems_.lower_bound("strategy "), problems_.lower_bound("strategy!"));
  } else {
    plan_dirty_ = true; // nothing in the tree will tell when it works again
    dirty_since_ = s.now;
    plan_at_ = s.now + strategy_backoff_.draw(s.entropy);
  }
  unassigned_.clear();
  for (const auto& u : plan_->unassigned) {
    unassigned_.push_back({problem_->job(problem_->job_of(u.item)).name, std::string{problem_->item_name(u.item)},
                           u.text.empty() ? describe(u.reason) : u.text});
  }
  tell_wanted(out);
  const auto& sum = plan_->summary;
  if (sum.moves_deferred > 0) {
    changed(s); // the rest follows in rounds of their own
  }
  plan_text_ = fmt::format("{} of {} items on {} workers, {} moves, {} placements, job spread {}, global spread {}",
                           sum.assigned, sum.items, problem_->worker_count(), sum.moves, sum.placements,
                           sum.job_spread_max, sum.global_spread);
  auto transfers = difference(image_, *problem_, *plan_, planned_frozen_);
  std::set<node_id> adopt;
  for (const auto& [id, w] : image_.workers) {
    if (w.is_alive() && w.assigned_exists && w.assigned_incarnation != w.registration->incarnation) {
      adopt.insert(id);
    }
  }
  auto batches = make_batches(image_, tree_, transfers, adopt, latch_, assignment_version_,
                              fmt::format("{}-a{}-", cfg_.incarnation, epoch_), cfg_.max_transaction_ops);
  queue_.assign(std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
  if (!queue_.empty()) {
    out.push_back(log_effect{log_level::info, plan_text_});
    doing_ = activity::writing;
    write_failed_ = false;
    send_batches(out);
  }
  next(s, out);
  return out;
}

/// Items that found no room call for more capacity, once per change.
void manager_core::tell_wanted(effects& out) {
  std::map<job_id, std::uint64_t> wanted;
  for (const auto& u : plan_->unassigned) {
    if (u.reason == plan_rule::capacity || u.reason == plan_rule::max_items || u.reason == plan_rule::placement ||
        u.reason == plan_rule::max_per_worker) {
      ++wanted[problem_->job(problem_->job_of(u.item)).name];
    }
  }
  for (const auto& [job, items] : wanted) {
    if (auto known = wanted_.find(job); known != wanted_.end() && known->second == items) {
      continue;
    }
    capacity_wanted e{job, items, {}};
    if (auto j = image_.jobs.find(job); j != image_.jobs.end()) {
      e.profile = j->second.pool.attributes.profile;
    }
    out.push_back(emit_effect{std::move(e)});
  }
  wanted_ = std::move(wanted);
}

void manager_core::send_batches(effects& out) {
  while (!queue_.empty() && in_flight_.size() < cfg_.pipeline) {
    auto b = std::move(queue_.front());
    queue_.pop_front();
    const auto id = next_request_++;
    counters_.largest_transaction_ops = std::max<std::uint64_t>(counters_.largest_transaction_ops, b.txn.ops.size());
    counters_.largest_transaction_bytes =
      std::max<std::uint64_t>(counters_.largest_transaction_bytes, store::wire_size(b.txn));
    ++counters_.transactions;
    out.push_back(commit_effect{id, std::move(b.txn)});
    in_flight_.emplace_back(id, std::move(b));
  }
}

} // namespace djm
