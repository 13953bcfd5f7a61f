#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/lock_watchdog.hpp"
#include "actors/manager/member_history.hpp"
#include "actors/manager/planning/plan_report.hpp"
#include "actors/manager/planning/user_strategies.hpp"
#include "actors/manager/planning/wait_book.hpp"
#include "actors/manager/slot_books.hpp"

namespace djm {

/// Who is to own what: makes a problem of the image, asks the planner, and keeps what it has answered until the next
/// plan. Whether it has been written is told by `written` and `withdrawn`.
class planning {
public:
  planning(manager_lifetime& life, leader_store& store, const cluster_knowledge& known, const lock_watchdog& watchdog,
           const member_history& history, plan_moment& moment);

  /// Time has passed: a plan is wanted when a tolerance or a probation is over.
  void look_at_time(time_point now);
  /// Time has passed: items that have waited for too long are told.
  void look_at_waits(time_point now, manager_effects& out);
  void start(step s, manager_effects& out);
  /// The planner is asked.
  bool under_way() const { return request_ != 0; }
  bool asks(std::uint64_t request) const { return request != 0 && request == request_; }
  /// The planner has answered. True: this plan is to be written.
  bool on_planned(const expected<plan_so_far>& result, step s, manager_effects& out);
  /// The plan is in the tree.
  void written(manager_effects& out);
  /// It will not be.
  void withdrawn() { books_.withdrawn(); }

  user_strategies& strategies() { return strategies_; }
  const user_strategies& strategies() const { return strategies_; }

  // -- the last plan, and what it was made from --

  const std::shared_ptr<const assignment_problem>& problem() const { return problem_; }
  const std::shared_ptr<const plan>& made() const { return plan_; }
  const plan_report& report() const { return report_; }
  const slot_books& books() const { return books_; }
  const wait_book& waits() const { return waits_; }
  /// Workers that were gone and keep what they have.
  const std::set<node_id>& kept_back() const { return frozen_; }
  /// Workers that were planned for as if they were draining.
  const std::set<node_id>& kept_free() const { return shunned_; }

private:
  void forget_flaps(time_point now, manager_effects& out);
  void tell_warnings(const std::vector<error>& warnings, manager_effects& out);
  void tell_wanted(manager_effects& out);
  void tell_waits(manager_effects& out);
  void tell_mismatches(manager_effects& out);

  const manager_config& cfg_;
  leader_store& store_;
  const cluster_knowledge& known_;
  const lock_watchdog& watchdog_;
  const member_history& history_;
  plan_moment& moment_;
  std::uint64_t& plans_;
  duration_histogram& plan_time_;
  plan_failures failures_;
  user_strategies strategies_;
  slot_books books_;
  wait_book waits_;

  std::uint64_t request_ = 0;                       ///< the question to the planner that is under way
  std::shared_ptr<const assignment_problem> asked_; ///< what is being planned: no answer to it is known yet
  time_point asked_at_{};
  std::set<node_id> frozen_;
  std::set<node_id> shunned_;

  std::shared_ptr<const assignment_problem> problem_; ///< what `plan_` answers
  std::shared_ptr<const plan> plan_;
  plan_report report_;
};

} // namespace djm
