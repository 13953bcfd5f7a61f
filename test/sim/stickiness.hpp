#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "simulation/tree_image.hpp"

namespace djm::sim {

/// Clocks run up to 2 % apart; what one measures as D, the world may see as a little less.
constexpr int clock_slack_percent = 4;

/// How old the cluster may be that a plan was made from: reads, user code in the way, transactions.
constexpr auto age_of_plans = std::chrono::seconds{8};

/// I4, from the committed history: why did an item leave its owner?
///
/// - Its pool, or a switch, does not want it any more.
/// - The owner has left, or has been gone for its D, or cannot or may not run the job any more, or has ended twice in a
///   row without leaving.
/// - Balance: from an owner that can run it to another one. With the strategies that know where items are
///   (`balanced`, `evenly_spread`) such a move is one of the fewest that lead to balance: no worker gives items of a
///   job away and takes others of it in the same transaction.
/// - No more of them than the strategy of the job states (stickiness_bound.cpp).
///
/// Whoever plans looks at a cluster of a moment ago; what has just changed is no reason to complain.
///
/// The bounds. A plan is seen when its transaction is: one that is not full, after one that was not full, is a whole
/// plan, made from the assignments as they were before it, which its check of the version guarantees. What else the
/// plan has seen shows in what it has made: an item that it knew has an owner afterwards, and who shares in a job holds
/// items of it. Of workers of whom that is not certain (they have just come or gone, and the plan touches none of their
/// items) every reading is tried, and the plan must break the bound in all of them. Then
///
/// - `balanced`: over all such jobs no more moves than the fewest that lead to its balance of jobs and totals;
/// - `evenly_spread`: of each job no more than the fewest that lead to balance of that job;
/// - `rendezvous`: an item goes to nobody but the heaviest of the workers that have been there for a while;
/// - `evenly_rendezvous` and `bounded_hash` ignore where items are and state no bound; they, as all built-in
///   strategies, move nothing while nothing changes;
/// - strategies of users state nothing.
///
/// Not judged: plans in several transactions (their parts mix with what others have begun), plans beside a cordoned or
/// draining worker or one that keeps crashing, workers and jobs with weights, room or further rules, jobs with fewer
/// items than workers. The planner's own tests compare these with searches.
class stickiness {
public:
  using complaint = std::function<void(std::string)>;

  /// A change of a committed transaction, before the image has it.
  void sees(const store::node_change& change, const tree_event& e, const tree_image& image, time_point now);
  /// From now on plans may come in smaller transactions than usual: none is known to be whole.
  void plans_are_cut() { cut_ = true; }
  /// The transaction is complete, and the image has it.
  /// Whether moves are judged at all; they are from the beginning.
  void judges(bool on) { judges_ = on; }
  void transaction_ends(const tree_image& image, time_point now, const complaint& complain);

  struct counts {
    /// Plans that moved something and were held against the bound; those that could not be.
    std::uint64_t bounded = 0, unbounded = 0;
  };
  const counts& counted() const { return counts_; }

private:
  struct registration {
    duration detach{};
    bool left = false;
    bool draining = false;
    bool marked = false;
    std::string incarnation;
    /// Lives in a row that ended without a leave: from the second on leaders may give it nothing.
    unsigned ends = 0;
    /// Without weight, room or zone of its own.
    bool plain = true;
    /// When it was last alive, not draining and not left after having been otherwise.
    time_point fit_since{};
    /// Until when a plan had reason to take everything from it: it drained, had left, or had been gone for its D.
    time_point unfit_until{};
  };

  struct rules {
    std::string strategy;
    bool plain = true;
    bool sized = false; ///< items take room, so they may lose their place to others
  };
  struct shown_plan;

  void sees_mark(const node_id& worker, std::string_view data, time_point now);
  void check_bound(const tree_image& image, time_point now, const complaint& complain);
  std::string beyond_bound(const shown_plan& plan, const std::set<node_id>& workers, const tree_image& image,
                           time_point now) const;
  bool settled(const node_id& worker, const tree_image& image, time_point now) const;
  bool shares(const node_id& worker, const job_id& job, const tree_image& image, time_point now) const;
  bool unwanted(const std::string& key, const job_id& job, const tree_image& image, time_point now) const;
  /// Whether the worker's D is over, for a clock that runs fast.
  bool long_gone(const node_id& worker, time_point now) const;
  template <class Name>
  static bool recent(const std::map<Name, time_point>& when, const Name& name, time_point now) {
    const auto i = when.find(name);
    return i != when.end() && now < i->second + age_of_plans;
  }

  std::map<node_id, registration> workers_;
  std::map<node_id, time_point> gone_;
  std::map<job_id, rules> rules_;
  /// When a rule, or what is not plain of a worker, was another.
  time_point rules_changed_{};
  /// When anything changed that plans are made from.
  time_point input_changed_{};
  std::size_t changes_ = 0;
  bool judges_ = true;
  bool was_full_ = false;
  bool cut_ = false;
  counts counts_;
  /// When an item, a job or an offer ("worker/job") came (back).
  std::map<std::string, time_point> item_came_;
  std::map<job_id, time_point> job_came_;
  std::map<std::string, time_point> offer_came_;
  /// Until when a plan may have known that a worker refuses an item ("worker job/item"), or any of a job.
  std::map<std::string, time_point> refused_;
  std::map<job_id, time_point> refused_of_;
  void sees_refusal(const store::node_change& change, const tree_image& image, const std::string& name, time_point now);
  time_point all_enabled_{};
  bool all_disabled_ = false;
  /// Of the transaction under way: items and who gives or takes them.
  std::map<std::string, node_id> from_;
  std::map<std::string, node_id> to_;
};

} // namespace djm::sim
