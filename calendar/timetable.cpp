#include "djm/timetable.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "calendar/calendar_data.hpp"
#include "calendar/slots.hpp"
#include "model/text.hpp"

namespace djm {

namespace impl {

/// A source with its zone.
struct zoned_source {
  slot_source source;
  time_zone zone;
};

/// Exceptions that clocks of one zone show, united.
struct clock_exceptions {
  time_zone zone;
  std::vector<cron_set> sets;
};

struct timetable_part {
  zoned_source source;
  std::vector<clock_exceptions> clocks;
  /// Grids and instants.
  std::vector<slot_source> exact;
};

struct timetable_data {
  std::vector<timetable_part> parts;
};

} // namespace impl

namespace {

using namespace impl;
using std::chrono::milliseconds;

/// So many slots in a row may be excepted before a part counts as ended: about a tenth of a second of work.
constexpr int most_excepted = 1'000'000;

enum class way { forward, backward };

cron_slots slots_of(const cron_source& c, const time_zone& zone) {
  const auto dst = c.dst.value_or(dst_choice{});
  return {c.set, zone.data(), dst.gap(c.set.interval_like), dst.overlap(c.set.interval_like)};
}

std::optional<wall_time> to_instant(std::optional<seconds_t> s) {
  return s ? std::optional{to_wall_time(*s)} : std::nullopt;
}

/// The slot of a source next to an instant, exceptions not asked.
struct neighbour {
  wall_time t;
  way to;
  const time_zone& zone;

  std::optional<wall_time> operator()(const cron_source& c) const {
    const auto slots = slots_of(c, zone);
    return to_instant(to == way::forward ? slots.next(floor_seconds(t)) : slots.previous(ceil_seconds(t)));
  }

  std::optional<wall_time> operator()(const grid_source& g) const {
    const auto ms = t.time_since_epoch().count() - g.phase;
    const auto step = to == way::forward ? floor_div(ms, g.interval) + 1 : floor_div(ms - 1, g.interval);
    const auto slot = wall_time{milliseconds{step * g.interval + g.phase}};
    if (slot < to_wall_time(first_second) || slot >= to_wall_time(last_second + 1)) {
      return std::nullopt;
    }
    return slot;
  }

  std::optional<wall_time> operator()(const instant_source& i) const {
    const auto ahead = to == way::forward ? i.at > t : i.at < t;
    return ahead ? std::optional{i.at} : std::nullopt;
  }
};

/// Whether a grid or an instant names the slot.
struct names_slot {
  wall_time slot;

  bool operator()(const cron_source&) const { return false; }
  bool operator()(const grid_source& g) const {
    return floor_div(slot_id(slot) - g.phase, g.interval) * g.interval + g.phase == slot_id(slot);
  }
  bool operator()(const instant_source& i) const { return i.at == slot; }
};

/// Where to go on behind what the clocks of a zone cover; nothing when they do not cover the slot.
std::optional<wall_time> behind(const clock_exceptions& clock, wall_time slot, way to) {
  const auto utc = floor_seconds(slot);
  const auto period = period_at(clock.zone.data(), utc);
  const auto covered = covered_around(clock.sets, utc + period.offset);
  if (!covered) {
    return std::nullopt;
  }
  if (to == way::forward) {
    return to_wall_time(std::min(covered->end - period.offset, period.end)) - milliseconds{1};
  }
  return to_wall_time(std::max(covered->begin - period.offset, period.begin));
}

/// Where to go on when the slot is excepted.
std::optional<wall_time> excepted(const timetable_part& part, wall_time slot, way to) {
  for (const auto& clock : part.clocks) {
    if (const auto on = behind(clock, slot, to)) {
      return on;
    }
  }
  const auto named = [&](const slot_source& source) { return std::visit(names_slot{slot}, source); };
  return std::any_of(part.exact.begin(), part.exact.end(), named) ? std::optional{slot} : std::nullopt;
}

bool has_exceptions(const timetable_part& part) noexcept {
  return !part.clocks.empty() || !part.exact.empty();
}

/// Behind this instant nothing comes that did not come before, for zones and dates repeat.
wall_time end_of(const timetable_part& part, wall_time t) {
  auto end = floor_seconds(t);
  const auto look_at = [&](const time_zone& zone) {
    const auto& data = zone.data();
    end = std::max(end, data.repeats_from == always_after ? data.periods.back().begin : data.repeats_from);
  };
  look_at(part.source.zone);
  for (const auto& clock : part.clocks) {
    look_at(clock.zone);
  }
  return to_wall_time(end + cycle_seconds);
}

std::optional<wall_time> slot_of(const timetable_part& part, wall_time t, way to) {
  const auto end = has_exceptions(part) ? end_of(part, t) : wall_time::max();
  for (int i = 0; i < most_excepted; ++i) {
    const auto slot = std::visit(neighbour{t, to, part.source.zone}, part.source.source);
    if (!slot || *slot > end) {
      return std::nullopt;
    }
    const auto on = excepted(part, *slot, to);
    if (!on) {
      return slot;
    }
    t = *on;
  }
  return std::nullopt;
}

/// So that no sum overflows; slots lie within these years.
wall_time cut_time(wall_time t) {
  return std::clamp(t, to_wall_time(cut(first_second - cycle_seconds)), to_wall_time(cut(last_second + cycle_seconds)));
}

/// Zones by name, each asked for once.
class zone_book {
public:
  explicit zone_book(const time_zone_source& source) : source_(source) {}

  expected<time_zone> find(const std::string& name) {
    if (name == "UTC") {
      return time_zone{};
    }
    const auto known = zones_.find(name);
    if (known != zones_.end()) {
      return known->second;
    }
    auto zone = source_ ? source_(name) : expected<time_zone>{fail(errc::invalid_schedule, "no source of time zones")};
    if (zone) {
      zones_.emplace(name, *zone);
    }
    return zone;
  }

private:
  const time_zone_source& source_;
  std::map<std::string, time_zone> zones_;
};

/// Adds an exception to those of its zone.
expected<void> add_exception(timetable_part& part, const slot_source& exception, const std::string& fallback,
                             zone_book& zones) {
  const auto* c = std::get_if<cron_source>(&exception);
  if (c == nullptr) {
    part.exact.push_back(exception);
    return {};
  }
  auto zone = zones.find(c->zone.value_or(fallback));
  if (!zone) {
    return tl::make_unexpected(std::move(zone.error()));
  }
  auto clock = std::find_if(part.clocks.begin(), part.clocks.end(),
                            [&](const auto& x) { return &x.zone.data() == &zone->data(); });
  if (clock == part.clocks.end()) {
    clock = part.clocks.insert(clock, {*std::move(zone), {}});
  }
  clock->sets.push_back(c->set);
  return {};
}

expected<timetable_part> in_zones(const calendar_part& part, zone_book& zones) {
  const auto name = zone_of(part);
  auto zone = zones.find(name);
  if (!zone) {
    return tl::make_unexpected(std::move(zone.error()));
  }
  timetable_part result{{part.source, *std::move(zone)}, {}, {}};
  for (const auto& exception : part.exceptions) {
    if (auto ok = add_exception(result, exception, name, zones); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
  }
  return result;
}

/// Whether exceptions leave anything of a part that would otherwise have slots. Years in expressions begin with 1970,
/// wherever on earth that begins first.
bool leaves_something(const timetable_part& part) {
  if (!has_exceptions(part)) {
    return true;
  }
  const auto* single = std::get_if<instant_source>(&part.source.source);
  const auto before = single != nullptr ? single->at - milliseconds{1} : wall_time{} - std::chrono::hours{48};
  return slot_of(part, before, way::forward) ||
         !std::visit(neighbour{before, way::forward, part.source.zone}, part.source.source);
}

std::optional<wall_time> slot_of(const timetable_data& data, wall_time t, way to) {
  std::optional<wall_time> result;
  for (const auto& part : data.parts) {
    const auto slot = slot_of(part, cut_time(t), to);
    if (slot && (!result || (to == way::forward ? *slot < *result : *slot > *result))) {
      result = slot;
    }
  }
  return result;
}

} // namespace

expected<timetable> timetable::make(const calendar& c, const time_zone_source& zones) {
  if (auto ok = c.check(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  zone_book book{zones};
  auto data = std::make_shared<timetable_data>();
  for (const auto& part : c.data().parts) {
    auto zoned = in_zones(part, book);
    if (!zoned) {
      return tl::make_unexpected(std::move(zoned.error()));
    }
    if (!leaves_something(*zoned)) {
      return fail(errc::invalid_schedule, fmt::format("the exceptions of part {} of a calendar leave nothing of it: {}",
                                                      data->parts.size() + 1, quote(to_string(c), 400)));
    }
    data->parts.push_back(*std::move(zoned));
  }
  return timetable{std::move(data)};
}

std::optional<wall_time> timetable::next(wall_time t) const {
  return slot_of(*data_, t, way::forward);
}

std::optional<wall_time> timetable::previous(wall_time t) const {
  return slot_of(*data_, t, way::backward);
}

std::vector<wall_time> timetable::next(wall_time t, std::size_t count) const {
  std::vector<wall_time> result;
  for (auto slot = next(t); slot && result.size() < count; slot = next(*slot)) {
    result.push_back(*slot);
  }
  return result;
}

const time_zone& timetable::zone() const noexcept {
  const auto zoned = std::find_if(data_->parts.begin(), data_->parts.end(), [](const auto& part) {
    return std::holds_alternative<cron_source>(part.source.source);
  });
  return zoned == data_->parts.end() ? data_->parts.front().source.zone : zoned->source.zone;
}

expected<std::optional<duration>> closest_slots(const calendar& c) {
  constexpr std::size_t looked_at = 2000;
  const auto table = timetable::make(c, [](std::string_view) -> expected<time_zone> { return time_zone{}; });
  if (!table) {
    return tl::make_unexpected(table.error());
  }
  std::optional<duration> least;
  std::optional<wall_time> before;
  for (const auto slot : table->next(wall_time{std::chrono::milliseconds{1'767'225'599'999}}, looked_at)) {
    if (before && (!least || slot - *before < *least)) {
      least = slot - *before;
    }
    before = slot;
  }
  return least;
}

} // namespace djm
