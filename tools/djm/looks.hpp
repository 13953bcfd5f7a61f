#pragma once

#include "tools/djm/invocation.hpp"

/// Commands that look and change nothing.
namespace djm::tool {

exit_code status_command(invocation& x);
exit_code nodes_command(invocation& x);
exit_code node_command(invocation& x);
exit_code jobs_command(invocation& x);
exit_code job_command(invocation& x);
exit_code items_command(invocation& x);
exit_code locks_command(invocation& x);
exit_code refusals_command(invocation& x);
exit_code leader_command(invocation& x);
exit_code tree_command(invocation& x);
exit_code events_command(invocation& x);

} // namespace djm::tool
