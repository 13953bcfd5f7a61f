#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm {

/// How much a line matters.
enum class log_level : std::uint8_t {
  /// For who looks for a defect of djm.
  debug,
  /// Something that happens in a healthy cluster and is worth knowing afterwards.
  info,
  /// A problem that djm deals with by itself, or tries to. Look at it when it stays.
  warning,
  /// Somebody has to do something.
  error,
};

/// The names of the levels, in their order.
constexpr auto enum_names(log_level) {
  return name_enum("log_level", "debug", "info", "warning", "error");
}

/// The name of the level.
std::string to_string(log_level level);

/// One thing worth telling. `component` is the part of the node ("manager", "worker", ...), `fields` are names and
/// values for machines.
struct log_record {
  /// How much it matters.
  log_level level = log_level::info;
  /// The node that says it.
  node_id node;
  /// The part of the node; empty: the node itself.
  std::string component;
  /// What it says.
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields; ///< Names and values for machines; may be empty.
  /// When it was said, where the node knew: the sink may be behind.
  wall_time at{};
};

/// Called one record at a time on a thread that each node has for it, so a sink that blocks delays nobody but itself:
/// up to `log_backlog` lines wait for it, further ones are counted (`status.log.dropped`) and told by a line once it
/// takes lines again. A sink given to several nodes is called by each. Should not throw.
using log_sink = std::function<void(const log_record&)>;

/// Lines that wait for a slow sink, at most; less where they are long.
constexpr std::size_t log_backlog = 1000;

/// Writes one line per record of at least this level to stderr, in one write each.
log_sink stderr_log(log_level least = log_level::info);

} // namespace djm
