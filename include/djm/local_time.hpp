#pragma once

#include <string>
#include <string_view>

#include "djm/error.hpp"
#include "djm/time.hpp"
#include "djm/time_zone.hpp"

namespace djm {

/// An instant as the clocks of a zone show it, ISO 8601 with offset: "2026-03-29T03:00:00+02:00". Milliseconds and the
/// seconds of the offset stand there only when they are not zero. Local times outside the years 0000 to 9999 are cut to
/// that range.
std::string format_local_time(wall_time t, const time_zone& zone);

/// Reads an instant: date, the letter T or a blank, hours and minutes, perhaps seconds, perhaps a dot and up to three
/// digits, and an offset from UTC in one of the forms Z, +02:00, +0200, +02 and +00:53:28. Anything else, a date that
/// does not exist and a text without an offset are errors (`errc::invalid_config`) that name the text.
expected<wall_time> parse_instant(std::string_view text);

} // namespace djm
