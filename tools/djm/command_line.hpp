#pragma once

#include <string>
#include <vector>

#include "tools/djm/context.hpp"

namespace djm::tool {

/// The whole tool: what stands behind "djm" goes in, the exit code comes out. Throws nothing.
int run_djm(std::vector<std::string> arguments, context& io);

} // namespace djm::tool
