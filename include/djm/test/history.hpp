#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/events.hpp"
#include "djm/fields.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"

/// What a test cluster remembers. All times are virtual and count from the start of the cluster.
namespace djm::test {

/// How a run came to its end.
enum class run_end : std::uint8_t {
  /// Not yet.
  running,
  /// Its code came back.
  returned,
  /// `failure` says what.
  threw,
  /// Its node was crashed: the code stands still where it was and never goes on.
  crashed,
};

/// The names of the ends, in their order.
constexpr auto enum_names(run_end) {
  return name_enum("run_end", "running", "returned", "threw", "crashed");
}

/// One call of `job::run`.
struct run_record {
  /// Where it ran.
  node_id node;
  /// Its job.
  job_id job;
  /// Unique within one life of the node.
  run_id run = 0;
  /// With their fencing tokens, sorted by id.
  std::vector<work_item> items;
  /// When its code was called.
  duration began = duration::zero();
  /// When it was over; nothing while it goes on.
  std::optional<duration> ended;
  /// How it came to its end.
  run_end how = run_end::running;
  /// What it threw, or which items failed.
  std::string failure;
  /// When and why it was first asked to stop.
  std::optional<duration> stop_asked;
  /// Why it was asked to stop.
  stop_reason reason = stop_reason::none;
};
DJM_FIELDS(run_record, node, job, run, items, began, ended, how, failure, stop_asked, reason)

/// Two runs that held one item at the same time.
struct overlap {
  /// The job.
  job_id job;
  /// The item.
  item_id item;
  /// The one that began first.
  run_record first;
  /// The one that began while the first was not over.
  run_record second;
  /// When the second began.
  duration from = duration::zero();
  /// Nothing while both are running.
  std::optional<duration> to;
};
DJM_FIELDS(overlap, job, item, first, second, from, to)

/// An event that a node told its subscribers.
struct seen_event {
  /// When it was told.
  duration at = duration::zero();
  /// The node that told it.
  node_id node;
  /// What happened.
  event what;
};
DJM_FIELDS(seen_event, at, node, what)

/// "run 4 of mail on n0 {europe, asia}: began at 3s, asked to stop at 10s (revoked), still running".
std::string to_string(const run_record& r);

/// "mail/europe ran twice from 12s to 15s: " and both runs.
std::string to_string(const overlap& o);

/// "12s n0 run_started(...)".
std::string to_string(const seen_event& e);

/// One line for each, for the message of a failed check: empty when there is none.
std::string to_string(const std::vector<overlap>& all);

} // namespace djm::test
