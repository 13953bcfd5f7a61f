#pragma once

#include <string>
#include <string_view>

#include "calendar/zone_data.hpp"
#include "djm/error.hpp"

namespace djm::impl {

/// Reads a TZif file, whatever its bytes are: `errc::invalid_file` with the zone and the rule that is broken.
expected<zone_data> parse_tzif(std::string_view name, std::string_view bytes);

} // namespace djm::impl
