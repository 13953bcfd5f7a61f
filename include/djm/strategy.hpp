#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "djm/assignment_problem.hpp"
#include "djm/export.hpp"
#include "djm/plan.hpp"

namespace djm {

/// Decides who owns what. Implementations are pure: the result depends on the arguments alone, not on a clock, chance,
/// addresses or earlier calls, because every node that becomes leader must come to the same plan. Thread-safe.
class DJM_EXPORT strategy {
public:
  virtual ~strategy() = default;

  /// As jobs name it in `job_attributes::strategy`.
  virtual std::string_view name() const noexcept = 0;

  /// Owners for all items of `problem` (its jobs are those that name this strategy). Only `owner` and `unassigned` of
  /// the result are read. Items with a legal worker should be assigned; the rules that `check_plan` names must be kept.
  virtual expected<plan> assign(const assignment_problem& problem, const plan_options& options) const = 0;
};

/// The strategies a process knows, by name. The built-in ones are always there: "balanced" (the default),
/// "evenly_spread", "rendezvous", "evenly_rendezvous", "bounded_hash".
class strategy_registry {
public:
  strategy_registry();

  /// Adds a strategy. Error `invalid_config`: null, an empty name, or a name that is taken.
  expected<void> add(std::shared_ptr<const strategy> x);

  /// Null when there is none of that name.
  const strategy* find(std::string_view name) const noexcept;

  /// Sorted.
  std::vector<std::string> names() const;

private:
  std::map<std::string, std::shared_ptr<const strategy>, std::less<>> strategies_;
};

/// The strategy of jobs that name none.
constexpr std::string_view default_strategy = "balanced";

/// Plans all jobs: each by its strategy, jobs of one strategy together, "balanced" last because it evens out what the
/// others left. A strategy that throws (`user_code_failed`), is unknown (`unknown_strategy`) or returns a plan that
/// breaks a rule (`invalid_plan`) does not stop the others: its items keep their previous owners where that is legal,
/// the rest is unassigned with reason `strategy`, and `plan::failures` says so. Does not throw.
expected<plan> make_plan(const assignment_problem& problem, const strategy_registry& registry,
                         const plan_options& options = {});

/// Checks the hard rules on `owner`: one entry per item, known and eligible workers, pins, nothing new on draining or
/// cordoned workers, separation, one_worker, max_per_worker, max_items, capacities. Rules that the previous state
/// breaks are no error for items that stay where they are if nothing was added there. Error `invalid_plan` names the
/// rule, the job, the item and the worker.
expected<void> check_plan(const assignment_problem& problem, const std::vector<worker_index>& owner);

} // namespace djm
