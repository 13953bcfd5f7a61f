#include "actors/keeper/pools/disagreement.hpp"

#include <algorithm>

namespace djm {

namespace {

/// Those of `all` that are not in `without`, as people read them.
std::string only_in(const std::vector<item_id>& all, const std::vector<item_id>& without) {
  std::string text;
  std::size_t n = 0;
  for (const auto& item : all) {
    if (!std::binary_search(without.begin(), without.end(), item) && ++n <= 3) {
      text += (n > 1 ? ", " : "") + item;
    }
  }
  return n > 3 ? text + " and " + std::to_string(n - 3) + " more" : text;
}

} // namespace

std::string describe_disagreement(const node_id& node, const job_offer& o, const std::string& schedule,
                                  const std::vector<item_id>& theirs) {
  const auto ours = only_in(*o.pool(), theirs);
  const auto others = only_in(theirs, *o.pool());
  auto text =
    ": nodes disagree: what \"" + o.wish.writer() + "\" wants is later than the wish of \"" + node + "\" and stands";
  text += ours.empty() ? "" : "; only here: " + ours;
  text += others.empty() ? "" : "; only there: " + others;
  const auto here = describe_schedule(o.spec().schedule);
  const bool scheduled = schedule.empty() || schedule == here;
  text += scheduled ? "" : "; schedule here: " + here + ", there: " + schedule;
  text += ours.empty() && others.empty() && scheduled ? "; the attributes differ" : "";
  return text;
}

} // namespace djm
