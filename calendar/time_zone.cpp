#include "djm/time_zone.hpp"

#include <algorithm>

#include "calendar/posix_rule.hpp"
#include "calendar/tzif.hpp"
#include "calendar/zone_data.hpp"
#include "model/never_destroyed.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

using impl::zone_data;

std::shared_ptr<const zone_data> make_utc() {
  auto zone = std::make_shared<zone_data>();
  zone->name = "UTC";
  append_change(*zone, {impl::always_before, 0});
  return zone;
}

struct utc_zone {
  std::shared_ptr<const zone_data> data = make_utc();
};

const std::shared_ptr<const zone_data>& utc() {
  static impl::never_destroyed<utc_zone> zone;
  return (*zone).data;
}

tl::unexpected<error> refuse(const std::string& name, const std::string& why) {
  return fail(errc::invalid_schedule, "time zone " + impl::quote(name) + ": " + why);
}

bool is_offset(std::chrono::seconds offset) noexcept {
  return offset.count() >= -impl::max_zone_offset && offset.count() <= impl::max_zone_offset;
}

} // namespace

time_zone::time_zone() : data_(utc()) {}

expected<time_zone> time_zone::parse(std::string name, std::string_view bytes) {
  auto zone = impl::parse_tzif(name, bytes);
  if (!zone) {
    return tl::make_unexpected(zone.error());
  }
  return time_zone{std::make_shared<const zone_data>(*std::move(zone))};
}

expected<time_zone> time_zone::from_rule(std::string name, std::string_view rule) {
  const auto parsed = impl::parse_posix_rule(rule);
  if (!parsed) {
    return refuse(name, "the rule " + impl::quote(rule) + " is none of POSIX: " + parsed.error().text);
  }
  auto zone = std::make_shared<zone_data>();
  zone->name = std::move(name);
  append_change(*zone, {impl::always_before, parsed->standard});
  append_rule(*zone, *parsed, impl::always_before);
  return time_zone{std::move(zone)};
}

expected<time_zone> time_zone::from_changes(std::string name, std::chrono::seconds before,
                                            const std::vector<offset_change>& changes) {
  auto zone = std::make_shared<zone_data>();
  if (!is_offset(before)) {
    return refuse(name, "the first offset is not from -26 h to 26 h");
  }
  append_change(*zone, {impl::always_before, static_cast<std::int32_t>(before.count())});
  auto last = wall_time::min();
  for (const auto& change : changes) {
    const auto at = change.from.time_since_epoch().count();
    if (!is_offset(change.offset)) {
      return refuse(name, "an offset is not from -26 h to 26 h");
    }
    if (change.from <= last || at % 1000 != 0) {
      return refuse(name, "the changes are not in order of time, in whole seconds");
    }
    append_change(*zone, {at / 1000, static_cast<std::int32_t>(change.offset.count())});
    last = change.from;
  }
  zone->name = std::move(name);
  return time_zone{std::move(zone)};
}

const std::string& time_zone::name() const noexcept {
  return data_->name;
}

std::chrono::seconds time_zone::offset_at(wall_time t) const noexcept {
  return std::chrono::seconds{period_at(*data_, impl::floor_seconds(t)).offset};
}

std::optional<offset_change> time_zone::next_change(wall_time t) const {
  const auto end = period_at(*data_, impl::floor_seconds(t)).end;
  if (end > impl::last_second) {
    return std::nullopt;
  }
  return offset_change{impl::to_wall_time(end), std::chrono::seconds{period_at(*data_, end).offset}};
}

bool is_time_zone_name(std::string_view text) noexcept {
  constexpr std::size_t max_length = 120;
  if (text.empty() || text.size() > max_length) {
    return false;
  }
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '+' || c == '-';
  };
  for (auto rest = text; !rest.empty();) {
    const auto part = rest.substr(0, rest.find('/'));
    const auto last = part.size() == rest.size();
    if (part.find_first_not_of('.') == part.npos || !std::all_of(part.begin(), part.end(), allowed)) {
      return false;
    }
    rest.remove_prefix(last ? part.size() : part.size() + 1);
    if (rest.empty() && !last) {
      return false;
    }
  }
  return true;
}

} // namespace djm
