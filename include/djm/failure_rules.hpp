#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "djm/fields.hpp"
#include "djm/time.hpp"

namespace djm {

/// How often and when a run that failed is tried again. The attempts belong to the slot (or the turn of a rate, or the
/// trigger) that began them: what comes due next takes their place.
///
///     djm::retry{}.attempts(5).first(10s).factor(2).max(10min)
struct retry {
  /// Runs for one slot, the first of them included; 1 = failures are not tried again. From 1 to 1000.
  std::uint32_t attempts_allowed = 1;
  /// From the end of the first attempt to the second. From 1 ms to `max_schedule_duration`.
  any_duration first_delay = std::chrono::seconds{1};
  /// Each further delay is the one before times this many thousandths. From 1000 to 100,000.
  std::int64_t factor_milli = 2000;
  /// No delay is longer. From 1 ms to `max_schedule_duration`, and not below the first one.
  any_duration max_delay = std::chrono::minutes{10};
  /// So many thousandths of a delay are taken off at most, by a hash of job, item, slot and attempt, so that what
  /// failed together does not come back together. From 0 to 1000.
  std::int64_t jitter_milli = 100;

  /// The same with so many runs for one slot.
  retry attempts(std::uint32_t n) const;
  /// The same with this first delay.
  retry first(any_duration d) const;
  /// The same with delays that grow by this factor.
  retry factor(double f) const;
  /// The same with this longest delay.
  retry max(any_duration d) const;
  /// The same with up to this share of each delay taken off, from 0 to 1.
  retry jitter(double share) const;
};

/// The field list of `retry`, by the names of its functions.
template <class V>
auto fields(V&& v, retry& x) {
  return v("retry", field("attempts", x.attempts_allowed), field("first", x.first_delay),
           field("factor_milli", x.factor_milli), field("max", x.max_delay), field("jitter_milli", x.jitter_milli));
}

/// Whether they agree in every member.
inline bool operator==(const retry& a, const retry& b) {
  return equal_fields(a, b);
}

/// How long after the end of an attempt that failed the next one starts: min(max, first * factor^(failed-1)), less the
/// share that the hash of all the others takes off. The same on every node and after every restart; whole milliseconds,
/// rounded down at each step. `item`: empty for the run of a whole share. `slot`: its id, 0 where there is none.
/// `failed`: how many attempts have failed, at least 1.
std::chrono::milliseconds retry_delay(const retry& r, std::string_view job, std::string_view item, std::int64_t slot,
                                      std::uint32_t failed);

/// What becomes of runs that fail. A run that was asked to stop (its items go elsewhere, the lease ends, it is
/// cancelled) has not failed, whatever it says.
struct failure_rules {
  /// Whether and when runs are tried again.
  djm::retry retry;
  /// So long a run may take from the moment its code is called: then it is asked to stop (`stop_reason::timed_out`) and
  /// has failed, whatever it returns; beyond its stop grace it is an overrun. No thread is killed: the item stays busy.
  /// Zero = no limit. At most `max_schedule_duration`.
  any_duration run_timeout = duration::zero();
  /// The same for a run that has not called `job_context::beat` for so long. Zero = it need not.
  any_duration beat_timeout = duration::zero();
  /// An item of which so many slots in a row have failed, with all their attempts, is parked: it stays with this node
  /// and does not run before `release_item`. In the run of a share of several items those count that are named
  /// (`job_context::fail_item`). Forgotten when the item goes to another node. 0 = never.
  std::uint32_t park_item_after = 0;
  /// When so many slots of the job in a row have failed on this node, whichever items they were of, it starts nothing
  /// more there before `resume_here`. 0 = never.
  std::uint32_t pause_job_after = 0;
  /// An item of which so many slots in a row have failed on this node is refused, as `job_context::decline` does it:
  /// another node gets it, if one can have it. 0 = never.
  std::uint32_t decline_item_after = 0;
  /// How long what this node has refused stays away from it. From 1 s to 7 days.
  any_duration refused_for = std::chrono::minutes{5};
};
DJM_FIELDS(failure_rules, retry, run_timeout, beat_timeout, park_item_after, pause_job_after, decline_item_after,
           refused_for)

/// Whether they agree in every member.
inline bool operator==(const failure_rules& a, const failure_rules& b) {
  return equal_fields(a, b);
}

} // namespace djm
