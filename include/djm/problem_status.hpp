#pragma once

#include <cstdint>
#include <string>

#include "djm/error.hpp"
#include "djm/fields.hpp"

namespace djm {

/// A problem of a node. Times are milliseconds since the Unix epoch, by the clock of the node.
struct problem_status {
  /// The part of the node that tells of it, such as "keeper".
  std::string component;
  /// What it is about; empty: something that happened and was over.
  std::string about;
  /// What kind of problem it is.
  errc code = errc::none;
  /// The problem in words.
  std::string text;
  /// When it first came up.
  std::int64_t since_ms = 0;
  /// When it last came up.
  std::int64_t last_ms = 0;
  /// When it was over; 0: it goes on.
  std::int64_t ended_ms = 0;
  /// How often it has come up.
  std::uint64_t count = 0;
};
DJM_FIELDS(problem_status, component, about, code, text, since_ms, last_ms, ended_ms, count)

} // namespace djm
