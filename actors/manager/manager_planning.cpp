#include "actors/manager/manager_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace djm {

namespace {

/// Items without an owner that the status names.
constexpr std::size_t most_listed = 1000;

} // namespace

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

/// Workers that are there and get no items, because they end again and again. Where one of them is the only one left
/// for a job, it counts like any other: better some of the time than never.
std::set<node_id> manager_core::shunned(time_point now) const {
  auto found = history_.shunned(now);
  if (found.empty()) {
    return found;
  }
  std::set<job_id> covered;
  for (const auto& [id, w] : image_.workers) {
    const auto mark = image_.mark_of(id, w);
    if (w.is_alive() && found.count(id) == 0 && !mark.draining && !mark.cordoned) {
      covered.insert(w.available.begin(), w.available.end());
    }
  }
  for (auto i = found.begin(); i != found.end();) {
    const auto w = image_.workers.find(*i);
    const bool there = w != image_.workers.end() && w->second.is_alive();
    const bool spared =
      there && std::includes(covered.begin(), covered.end(), w->second.available.begin(), w->second.available.end());
    i = spared ? std::next(i) : found.erase(i);
  }
  return found;
}

void manager_core::start_plan(step s, effects& out) {
  plan_dirty_ = false;
  plan_at_.reset();
  planned_frozen_ = frozen(s.now);
  planned_shunned_ = shunned(s.now);
  const auto flapping = history_.shunned(s.now);
  store_.over_if(
    [&](const std::string& about) {
      return about.compare(0, 7, "flaps: ") == 0 && flapping.count(about.substr(7)) == 0;
    },
    out);
  auto task = make_task(image_, planned_frozen_, planned_shunned_);
  if (!task) {
    ++counters_.plan_failures;
    store_.complain("plan", task.error(), out);
    return;
  }
  std::set<std::string> warnings;
  for (const auto& w : task->warnings) {
    store_.complain(*warnings.insert("plan: " + w.text).first, w, out);
  }
  store_.over_if(
    [&](const std::string& about) { return about.compare(0, 6, "plan: ") == 0 && warnings.count(about) == 0; }, out);
  asked_ = task->problem;
  if (auto line = books_.open(*asked_, planned_frozen_); !line.empty()) {
    asked_ = std::make_shared<const assignment_problem>(asked_->with_waiting(std::move(line)));
  }
  planning_since_ = s.now;
  plan_request_ = cfg_.numbers.draw();
  ++counters_.plans;
  out.push_back(plan_request{plan_request_, asked_, cfg_.planning, desk_.answers()});
}

manager_core::effects manager_core::on_planned(std::uint64_t request, const expected<plan_so_far>& result, step s) {
  effects out;
  now_ = s.now;
  if (request == 0 || request != plan_request_) {
    return out;
  }
  plan_request_ = 0;
  const auto answered = std::exchange(asked_, nullptr);
  if (!result) {
    ++counters_.plan_failures;
    store_.complain("plan", result.error(), out);
    books_.withdrawn();
    plan_dirty_ = true;
    plan_at_ = s.now + store_.draw_backoff(s);
    next(s, out);
    return out;
  }
  store_.relieve("plan", out);
  ask_strategies(result->open, s, out);
  if (const auto until = desk_.wait_for(result->open, s.now)) {
    books_.withdrawn();
    plan_not_later_than(*until, s);
    next(s, out);
    return out;
  }
  problem_ = answered;
  plan_ = std::make_shared<const plan>(result->planned);
  note_failures(s, out);
  describe_plan(s);
  tell_wanted(out);
  if (plan_->summary.moves_deferred > 0) {
    changed(s); // the rest follows in rounds of their own
  }
  write_plan(out);
  next(s, out);
  return out;
}

void manager_core::plan_not_later_than(time_point at, step s) {
  if (!std::exchange(plan_dirty_, true)) {
    dirty_since_ = s.now;
    plan_at_ = at;
  }
  plan_at_ = std::min(plan_at_.value_or(at), at);
}

/// Strategies of users answer beside everything else: what they take delays the jobs that named them, nobody else.
void manager_core::ask_strategies(const std::vector<strategy_question>& open, step s, effects& out) {
  for (auto& x : desk_.ask(open, s.now)) {
    out.push_back(strategy_request{x.number, std::move(x.question), cfg_.planning});
  }
}

manager_core::effects manager_core::on_strategy(std::uint64_t request, const expected<plan>& result, step s) {
  effects out;
  now_ = s.now;
  if (!leading()) {
    return out;
  }
  give_up_strategies(s, out); // at the last moment is too late
  switch (desk_.on_answer(request, result, s.now)) {
  case strategy_desk::answer_kind::fresh: plan_not_later_than(s.now, s); break;
  case strategy_desk::answer_kind::late:
    plan_not_later_than(s.now + strategy_backoff_.draw(s.entropy), s); // asks it again
    break;
  case strategy_desk::answer_kind::unknown: break;
  }
  next(s, out);
  return out;
}

void manager_core::give_up_strategies(step s, effects& out) {
  for (const auto& name : desk_.give_up(s.now)) {
    ++counters_.plan_failures;
    store_.complain(
      "strategy " + name,
      {errc::user_code_hangs, fmt::format("strategy \"{}\" has not answered within {}: until it comes back its "
                                          "jobs keep the workers they have, and get none for other items",
                                          name, format_duration(cfg_.strategy_timeout))},
      out);
  }
}

/// Strategies that failed are reported, and asked again after a while: nothing in the tree will tell when they work.
void manager_core::note_failures(step s, effects& out) {
  std::set<std::string> failed;
  for (const auto& f : plan_->failures) {
    ++counters_.plan_failures;
    failed.insert("strategy " + f.strategy);
    store_.complain("strategy " + f.strategy, f.what, out);
    desk_.forget(f.strategy);
  }
  if (failed.empty() && !desk_.asking()) {
    strategy_backoff_.reset();
  } else if (!failed.empty()) {
    plan_not_later_than(s.now + strategy_backoff_.draw(s.entropy), s);
  }
  constexpr std::string_view strategy = "strategy ";
  store_.over_if(
    [&](const std::string& about) {
      return about.compare(0, strategy.size(), strategy) == 0 && failed.count(about) == 0 &&
             !desk_.hangs(about.substr(strategy.size()));
    },
    out);
}

void manager_core::write_plan(effects& out) {
  auto transfers = difference(image_, *problem_, *plan_, planned_frozen_);
  std::set<node_id> adopt;
  for (const auto& [id, w] : image_.workers) {
    if (w.is_alive() && w.assigned_exists && w.assigned_incarnation != w.registration->incarnation) {
      adopt.insert(id);
    }
  }
  auto batches = make_batches(image_, tree_, transfers, adopt, latch_, assignment_version_,
                              fmt::format("{}-a{}-", cfg_.incarnation, epoch_), batch_.now());
  queue_.assign(std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
  if (queue_.empty()) {
    plan_written(out);
    return;
  }
  out.push_back(log_effect{log_level::info, plan_text_});
  write_failed_ = false;
  send_batches(out);
}

/// What people and metrics see of the plan.
void manager_core::describe_plan(step s) {
  const auto& sum = plan_->summary;
  unassigned_.clear();
  unassigned_items_ = plan_->unassigned.size();
  for (const auto& u : plan_->unassigned) {
    if (unassigned_.size() == most_listed) {
      break;
    }
    unassigned_.push_back({problem_->job(problem_->job_of(u.item)).name, std::string{problem_->item_name(u.item)},
                           u.text.empty() ? describe(u.reason) : u.text, u.reason});
  }
  auto& x = plan_status_;
  x = {};
  x.workers = problem_->worker_count();
  x.items = sum.items;
  x.assigned = sum.assigned;
  x.moves = sum.moves;
  x.placements = sum.placements;
  x.moves_deferred = sum.moves_deferred;
  if (sum.moves_lower_bound) {
    x.moves_lower_bound = *sum.moves_lower_bound;
  }
  x.job_spread_max = sum.job_spread_max;
  x.global_spread = sum.global_spread;
  if (!sum.totals.empty()) {
    const auto [least, most] = std::minmax_element(sum.totals.begin(), sum.totals.end());
    x.totals = {*least, *most};
  }
  for (job_index j = 0; j < sum.jobs.size(); ++j) {
    x.jobs[problem_->job(j).name] = {sum.jobs[j].least, sum.jobs[j].most};
  }
  for (std::size_t r = 0; r < sum.resources.size(); ++r) {
    const auto& y = sum.resources[r];
    x.resources[problem_->resources()[r]] = {y.used, y.least, y.most, y.capacity};
  }
  for (worker_index w = 0; w < problem_->worker_count(); ++w) {
    const auto& worker = problem_->worker(w);
    x.zones[worker.zone] = sum.zones[worker.zone_index];
  }
  x.elapsed = s.now - planning_since_;
  x.effort_exhausted = sum.effort_exhausted;
  plan_text_ =
    fmt::format("{} of {} items on {} workers, {} moves, {} placements, job spread {}, global spread {}", sum.assigned,
                sum.items, problem_->worker_count(), sum.moves, sum.placements, sum.job_spread_max, sum.global_spread);
}

/// Items that found no room call for more capacity: each once until it has been served, told together per job.
void manager_core::tell_wanted(effects& out) {
  for (const auto& [job, items] : books_.planned(image_, *problem_, *plan_)) {
    capacity_wanted e{job, items, {}};
    if (auto j = image_.jobs.find(job); j != image_.jobs.end()) {
      e.profile = j->second.pool.attributes.profile;
    }
    out.push_back(emit_effect{std::move(e)});
  }
}

void manager_core::plan_written(effects& out) {
  books_.written(*problem_, *plan_);
  store_.works(effort::planning, out);
  no_longer_refused(activity::writing, out); // or what was refused is not wanted any more
}

void manager_core::send_batches(effects& out) {
  while (!queue_.empty() && store_.writes() < cfg_.pipeline) {
    auto b = std::move(queue_.front());
    queue_.pop_front();
    counters_.largest_transaction_ops = std::max<std::uint64_t>(counters_.largest_transaction_ops, b.txn.ops.size());
    counters_.largest_transaction_bytes =
      std::max<std::uint64_t>(counters_.largest_transaction_bytes, store::wire_size(b.txn));
    ++counters_.transactions;
    auto txn = std::move(b.txn);
    store_.commit(
      activity::writing, session_, std::move(txn), out,
      [batch = std::move(b)](auto& core, const auto& o, step s, auto& fx) { core.batch_written(batch, o, s, fx); });
  }
}

void manager_core::batch_written(const assignment_batch& batch, const store::commit_outcome& o, step s, effects& out) {
  if (std::holds_alternative<store::committed>(o)) {
    djm::apply(image_, batch);
    counters_.moves += batch.transfers.size();
    ++assignment_version_;
  } else {
    write_failed_ = true;
    write_failure_ =
      std::holds_alternative<store::conflict>(o) ? "a transaction of the plan met a conflict" : "an outcome is unknown";
  }
  if (write_failed_) {
    // Those behind it fail as well, because their version does not come; wait for the last of them.
    queue_.clear();
    if (!store_.writes()) {
      setback(s, effort::planning, write_failure_, out);
    }
    return;
  }
  send_batches(out);
  if (!store_.writes()) {
    store_.reset_backoff();
    plan_written(out);
  }
}

} // namespace djm
