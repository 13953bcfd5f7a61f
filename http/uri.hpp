#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace djm::http {

/// A target taken apart: what stands between the slashes of its path, and its parameters in their order, all decoded.
struct uri {
  std::vector<std::string> path;
  std::vector<std::pair<std::string, std::string>> query;
};

/// `%41` as `A`, and in a query `+` as a blank; nothing when a percent sign is followed by anything but two hexadecimal
/// digits, or when the result holds a zero byte.
std::optional<std::string> percent_decoded(std::string_view text, bool query);

/// Nothing for what is no path of a server ("http://...", "*", a bad percent sign, more parts than any route has).
std::optional<uri> parse_target(std::string_view target);

/// Any text as letters, digits, '-' and '_', and back; nothing for what no text becomes.
std::string base64url(std::string_view text);
std::optional<std::string> from_base64url(std::string_view text);

} // namespace djm::http
