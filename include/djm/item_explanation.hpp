#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/plan_rule.hpp"

namespace djm {

/// Why an item has no owner, keeps one that is gone, is not locked by its owner, or does not start.
enum class item_reason : std::uint8_t {
  /// There is nothing to say: it is where it should be.
  none,
  /// All jobs of the cluster are disabled; `enable_all` ends that.
  all_disabled,
  /// Its job is disabled; `enable_job` ends that.
  job_disabled,
  /// No worker that is alive offers its job: start a node that registers it.
  not_offered,
  /// No plan has placed it yet. The next one decides; if this lasts, ask the leader, or see its status.
  not_planned,
  /// The plan has found no worker that could take it; `item_explanation::rule` says what stands in the way.
  no_place,
  /// Its worker has left. The next plan decides.
  owner_left,
  /// Its worker is gone, and keeps its items as long as its tolerance (D) lasts: it may come back.
  owner_gone,
  /// Its worker has not locked it yet. If this lasts, see the problems of that node.
  not_locked,
  /// The store does not let the node that was asked read its lock.
  lock_unreadable,
  /// The data of its lock makes no sense, so it is not broken either. Somebody else has written it: delete the lock
  /// when you are sure that nothing runs with it.
  lock_malformed,
  /// Another worker still holds its lock, and gives it back when its run has come to its end.
  lock_of_other,
  /// Its lock is that of a former life of its worker: the leader breaks it when its tolerance is over.
  lock_of_former_life,
  /// Its worker has it, and its job is not prepared yet (`job::prepare`): no item of it starts before. If this lasts,
  /// see the problems of the nodes.
  preparing,
};

/// The names of the reasons, in their order.
constexpr auto enum_names(item_reason) {
  return name_enum("item_reason", "none", "all_disabled", "job_disabled", "not_offered", "not_planned", "no_place",
                   "owner_left", "owner_gone", "not_locked", "lock_unreadable", "lock_malformed", "lock_of_other",
                   "lock_of_former_life", "preparing");
}

/// One sentence for people.
std::string describe(item_reason reason);

/// Why an item is where it is: by the last plan of the leader, or by the plan that another node makes of the tree as it
/// reads it when it is asked.
struct item_explanation {
  /// Its job.
  job_id job;
  /// Its id.
  item_id item;
  /// Who owns it; empty: nobody.
  node_id owner;
  /// The same as `why`, in words and with the names that belong to it; empty when there is nothing to say.
  std::string reason;
  /// Every other worker with the first rule that speaks against it.
  std::map<node_id, plan_rule> others;
  /// Whether that was found by planning again with the item pinned to each worker, or judged with all else as it is.
  bool exact = true;
  /// Whether the node that answered leads.
  bool by_leader = false;
  /// Why it has no owner, keeps one that is gone, is not locked by its owner, or does not start.
  item_reason why = item_reason::none;
  /// With `item_reason::no_place`: what stands in the way.
  plan_rule rule = plan_rule::none;
  /// It has been without a place for longer than `job_attributes::wait_limit`, as far as the leader of this term has
  /// seen; only the leader knows.
  bool timed_out = false;
};
DJM_FIELDS(item_explanation, job, item, owner, reason, others, exact, by_leader, why, rule, timed_out)

} // namespace djm
