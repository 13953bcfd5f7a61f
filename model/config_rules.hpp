#pragma once

#include <cstdint>
#include <string_view>

/// The one table of configuration keys: behind `check(node_config)` with its complaints, `config_keys`, and the tables
/// of README.md and docs/guide/configuring.md (unit_model: "the documented tables of keys are those of the code").
/// Internal: not installed.
namespace djm::impl {

struct config_rule {
  std::string_view key;
  /// Bounds of numbers; of durations in nanoseconds. Not used when `range` says it in words.
  std::int64_t least;
  std::int64_t most;
  std::string_view range;
  /// What the key means, and when to choose another value than the default: half sentences for tables.
  std::string_view text;
  std::string_view change_when;
};

/// The rule of a key; every key has one.
const config_rule& rule_of(std::string_view key);

} // namespace djm::impl
