#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/history.hpp"
#include "djm/inspect.hpp"
#include "tools/djm/invocation.hpp"

/// What lives in nodes alone, asked of each over HTTP.
namespace djm::tool {

exit_code runs_command(invocation& x);
exit_code history_command(invocation& x);

/// What is remembered of an item.
struct item_past {
  job_id job;
  item_id item;
  std::uint64_t runs = 0;                      ///< that are over
  std::uint64_t failed = 0;                    ///< of these: all that neither finished nor were asked to stop
  duration median = duration::zero();          ///< that a run took
  duration longest = duration::zero();         ///< the same
  std::int64_t last_ms = 0;                    ///< when the latest began
  run_outcome outcome = run_outcome::finished; ///< of the latest
  node_id node;                                ///< that the latest ran on
  std::string error;                           ///< the latest that there was
};
DJM_FIELDS(item_past, job, item, runs, failed, median, longest, last_ms, outcome, node, error)

/// Sums up by job and item, in this order. Of a run for more items than are told by name those that are.
std::vector<item_past> sum_up(const std::vector<past_run>& latest_first);

} // namespace djm::tool
