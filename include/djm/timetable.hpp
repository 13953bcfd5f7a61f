#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/error.hpp"
#include "djm/time.hpp"
#include "djm/time_zone.hpp"

namespace djm {

namespace impl {
struct timetable_data;
} // namespace impl

/// A calendar together with the zones it names: says when the next slot is. Pure and immutable: the same question
/// always has the same answer. Cheap to copy; may be shared by threads.
class timetable {
public:
  /// Asks `zones` for every zone that the calendar names. The error of `calendar::check`, of the source, or
  /// `errc::invalid_schedule` when the exceptions of a part leave nothing of it.
  static expected<timetable> make(const calendar& c, const time_zone_source& zones);

  /// The first slot after `t`, never at `t`. Nothing when none comes; of expressions without years that is proved for
  /// the 400 years after which the calendar repeats. Slots lie in the years 0 to 9999. A part of which a million slots
  /// in a row are excepted ends there.
  std::optional<wall_time> next(wall_time t) const;

  /// The last slot before `t`, never at `t`. Nothing when there was none; a part ends as in `next`.
  std::optional<wall_time> previous(wall_time t) const;

  /// Up to `count` slots after `t`, in order.
  std::vector<wall_time> next(wall_time t, std::size_t count) const;

  /// The zone of the first part that has one, for showing slots to people; UTC otherwise.
  const time_zone& zone() const noexcept;

private:
  explicit timetable(std::shared_ptr<const impl::timetable_data> data) : data_(std::move(data)) {}

  std::shared_ptr<const impl::timetable_data> data_;
};

/// The shortest time between two slots of the calendar that follow each other, among the first 2,000 from 2026 on, as
/// if all its zones were UTC. Nothing: there are no two. The error of `timetable::make`.
expected<std::optional<duration>> closest_slots(const calendar& c);

/// What a slot is called: its instant in milliseconds since the Unix epoch, before any jitter. So the two 01:30 of a
/// night in which clocks go back are two slots.
constexpr std::int64_t slot_id(wall_time slot) {
  return slot.time_since_epoch().count();
}

} // namespace djm
