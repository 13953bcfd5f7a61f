#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <zookeeper/zookeeper.h>

#include "djm/log.hpp"

namespace djm::store {

/// Which lines of a client that repeats itself (it says something at each attempt to connect, many times a second) are
/// written: of those that differ by numbers alone the first in a minute, and no more than 20 in all; the others are
/// counted. Pure.
class line_limiter {
public:
  using time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::minutes window{1};
  static constexpr std::size_t most = 20;

  bool may_say(std::string_view text, time now);

  /// How many were left out before the present minute; told once.
  std::uint64_t left_out();

private:
  time until_{};
  /// Kinds of lines that were written in this minute.
  std::set<std::string> seen_;
  std::uint64_t left_out_ = 0;
  std::uint64_t untold_ = 0;
};

/// What the client says of one handle. Its callback gets no context and its level is one for the process, so each
/// handle takes a callback of its own out of a fixed set and gives it back when the client is gone.
class client_log {
public:
  /// An empty sink drops the lines. It is called on the client's threads, one line at a time.
  explicit client_log(log_sink sink);
  /// The sink is not called any more. The handle must be closed already.
  ~client_log();
  client_log(const client_log&) = delete;
  client_log& operator=(const client_log&) = delete;

  /// For `zookeeper_init2`. With more than 256 handles in a process the lines of the others are dropped.
  log_callback_fn callback() const noexcept;

private:
  std::size_t slot_;
};

/// One line of the client, "<date>:<pid>(<thread>):ZOO_WARN@<function>@<line>: <text>". What it calls an error is told
/// as a warning, as it tries again by itself, and its warnings are for information.
log_record parse_client_line(std::string_view line);

} // namespace djm::store
