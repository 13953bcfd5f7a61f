#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/run_outcome.hpp"
#include "djm/time.hpp"

namespace djm {

/// How far a run has come, as it said itself (`job_context::beat`).
struct run_progress {
  /// Of `total`.
  std::uint64_t done = 0;
  /// 0: it is not known.
  std::uint64_t total = 0;
  /// What it is at.
  std::string text;
};
DJM_FIELDS(run_progress, done, total, text)

/// A run that is over.
struct past_run {
  /// The node that ran it.
  node_id node;
  /// Its job.
  job_id job;
  /// Unique within one life of the node.
  run_id run = 0;
  /// What it worked on; of a large share the first hundred.
  std::vector<work_item> items;
  /// How many those were in all.
  std::uint64_t item_count = 0;
  /// The slot it was for, in milliseconds since the Unix epoch; nothing where there is none.
  std::optional<std::int64_t> slot;
  /// When it was to start, the same way.
  std::optional<std::int64_t> due;
  /// Which attempt for its slot it was, from 1 on.
  std::uint32_t attempt = 1;
  /// When it was handed to the threads, in milliseconds since the Unix epoch, by the wall clock of the node.
  std::int64_t started_ms = 0;
  /// For a thread.
  duration waited = duration::zero();
  /// From the moment its code was called.
  duration took = duration::zero();
  /// How it ended.
  run_outcome outcome = run_outcome::finished;
  /// What it said, up to 4 KiB; empty when nothing failed.
  std::string error;
  /// Items that failed by name; of many the first hundred.
  std::vector<item_id> failed_items;
  /// How far it came, as it said itself.
  run_progress progress;
};
DJM_FIELDS(past_run, node, job, run, items, item_count, slot, due, attempt, started_ms, waited, took, outcome, error,
           failed_items, progress)

/// What a node remembers of its runs: the last ten of each item, and of those that failed the last thousand, in at most
/// eight MiB; what is older goes first.
struct run_history {
  /// The latest first.
  std::vector<past_run> runs;
  /// Runs that were remembered and had to go for others, since the node started.
  std::uint64_t forgotten = 0;
  /// Runs that sinks did not get because they were too slow, since the node started.
  std::uint64_t dropped = 0;
};
DJM_FIELDS(run_history, runs, forgotten, dropped)

/// Which runs this node remembers. Answered with a `run_history`.
struct get_history {
  /// Of this job; empty: of all.
  job_id job{};
  /// Of this item; empty: of all.
  item_id item{};
  /// With this end; nothing: with any.
  std::optional<run_outcome> outcome{};
  /// So many at most, the latest; from 1 to 10,000.
  std::uint32_t limit = 100;
};
DJM_FIELDS(get_history, job, item, outcome, limit)

/// Hears of each run that is over, one at a time, on a thread of its own. While it takes its time up to ten thousand
/// queue up; what comes beyond that is dropped and counted (`run_history::dropped`). What it throws is dropped.
using history_sink = std::function<void(const past_run&)>;

/// Lines of JSON in a file, a run each.
struct history_file {
  /// Where; empty = nowhere. The former file is `path` with ".1" behind it, the one before that ".2" and so on.
  std::string path;
  /// From this size on the next file begins. At least 4 KiB.
  std::uint64_t max_bytes = 16u << 20;
  /// How many former files are kept.
  std::uint32_t keep = 3;
};

} // namespace djm
