#pragma once

#include <optional>

#include "calendar/cron_set.hpp"
#include "calendar/zone_data.hpp"
#include "djm/dst.hpp"

namespace djm::impl {

/// When a cron expression is due in a zone. The clock shows every local time once, twice, or, in a gap, never; what
/// that means say the two rules.
struct cron_slots {
  const cron_set& set;
  const zone_data& zone;
  gap_rule gap;
  overlap_rule overlap;

  /// The first second of UTC after this one that is due.
  std::optional<seconds_t> next(seconds_t utc) const;
  /// The last one before it.
  std::optional<seconds_t> previous(seconds_t utc) const;

private:
  /// Whether a time that the clock jumps over at the start of the period is due there.
  bool due_after_gap(const zone_period& period) const;
  /// The first local second of the period that counts.
  seconds_t first_local(const bounded_period& period) const noexcept;
};

} // namespace djm::impl
