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

struct timetable_part {
  zoned_source source;
  std::vector<zoned_source> exceptions;
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

/// Where to go on behind what an exception covers; nothing when it does not cover the slot.
struct way_around {
  wall_time slot;
  way to;
  const time_zone& zone;

  std::optional<wall_time> operator()(const cron_source& c) const {
    const auto utc = floor_seconds(slot);
    const auto period = period_at(zone.data(), utc);
    const auto covered = covered_around(c.set, utc + period.offset);
    if (!covered) {
      return std::nullopt;
    }
    if (to == way::forward) {
      const auto end = std::min(covered->end - period.offset, period.end);
      return to_wall_time(end) - milliseconds{1};
    }
    return to_wall_time(std::max(covered->begin - period.offset, period.begin));
  }

  std::optional<wall_time> operator()(const grid_source& g) const {
    const auto on_it = floor_div(slot.time_since_epoch().count() - g.phase, g.interval) * g.interval + g.phase;
    return slot_id(slot) == on_it ? std::optional{slot} : std::nullopt;
  }

  std::optional<wall_time> operator()(const instant_source& i) const {
    return i.at == slot ? std::optional{slot} : std::nullopt;
  }
};

/// The way around the first exception that covers the slot.
std::optional<wall_time> excepted(const timetable_part& part, wall_time slot, way to) {
  for (const auto& exception : part.exceptions) {
    if (const auto on = std::visit(way_around{slot, to, exception.zone}, exception.source)) {
      return on;
    }
  }
  return std::nullopt;
}

/// Behind this instant nothing comes that did not come before, for zones and dates repeat.
wall_time end_of(const timetable_part& part, wall_time t) {
  auto end = floor_seconds(t);
  const auto look_at = [&](const zoned_source& s) {
    const auto& zone = s.zone.data();
    end = std::max(end, zone.repeats_from == always_after ? zone.periods.back().begin : zone.repeats_from);
  };
  look_at(part.source);
  std::for_each(part.exceptions.begin(), part.exceptions.end(), look_at);
  return to_wall_time(end + cycle_seconds);
}

std::optional<wall_time> slot_of(const timetable_part& part, wall_time t, way to) {
  const auto end = part.exceptions.empty() ? wall_time::max() : end_of(part, t);
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
  return std::clamp(t, to_wall_time(first_second - day_seconds), to_wall_time(last_second + day_seconds));
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

expected<zoned_source> in_zone(const slot_source& source, const std::string& fallback, zone_book& zones) {
  const auto* c = std::get_if<cron_source>(&source);
  if (c == nullptr) {
    return zoned_source{source, {}};
  }
  auto zone = zones.find(c->zone.value_or(fallback));
  if (!zone) {
    return tl::make_unexpected(std::move(zone.error()));
  }
  return zoned_source{source, *std::move(zone)};
}

expected<timetable_part> in_zones(const calendar_part& part, zone_book& zones) {
  const auto fallback = zone_of(part);
  auto source = in_zone(part.source, fallback, zones);
  if (!source) {
    return tl::make_unexpected(std::move(source.error()));
  }
  timetable_part result{*std::move(source), {}};
  for (const auto& exception : part.exceptions) {
    auto zoned = in_zone(exception, fallback, zones);
    if (!zoned) {
      return tl::make_unexpected(std::move(zoned.error()));
    }
    result.exceptions.push_back(*std::move(zoned));
  }
  return result;
}

/// Whether exceptions leave anything of a part that would otherwise have slots. Years in expressions begin with 1970,
/// wherever on earth that begins first.
bool leaves_something(const timetable_part& part) {
  if (part.exceptions.empty()) {
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

} // namespace djm
