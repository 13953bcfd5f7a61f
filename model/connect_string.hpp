#pragma once

#include <string>
#include <string_view>

#include "djm/error.hpp"

namespace djm::impl {

/// Checks "host:port,host:port"; the error (`invalid_connect_string`) names the part and the rule.
expected<void> check_connect_string(std::string_view text);

} // namespace djm::impl
