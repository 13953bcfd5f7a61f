#include "djm/plan.hpp"

namespace djm {

namespace {

struct row {
  const char* name;
  const char* text;
};

// In the order of the enumeration.
constexpr row rows[] = {
  {"none", "nothing speaks against it"},
  {"no_workers", "there is no worker"},
  {"not_offered", "no worker offers the job"},
  {"missing_label", "no worker that offers the job carries all the labels it requires"},
  {"pinned_elsewhere", "the item is pinned to another worker"},
  {"pinned_worker_missing", "the worker the item is pinned to is not there"},
  {"draining", "every worker that could take it is draining"},
  {"cordoned", "every worker that could take it is cordoned"},
  {"separated", "every worker that could take it holds items of a job it must be separate from"},
  {"one_worker", "the job must be on one worker, and that one cannot take it"},
  {"max_per_worker", "every worker that could take it holds as many items of the job as one worker may"},
  {"max_items", "every worker that could take it holds as many items as it can"},
  {"capacity", "no worker that could take it has enough resources left"},
  {"placement", "items of higher priority or the rest of its job need the room"},
  {"colocation", "it would not sit beside the job it is colocated with"},
  {"zone_spread", "the job would be spread worse over zones"},
  {"job_balance", "the job would be spread worse over its workers"},
  {"global_balance", "the totals of the workers would be spread worse"},
  {"fewest_moves", "more items would have to move"},
  {"tie", "as good, but the tie went another way"},
  {"move_budget", "the budget of moves of this round is used up"},
  {"strategy", "the job's strategy failed or left the item out"},
};

} // namespace

std::string to_string(plan_rule rule) {
  const auto n = static_cast<std::size_t>(rule);
  return n < std::size(rows) ? rows[n].name : "plan_rule(" + std::to_string(n) + ")";
}

std::string describe(plan_rule rule) {
  const auto n = static_cast<std::size_t>(rule);
  return n < std::size(rows) ? rows[n].text : to_string(rule);
}

} // namespace djm
