#pragma once

#include "tools/djm/invocation.hpp"

/// Commands that judge.
namespace djm::tool {

exit_code check_command(invocation& x);
exit_code doctor_command(invocation& x);
exit_code repair_command(invocation& x);

} // namespace djm::tool
