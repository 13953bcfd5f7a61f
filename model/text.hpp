#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Small helpers for text that people read. Internal: not installed.
namespace djm::impl {

/// `text` in double quotes on one line: control characters, quotes, backslashes and bytes that are not UTF-8 escaped,
/// cut after `max_bytes` with the full length behind it.
std::string quote(std::string_view text, std::size_t max_bytes = 120);

/// Length of the well-formed UTF-8 sequence at the start of `text` (1 to 4), 0 when there is none.
std::size_t utf8_sequence(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

} // namespace djm::impl
