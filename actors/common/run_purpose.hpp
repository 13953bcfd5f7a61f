#pragma once

#include <cstdint>
#include <optional>

#include "djm/slot_rules.hpp"

namespace djm {

/// What a run is for, as its code sees it.
struct run_purpose {
  /// In milliseconds since the Unix epoch; nothing where there is no slot.
  std::optional<std::int64_t> slot{};
  /// When it was to start, the same way.
  std::optional<std::int64_t> due{};
  /// Slots for which it stands as well.
  missed_slots missed{};
  /// From 1 on.
  std::uint32_t attempt = 1;
  /// Of the preparation that it follows, or is.
  std::int64_t generation = 0;
  /// Of the starts before this one, those that cost no attempt: of runs that were asked to stop, or to be called later.
  std::uint32_t spared = 0;
};

} // namespace djm
