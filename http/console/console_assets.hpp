#pragma once

#include <vector>

#include "http/http_core.hpp"

namespace djm::http {

/// The files of the console, which the build makes of those in this folder.
std::vector<asset> console_assets();

} // namespace djm::http
