#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "calendar/cron_set.hpp"
#include "djm/calendar.hpp"

/// What a `calendar` is made of.
namespace djm::impl {

struct cron_source {
  cron_set set;
  /// As `to_string` shows it.
  std::string text;
  /// Nothing: UTC, or for an exception the zone of its part.
  std::optional<std::string> zone;
  /// Nothing: `dst_rule::cron`.
  std::optional<dst_choice> dst;
};

/// In milliseconds.
struct grid_source {
  std::int64_t interval = 0;
  std::int64_t phase = 0;
};

struct instant_source {
  wall_time at;
};

using slot_source = std::variant<cron_source, grid_source, instant_source>;

struct calendar_part {
  slot_source source;
  std::vector<slot_source> exceptions;
};

struct calendar_data {
  std::vector<calendar_part> parts;
  /// What was refused first; `errc::none` as long as nothing was.
  error problem;
};

/// What expressions without a zone are in; the zone of the part's own expression.
std::string zone_of(const calendar_part& part);

/// A calendar of one part.
calendar single(slot_source source);

/// A calendar that was refused.
calendar refused(error problem);

} // namespace djm::impl
