#pragma once

#include <cstdint>
#include <string_view>

/// The table behind `check(node_config)` and `config_keys`. Internal: not installed.
namespace djm::impl {

struct config_rule {
  std::string_view key;
  /// Bounds of numbers; of durations in nanoseconds. Not used when `range` says it in words.
  std::int64_t least;
  std::int64_t most;
  std::string_view range;
  std::string_view text;
};

/// The rule of a key; every key has one.
const config_rule& rule_of(std::string_view key);

} // namespace djm::impl
