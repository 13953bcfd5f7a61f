#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "calendar/seconds.hpp"

namespace djm::impl {

/// A time in which the offset of a zone stays the same.
struct zone_period {
  /// The first second, of UTC.
  seconds_t begin = always_before;
  /// Local time minus UTC.
  std::int32_t offset = 0;
  /// What the clock had passed before this period began, as the first local second that it had neither shown nor
  /// jumped over. Above the local time at the start: the clock shows a stretch again. Below it: it jumps over one.
  seconds_t shown_until = always_before;
};

/// The same with its end, which belongs to the next one.
struct bounded_period : zone_period {
  seconds_t end = always_after;

  seconds_t local_begin() const noexcept { return begin + offset; }
  seconds_t local_end() const noexcept { return end + offset; }
};

/// The periods of a zone, in order; the first one has no beginning. Rules without an end are written out for two
/// cycles of 400 years; from the second one on everything repeats.
struct zone_data {
  std::string name;
  std::vector<zone_period> periods;
  /// From here on the offset at `t` is that at `t + cycle`; `always_after` when the last period has no end.
  seconds_t repeats_from = always_after;
};

constexpr std::int32_t max_zone_offset = 26 * 3600;

/// A change of the offset, as it was read.
using zone_change = std::pair<seconds_t, std::int32_t>;

/// Appends a period; one with the offset of the last period is none. Changes come in order of time; of those at one
/// second the last one counts.
void append_change(zone_data& zone, zone_change change);

/// The period that the second lies in.
bounded_period period_at(const zone_data& zone, seconds_t utc) noexcept;

} // namespace djm::impl
