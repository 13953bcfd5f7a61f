#pragma once

#include "tools/djm/invocation.hpp"

/// What is saved of an item: to see, and to set.
namespace djm::tool {

exit_code state_command(invocation& x);

} // namespace djm::tool
