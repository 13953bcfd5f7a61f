#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "djm/ids.hpp"
#include "slot_journal.hpp"

namespace djm::test {

/// A job of `slots_node`: its slots are those instants that leave `phase_ms` when divided by the gap.
struct judged_job {
  std::int64_t phase_ms = 0;
  std::vector<item_id> items;
};

/// What is known of the slots of a cluster: what all its processes wrote, in whatever order.
struct slots_story {
  std::int64_t gap_ms = 0;
  std::map<job_id, judged_job> jobs;
  std::vector<slot_line> lines;
  /// Slots up to this one have to be accounted for: each item has been started for a later one.
  std::int64_t until_ms = 0;
};

/// What became of the slots, by item and slot, or by item, slot and attempt.
struct slots_verdict {
  /// What must not be, one line each: a start twice (S2), a turn that goes back, a slot or an attempt that nobody
  /// knows of (S4).
  std::vector<std::string> findings;
  std::uint64_t expected = 0;  ///< slots of items
  std::uint64_t started = 0;   ///< of these: with a start
  std::uint64_t stood_for = 0; ///< without one: a later run stands for it and says so
  std::uint64_t skipped = 0;   ///< without one: told, with a reason
  std::uint64_t cut_off = 0;   ///< without one: told as interrupted before its start, and then passed by
  std::uint64_t starts = 0;    ///< of item, slot and attempt
  std::uint64_t twice = 0;     ///< of these: more than one
  std::uint64_t later_attempts = 0;
  std::uint64_t before_start = 0; ///< interruptions: between the claim and the start
  std::uint64_t in_run = 0;       ///< between start and end
  std::uint64_t after_end = 0;    ///< between the end and its note
  std::uint64_t dropped = 0;      ///< claimed, and asked to stop before their code was called
  /// Told by nobody because the process that was to tell was killed in that moment: it had claimed what comes next, and
  /// never started that.
  std::uint64_t untold = 0;
  std::map<std::string, std::uint64_t> reasons; ///< of `skipped`
  std::vector<std::int64_t> delays;             ///< ms from the slot to the start of first attempts, sorted
};

/// Holds all that against what `slots::tracked` promises.
slots_verdict judge_slots(const slots_story& story);

/// The figures in two lines, without findings.
std::string to_string(const slots_verdict& v);

} // namespace djm::test
