#pragma once

#include "tools/djm/invocation.hpp"

/// Commands that change something, or ask whether one may. Orders about the record of jobs come here, too: a function,
/// and a row in the table of commands.
namespace djm::tool {

exit_code drain_command(invocation& x);
exit_code undrain_command(invocation& x);
exit_code cordon_command(invocation& x);
exit_code uncordon_command(invocation& x);
exit_code stoppable_command(invocation& x);
exit_code enable_command(invocation& x);
exit_code disable_command(invocation& x);

} // namespace djm::tool
