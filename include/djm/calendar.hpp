#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "djm/dst.hpp"
#include "djm/error.hpp"
#include "djm/time.hpp"

namespace djm {

namespace impl {
struct calendar_data;
} // namespace impl

/// When something is due: a cron expression, a grid, an instant, or several of these, less exceptions. A description
/// that names zones and knows nothing of them; a `timetable` is a calendar together with its zones.
///
///     auto c = djm::cron("30 2 * * MON-FRI").zone("Europe/Berlin").except(djm::cron("* * 24-26 12 *"));
///
/// A value: every function returns another one. What was refused on the way is kept, and `check` tells the first of it,
/// so that a chain of calls needs one check at its end.
class calendar {
public:
  /// Parts of a union and their exceptions together, at most.
  static constexpr std::size_t max_parts = 256;

  /// No part at all; `check` refuses it.
  calendar();

  /// The zone of every cron expression here that has none yet, neither from `CRON_TZ=` nor from a former call. Without
  /// one an expression is in UTC, wherever it is evaluated. Only the form of the name is looked at.
  calendar zone(std::string_view name) const;

  /// What becomes of changed clocks, for every cron expression that has no rule yet. Without one: `dst_rule::cron`.
  calendar dst(dst_choice choice) const;

  /// Both calendars: an instant that stands in either of them, once if it stands in both.
  calendar operator|(const calendar& other) const;

  /// Without what `other` covers; `other` has no exceptions of its own. A cron expression covers what the clock shows
  /// in its zone: a whole second, or a whole minute when it has no field of seconds, so that "* * 24-26 12 *" covers
  /// three days; a rule for changed clocks means nothing to it. A grid and an instant cover exactly what they name. An
  /// expression without a zone is in the zone of the expression that it is taken from.
  calendar except(const calendar& other) const;

  /// `errc::invalid_schedule`: the first thing that was refused, with the expression, the field, the value, the rule
  /// and a hint.
  expected<void> check() const;

  /// Whether both say the same. Names and numbers (`MON` and `1`) are the same, another order of parts is not.
  friend bool operator==(const calendar& a, const calendar& b);
  /// Whether they do not.
  friend bool operator!=(const calendar& a, const calendar& b) { return !(a == b); }

  /// For the parts of djm.
  const impl::calendar_data& data() const noexcept { return *data_; }
  /// For the parts of djm.
  explicit calendar(std::shared_ptr<const impl::calendar_data> data) : data_(std::move(data)) {}

private:
  std::shared_ptr<const impl::calendar_data> data_;
};

/// A cron expression: minute, hour, day of month, month, day of week; six fields have seconds first, seven also the
/// year (1970 to 2099) last. `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly` stand
/// for what they say. `CRON_TZ=Europe/Berlin` and a blank in front is the zone.
///
/// A field is a list of `a`, `a-b`, `a-b/n`, `a/n` (from a to the end) and `*/n`, or `*`. Months and days of the week
/// have names of three letters; 0 and 7 are Sunday. Days of the month also: `L` the last, `L-3` three before it, `15W`
/// the nearest Monday to Friday within the month, `LW`, `L-3W`. Days of the week also: `5L` or `5#L` the last Friday,
/// `FRI#2` the second. When both day fields are restricted either of them is enough; with `+` in front of the day of
/// the week both must agree.
///
/// Refused, with a hint: ranges that go backward, steps of 0 or wider than the field, a step on `*` in one day field
/// beside a restricted other one, dates that no year has, and whatever else is not said here.
calendar cron(std::string_view expression);

/// Every `interval` since 1970-01-01T00:00:00Z, moved by `phase`. The interval is from 1 s to 366 days in whole
/// milliseconds, the phase from zero to below the interval.
calendar aligned(any_duration interval, any_duration phase = duration::zero());

/// One instant.
calendar once(wall_time instant);

/// The calendar as a text that `parse_calendar` reads: parts with ` or ` between them, each followed by its exceptions:
/// `cron "30 2 * * MON-FRI" zone Europe/Berlin dst literal except cron "* * 24-26 12 *" or aligned 5min phase 30s or
/// once 2026-01-31T08:00:00.000Z`. Only a calendar that `check` lets pass has one; for any other it is empty.
std::string to_string(const calendar& c);

/// Reads what `to_string` writes. `errc::invalid_schedule` for anything else, and for what `check` would refuse.
expected<calendar> parse_calendar(std::string_view text);

} // namespace djm
