#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "djm/error.hpp"
#include "djm/history.hpp"

namespace djm {

/// Hands runs that are over to sinks that may be slow or hang, one by one, on a thread of its own. What does not fit
/// into its queue is dropped and counted. Thread-safe.
///
/// The thread shares the ownership of all it touches here, so that one that stands in a sink can be left behind.
class history_writer {
public:
  static constexpr std::size_t most_waiting = 10'000;

  /// `complain` is told, once for each sink, what it threw; it must not throw. Throws std::system_error when the system
  /// refuses the thread.
  history_writer(std::vector<history_sink> sinks, std::function<void(const std::string&)> complain);
  history_writer(const history_writer&) = delete;
  history_writer& operator=(const history_writer&) = delete;
  /// As `stop` with a second of patience.
  ~history_writer();

  void post(const past_run& run);
  /// What sinks have not got.
  std::uint64_t dropped() const;
  /// Waits until all has been handed over, at most so long, and ends the thread, or leaves it behind where a sink does
  /// not return. What comes later is dropped. May be repeated.
  void stop(duration patience);

private:
  struct state;
  static void run(const std::shared_ptr<state>& s);

  std::shared_ptr<state> state_;
};

/// Writes a line of JSON for each run into a file and begins the next one when it is full. `errc::invalid_config` for
/// settings that make no sense, `errc::invalid_file` when the file cannot be opened. What goes wrong later is thrown by
/// the sink, which goes on with the next run.
expected<history_sink> json_lines(const history_file& file);

} // namespace djm
