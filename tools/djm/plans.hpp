#pragma once

#include "tools/djm/invocation.hpp"

/// Commands that plan and write nothing.
namespace djm::tool {

exit_code explain_command(invocation& x);
exit_code plan_live_command(invocation& x);

} // namespace djm::tool
