#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "djm/enum_names.hpp"

namespace djm {

enum class log_level : std::uint8_t { debug, info, warning, error };

constexpr auto enum_names(log_level) {
  return name_enum("log_level", "debug", "info", "warning", "error");
}

std::string to_string(log_level level);

/// One thing worth telling. `component` is the part of the node ("manager", "worker", ...), `fields` are names and
/// values for machines.
struct log_record {
  log_level level = log_level::info;
  std::string node;
  std::string component;
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Called on any thread, possibly concurrently; must not block and must not throw.
using log_sink = std::function<void(const log_record&)>;

/// Writes one line per record of at least this level to stderr, in one write each.
log_sink stderr_log(log_level least = log_level::info);

} // namespace djm
