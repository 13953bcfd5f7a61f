#include "calendar/zone_data.hpp"

#include <algorithm>

namespace djm::impl {

void append_change(zone_data& zone, zone_change change) {
  const auto [at, offset] = change;
  if (at > last_second + day_seconds) {
    return;
  }
  if (zone.periods.empty() || at <= always_before) {
    // What was before the first year cannot be asked for.
    zone.periods.assign(1, {always_before, offset, always_before});
    return;
  }
  if (zone.periods.back().begin == at) {
    if (zone.periods.size() == 1) {
      zone.periods.back().offset = offset;
      return;
    }
    zone.periods.pop_back();
  }
  const auto& last = zone.periods.back();
  if (last.offset != offset) {
    zone.periods.push_back({at, offset, std::max(last.shown_until, at + last.offset)});
  }
}

bounded_period period_at(const zone_data& zone, seconds_t utc) noexcept {
  const auto& periods = zone.periods;
  // Times behind the second cycle are looked up in it.
  seconds_t shift = 0;
  if (utc >= zone.repeats_from + cycle_seconds) {
    shift = (utc - zone.repeats_from) / cycle_seconds * cycle_seconds;
  }
  const auto next = std::upper_bound(periods.begin() + 1, periods.end(), utc - shift,
                                     [](seconds_t t, const zone_period& p) { return t < p.begin; });
  bounded_period result{*(next - 1), always_after};
  result.begin += shift;
  result.shown_until += shift;
  if (next != periods.end()) {
    result.end = next->begin + shift;
  }
  return result;
}

} // namespace djm::impl
