#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace djm::tool {

/// A text that may have been written by anybody, on one line and without control characters: what would move a cursor
/// or change a colour is shown as "\x1b".
std::string printable(std::string_view text);

/// How many columns a text takes, counted in code points.
std::size_t width_of(std::string_view text) noexcept;
/// The beginning of a text that takes so many columns, or all of it.
std::string_view first_columns(std::string_view text, std::size_t columns) noexcept;

/// How long ago something was, in two units at most: "45s", "3min", "2h10min", "3d4h"; "-" for 0, which is not known.
std::string age_of(std::int64_t at_ms, std::int64_t now_ms);
/// UTC; "-" for 0.
std::string moment_of(std::int64_t at_ms);

/// "-" for an empty text.
std::string or_dash(std::string_view text);
/// "1 item", "2 items".
std::string counted(std::size_t n, std::string_view thing);

} // namespace djm::tool
