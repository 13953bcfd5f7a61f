#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "djm/launcher.hpp"
#include "djm/open_run.hpp"
#include "execution/wire/wire.hpp"

namespace djm::exec {

/// What is to be started.
struct launch {
  order what;                       ///< `by`, `leaf`, `reserve` and what comes with it are the launcher's to say
  std::optional<std::string> input; ///< what it reads
  std::string log_name;             ///< "JOB/ITEM", for the file of its output; empty: none
  duration ready_timeout = duration::zero();
};

/// How a command has ended.
struct command_end {
  bool started = false;
  std::optional<refused> why_not;
  std::optional<exited> how;
  gone rest;
  bool not_ready = false;   ///< in time
  bool helper_lost = false; ///< it ended without its helper
};

/// Hears of one command, in order, one call at a time, on a thread on which it may wait.
class command_listener {
public:
  virtual ~command_listener() = default;
  virtual void on_line(const line& l) = 0;
  /// It cannot be said that nothing is left of it. `on_end` will not be called.
  virtual void on_lost() = 0;
  /// The last call.
  virtual void on_end(const command_end& end) = 0;
};

/// One command. Thread-safe; those who hold it hold the launcher's threads, too, but do not keep the command alive.
class command_run : public lease_follower {
public:
  /// Starts it, once it follows the lease. An error says why there is none; then nobody hears of it any more.
  virtual expected<void> start() = 0;
  /// TERM, and KILL so long after it.
  virtual void stop(duration grace) = 0;
  /// It has said so.
  virtual void ready() = 0;
  /// Its name, which is DJM_RUN in its environment.
  virtual const std::string& name() const = 0;
};

/// What commands of this launcher get as `DJM_NODE`.
const std::string& node_of(const launcher::impl& by);

/// `backlog_full`: there are as many as there may be.
expected<std::shared_ptr<command_run>> prepare_command(const std::shared_ptr<launcher::impl>& by, launch what,
                                                       std::shared_ptr<command_listener> listener);

} // namespace djm::exec
