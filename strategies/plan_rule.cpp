#include "djm/plan_rule.hpp"

namespace djm {

namespace {

// In the order of the enumeration.
constexpr const char* texts[] = {
  "nothing speaks against it",
  "there is no worker",
  "no worker offers the job",
  "no worker that offers the job carries all the labels it requires",
  "the item is pinned to another worker",
  "the worker the item is pinned to is not there",
  "every worker that could take it is draining",
  "every worker that could take it is cordoned",
  "every worker that could take it holds items of a job it must be separate from",
  "the job must be on one worker, and that one cannot take it",
  "every worker that could take it holds as many items of the job as one worker may",
  "every worker that could take it holds as many items as it can",
  "no worker that could take it has enough resources left",
  "items of higher priority or the rest of its job need the room",
  "it would not sit beside the job it is colocated with",
  "the job would be spread worse over zones",
  "the job would be spread worse over its workers",
  "the totals of the workers would be spread worse",
  "more items would have to move",
  "as good, but the tie went another way",
  "the budget of moves of this round is used up",
  "the job's strategy failed or left the item out",
  "the worker has refused the item a while ago",
  "as many workers as may have items of the job have some, and none of these can take it",
};

static_assert(std::size(texts) == enum_names(plan_rule{}).names.size());

} // namespace

std::string describe(plan_rule rule) {
  return is_enumerator(rule) ? texts[static_cast<std::size_t>(rule)] : to_string(rule);
}

} // namespace djm
