#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/schedule.hpp"
#include "djm/time.hpp"

/// What a node says of one job.
namespace djm {

struct runner_counters {
  std::uint64_t started = 0, finished = 0, failed = 0, overruns = 0, triggers = 0, pool_checks = 0, pool_failures = 0,
                cut_failures = 0, dropped = 0,
                /// Starts of a rate that were left out, because a run went on or nothing could start.
    skipped = 0,
                /// Times an item had to wait for too long, see `item_starved`.
    starved = 0;
};

/// One job on this node.
struct runner_status {
  job_id job;
  djm::schedule schedule;
  /// Items this node may run, with their tokens.
  std::vector<work_item> items;
  /// Revoked items a run still holds.
  std::vector<item_id> leaving;
  std::uint32_t lanes = 0;
  std::uint32_t active_runs = 0;
  /// Time to the next start; nothing when none is planned.
  std::optional<duration> next_start;
  /// False while the lease of this node is not in force: nothing starts.
  bool leased = false;
  /// What the latest run that failed said; empty again when its items have been in a run that did not.
  std::string last_failure;
  /// How long ago that was, and how many runs have failed since one of this job was fine.
  std::optional<duration> last_failure_ago;
  std::uint64_t failures_in_a_row = 0;
  /// Items that wait for a run for too long, see `item_starved`; sorted.
  std::vector<item_id> starved;
  /// Time until an item starves that waits for the end of a run that goes on without it; nothing when none does.
  std::optional<duration> starves_in;
  std::string pool_failure;
  runner_counters counters;
};

template <class V>
auto fields(V&& v, runner_counters& x) {
  return v("runner_counters", field("started", x.started), field("finished", x.finished), field("failed", x.failed),
           field("overruns", x.overruns), field("triggers", x.triggers), field("pool_checks", x.pool_checks),
           field("pool_failures", x.pool_failures), field("cut_failures", x.cut_failures), field("dropped", x.dropped),
           field("skipped", x.skipped), field("starved", x.starved));
}
template <class V>
auto fields(V&& v, runner_status& x) {
  return v("runner_status", field("job", x.job), field("schedule", x.schedule), field("items", x.items),
           field("leaving", x.leaving), field("lanes", x.lanes), field("active_runs", x.active_runs),
           field("next_start", x.next_start), field("leased", x.leased), field("last_failure", x.last_failure),
           field("last_failure_ago", x.last_failure_ago), field("failures_in_a_row", x.failures_in_a_row),
           field("starved", x.starved), field("starves_in", x.starves_in), field("pool_failure", x.pool_failure),
           field("counters", x.counters));
}

} // namespace djm
