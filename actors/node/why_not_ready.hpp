#pragma once

#include <string>

#include "djm/status.hpp"

namespace djm {

/// What a node that is not ready waits for, for people.
std::string why_not_ready(const node_status& s);

} // namespace djm
