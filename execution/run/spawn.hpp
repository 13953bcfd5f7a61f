#pragma once

#include <cstdint>

#include <sys/types.h>

#include "execution/wire/wire.hpp"

namespace djm::exec {

/// The ends that a command gets. All of them are closed when a program is executed, whatever happens.
struct command_ends {
  int input = -1;  ///< becomes 0
  int output = -1; ///< becomes 1 and 2
  int lines = -1;  ///< becomes 3
  /// Where a failure before the program is told, as `setup_failure`; end of file: it was executed.
  int failure = -1;
  int procs = -1; ///< cgroup.procs of the leaf to enter; -1: none
};

/// What a child says that could not become the command.
struct setup_failure {
  stage at = stage::setup;
  std::int32_t error = 0;
};

/// Forks a child that becomes the command: a session of its own, no signal blocked or ignored, descriptors 0 to 3 and
/// no others, the user's groups and id, and only then what ends it with this process, because a change of the user
/// takes that away. Nothing is executed from `start_until` on. `parent` is the id of this process as the child sees it.
/// The child's id, or -1 with errno.
pid_t spawn(const order& o, const command_ends& ends, std::int64_t start_until, pid_t parent);

} // namespace djm::exec
