#pragma once

#include <functional>
#include <memory>
#include <string>

#include "djm/job_kind.hpp"
#include "djm/launcher.hpp"
#include "tools/djmd/daemon_file.hpp"

/// Commands that are submitted from outside. Who may write the tree says there which program runs here, so all that
/// they may do is named by the file of this machine.
namespace djm::daemon {

/// What the table of a submitted job must keep besides what every one must: the user is one of those that are named,
/// the program lies in one of the folders, whatever links and dots its path has, and neither it nor its folder may be
/// written by others than their owner; it sets no environment (which could have a program load anything), gets no new
/// privileges and runs in `/` or in one of the folders. The program stands in its place with its real path.
/// `invalid_config`.
expected<job_table> check_submitted(const accept_table& accepted, job_table t);

/// The table of what was submitted: unknown keys, and references to secrets of this machine, are refused.
expected<job_table> table_of(const user_config& config);

/// The kind `command`, version 1. `f` has `accept_submitted`.
job_kind command_kind(const daemon_file& f, std::shared_ptr<launcher> by);

} // namespace djm::daemon
