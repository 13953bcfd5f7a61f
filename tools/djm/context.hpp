#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "djm/client.hpp"

namespace djm::tool {

/// What a command has around it. Tests give it streams and an environment of their own.
struct context {
  /// Data goes here, talk to `err`.
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  /// What the environment says; empty: nothing.
  std::function<std::string(const char*)> variable;
  /// `out` is a terminal.
  bool terminal = false;
  /// Somebody can be asked: `in` and `err` are a terminal.
  bool can_ask = false;
  /// Columns of the terminal; 0: not known.
  std::size_t columns = 0;
  /// Milliseconds of Unix time.
  std::function<std::int64_t()> now{};
  /// Waits between two looks; false: enough.
  std::function<bool(duration)> pause{};
  /// The connection of the command under way. It outlives the command, so that who ends the process need not wait for a
  /// store that does not answer.
  std::unique_ptr<djm::client> connection{};

  bool coloured() const { return terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb"; }
};

} // namespace djm::tool
