#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

/// Well-formedness, before any meaning. Internal: not installed.
namespace djm::impl {

enum class duplicate_keys {
  /// The last one counts, as in most readers: for what another process wrote.
  last_wins,
  /// A complaint: for what a person wrote.
  refused,
};

/// Parses a whole text. Arrays and objects may nest 64 deep; bytes must be UTF-8; numbers must be representable.
/// Never throws; the error is one sentence with the place.
tl::expected<nlohmann::json, std::string> parse_json(std::string_view text,
                                                     duplicate_keys keys = duplicate_keys::last_wins);

/// A JSON value on one line, shortened, for error texts.
std::string shown(const nlohmann::json& value);

} // namespace djm::impl
