#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/duration_histogram.hpp"
#include "djm/fields.hpp"
#include "djm/history.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/schedule.hpp"
#include "djm/time.hpp"

namespace djm {

/// What a node has done for a job, counted from its registration.
struct runner_counters {
  /// Runs that were started.
  std::uint64_t started = 0;
  /// Runs that came to their end without a failure.
  std::uint64_t finished = 0;
  /// Runs that failed, as a whole or for an item.
  std::uint64_t failed = 0;
  /// Runs that ignored their stop request for longer than their grace.
  std::uint64_t overruns = 0;
  /// Calls of `trigger_here` that were taken.
  std::uint64_t triggers = 0;
  /// How often the pool function was called.
  std::uint64_t pool_checks = 0;
  /// How often it failed, hung, or named items that break a rule.
  std::uint64_t pool_failures = 0;
  /// How often the function that cuts the share failed or hung.
  std::uint64_t cut_failures = 0;
  /// Runs that were asked to stop while they waited for a thread: their code was not called.
  std::uint64_t dropped = 0;
  /// Starts of a rate and slots of a calendar that were left out, because a run went on or nothing could start.
  std::uint64_t skipped = 0;
  /// Times an item had to wait for too long, see `item_starved`.
  std::uint64_t starved = 0;
  /// Attempts after the first.
  std::uint64_t retried = 0;
  /// Runs that took longer than `run_timeout`, or were silent for longer than `beat_timeout`.
  std::uint64_t timed_out = 0;
  /// Runs that were cancelled.
  std::uint64_t cancelled = 0;
  /// Runs that asked to be called again later.
  std::uint64_t postponed = 0;
};
DJM_FIELDS(runner_counters, started, finished, failed, overruns, triggers, pool_checks, pool_failures, cut_failures,
           dropped, skipped, starved, retried, timed_out, cancelled, postponed)

/// An item that does not run before `release_item`.
struct parked_item {
  /// The item.
  item_id item;
  /// How many of its slots in a row have failed.
  std::uint32_t failures = 0;
  /// What the latest of its runs said.
  std::string what;
  /// How long ago it was parked.
  duration ago = duration::zero();
};
DJM_FIELDS(parked_item, item, failures, what, ago)

/// A run that goes on.
struct active_run_status {
  /// Its number, as `cancel_run` takes it.
  run_id run = 0;
  /// How many items it has.
  std::uint64_t items = 0;
  /// The slot it is for, in milliseconds since the Unix epoch; nothing where there is none.
  std::optional<std::int64_t> slot;
  /// Which attempt for its slot it is.
  std::uint32_t attempt = 1;
  /// Since it was handed to the threads.
  duration since = duration::zero();
  /// Why it has been asked to stop; `none` as long as it has not.
  stop_reason stopping = stop_reason::none;
  /// How far it has come, as it says itself.
  run_progress progress;
  /// The items that it holds, sorted; those that were revoked and that it has not released are among them. With all
  /// runs of a job that is at most what `runner_status::items` and `runner_status::leaving` name.
  std::vector<item_id> holding;
};
DJM_FIELDS(active_run_status, run, items, slot, attempt, since, stopping, progress, holding)

/// How long what a node has done for a job took, counted from its registration.
struct runner_times {
  /// Runs, from their first line of code to their end; those whose code was called.
  duration_histogram run_time;
  /// How late they began: from when they were due, waiting for a thread included. A run that was triggered is due when
  /// it is decided that it starts.
  duration_histogram start_delay;
  /// How long ago a run came to its end without a failure; nothing before the first.
  std::optional<duration> last_success_ago;
};
DJM_FIELDS(runner_times, run_time, start_delay, last_success_ago)

/// One job on this node.
struct runner_status {
  /// Its id.
  job_id job;
  /// When its runs start, as this node follows it.
  djm::schedule schedule;
  /// Items this node may run, with their tokens.
  std::vector<work_item> items;
  /// Revoked items a run still holds.
  std::vector<item_id> leaving;
  /// Into how many runs the share is cut at present.
  std::uint32_t lanes = 0;
  /// Runs that go on now.
  std::uint32_t active_runs = 0;
  /// Time to the next start; nothing when none is planned.
  std::optional<duration> next_start;
  /// False while the lease of this node is not in force: nothing starts.
  bool leased = false;
  /// Nothing starts because operators have paused the job, or because its code refuses the configuration it is given.
  bool held = false;
  /// `rev` of the job's record that this node follows; 0: it has not seen one yet.
  std::int64_t rev = 0;
  /// What the latest run that failed said; empty again when its items have been in a run that did not.
  std::string last_failure;
  /// How long ago that was.
  std::optional<duration> last_failure_ago;
  /// How many runs have failed since one of this job was fine.
  std::uint64_t failures_in_a_row = 0;
  /// Items that wait for a run for too long, see `item_starved`; sorted.
  std::vector<item_id> starved;
  /// Time until an item starves that waits for the end of a run that goes on without it; nothing when none does.
  std::optional<duration> starves_in;
  /// What the pool function did wrong the last time it was asked; empty when it answered well.
  std::string pool_failure;
  /// What the node has done for the job so far.
  runner_counters counters;
  /// The slot that comes next, in milliseconds since the Unix epoch; nothing without a calendar.
  std::optional<std::int64_t> next_slot{};
  /// Items that failed too often, sorted.
  std::vector<parked_item> parked{};
  /// Too many slots in a row have failed: nothing starts on this node before `resume_here`.
  bool paused = false;
  /// Runs that go on, the eldest first; of many the first hundred.
  std::vector<active_run_status> runs{};
  /// How long what was done took.
  runner_times times{};
  /// Nothing starts because the job has to be prepared first (`job::prepare`), here or elsewhere.
  bool preparing = false;
};
DJM_FIELDS(runner_status, job, schedule, items, leaving, lanes, active_runs, next_start, leased, held, rev,
           last_failure, last_failure_ago, failures_in_a_row, starved, starves_in, pool_failure, counters, next_slot,
           parked, paused, runs, times, preparing)

} // namespace djm
