#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/history.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"

/// What GET /v1/runs answers, as who asks reads it.
namespace djm::http {

/// A run that goes on.
struct run_under_way {
  node_id node;
  job_id job;
  run_id run = 0;
  std::vector<item_id> items;
  std::optional<std::int64_t> slot; ///< that it is for, in milliseconds since the Unix epoch
  std::uint32_t attempt = 1;
  duration since = duration::zero(); ///< it was handed to the threads
  stop_reason stopping = stop_reason::none;
  run_progress progress;
};
DJM_FIELDS(run_under_way, node, job, run, items, slot, attempt, since, stopping, progress)

struct run_page {
  node_id node;                         ///< that answers
  std::vector<past_run> runs;           ///< that are over, the latest first
  std::uint64_t forgotten = 0;          ///< as in `run_history`
  std::uint64_t dropped = 0;            ///< as in `run_history`
  std::vector<run_under_way> under_way; ///< by job, the eldest first
  std::uint64_t under_way_left_out = 0; ///< of these jobs: the node tells a hundred of each, and who asks wants so many
  std::vector<std::string> unanswered;  ///< parts of the node that say nothing at the moment, whose runs are not known
};
DJM_FIELDS(run_page, node, runs, forgotten, dropped, under_way, under_way_left_out, unanswered)

} // namespace djm::http
