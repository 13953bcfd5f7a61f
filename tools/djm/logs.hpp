#pragma once

#include "tools/djm/exit_code.hpp"

namespace djm::tool {

class invocation;

/// The end of the output of a command, from the file that a node on this machine writes.
exit_code logs_command(invocation& x);

} // namespace djm::tool
