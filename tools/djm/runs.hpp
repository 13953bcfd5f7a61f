#pragma once

#include "tools/djm/invocation.hpp"

/// What lives in nodes alone, asked of each over HTTP.
namespace djm::tool {

exit_code runs_command(invocation& x);

} // namespace djm::tool
