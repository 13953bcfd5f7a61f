#pragma once

#include <string>

#include "djm/error.hpp"

namespace djm::store {

/// Checks "host:port,host:port[/chroot]" without resolving a name, because the C client reports some resolver errors and
/// all mistakes of form by the same number. Error: `invalid_connect_string`, which names the string, the part and the
/// rule.
expected<void> check_connect_string(const std::string& servers);

} // namespace djm::store
