#pragma once

#include "tools/djm/invocation.hpp"

/// Commands that change marks and switches, or ask whether one may.
namespace djm::tool {

exit_code drain_command(invocation& x);
exit_code undrain_command(invocation& x);
exit_code cordon_command(invocation& x);
exit_code uncordon_command(invocation& x);
exit_code stoppable_command(invocation& x);
exit_code enable_command(invocation& x);
exit_code disable_command(invocation& x);

} // namespace djm::tool
