#pragma once

#include "tools/djm/invocation.hpp"

/// Commands about jobs that are submitted.
namespace djm::tool {

exit_code submit_command(invocation& x);
exit_code submissions_command(invocation& x);

} // namespace djm::tool
