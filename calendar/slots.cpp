#include "calendar/slots.hpp"

#include <algorithm>

namespace djm::impl {

namespace {

/// Offsets differ by at most 52 h: what a clock shows again, it shows within that time. Beyond it, local times only
/// grow.
constexpr seconds_t longest_repeat = 3 * day_seconds;

/// The last second that has to be looked at: zones repeat from some second on, in cycles of 400 years, as dates and
/// days of the week do.
seconds_t end_of_search(const zone_data& zone, seconds_t utc) {
  const auto repeats = zone.repeats_from == always_after ? zone.periods.back().begin : zone.repeats_from;
  return std::max(utc, repeats) + cycle_seconds + longest_repeat;
}

} // namespace

bool cron_slots::due_after_gap(const zone_period& period) const {
  const auto local = period.begin + period.offset;
  if (gap != gap_rule::run_after || period.begin == always_before || period.shown_until >= local) {
    return false;
  }
  const auto time = next_in(set, period.shown_until);
  return time && *time < local;
}

seconds_t cron_slots::first_local(const bounded_period& period) const noexcept {
  return overlap == overlap_rule::first ? std::max(period.local_begin(), period.shown_until) : period.local_begin();
}

std::optional<seconds_t> cron_slots::next(seconds_t utc) const {
  const auto first = utc + 1;
  const auto end = end_of_search(zone, utc);
  auto period = period_at(zone, first);
  // The answer of the last search: no local second from `searched` on is due before `found`.
  auto searched = always_after;
  auto found = always_after;
  while (true) {
    if (period.begin >= first && due_after_gap(period)) {
      return period.begin;
    }
    const auto from = std::max(first_local(period), first + period.offset);
    if (from < searched || from > found) {
      searched = from;
      found = next_in(set, from).value_or(always_after);
    }
    if (found != always_after && found < period.local_end()) {
      return found - period.offset;
    }
    if (period.end > end || (found == always_after && period.end > first + longest_repeat)) {
      return std::nullopt;
    }
    period = period_at(zone, period.end);
  }
}

std::optional<seconds_t> cron_slots::previous(seconds_t utc) const {
  const auto last = utc - 1;
  auto period = period_at(zone, last);
  auto searched = always_before;
  auto found = always_before;
  while (true) {
    const auto to = std::min(period.end - 1, last) + period.offset;
    if (to > searched || to < found) {
      searched = to;
      found = previous_in(set, to).value_or(always_before);
    }
    if (found != always_before && found >= first_local(period)) {
      return found - period.offset;
    }
    if (due_after_gap(period)) {
      return period.begin;
    }
    if (period.begin <= first_second || (found == always_before && period.begin < last - longest_repeat)) {
      return std::nullopt;
    }
    period = period_at(zone, period.begin - 1);
  }
}

} // namespace djm::impl
