#pragma once

#include <cstdint>
#include <string>

#include "djm/ids.hpp"

namespace djm::test {

constexpr std::int64_t game_begins_ms = 1'700'000'003'000;
constexpr std::int64_t gap_ms = 10'000;
constexpr std::int64_t clocks_differ_ms = 10'000;

inline std::string slot_path(const item_id& item) {
  return "/djm/states/j/" + item + "@slot";
}

inline std::string lock_path(const item_id& item) {
  return "/djm/locks/j/" + item + ".lock";
}

} // namespace djm::test
