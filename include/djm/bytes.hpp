#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "djm/fields.hpp"

namespace djm {

/// Data that is no text. In JSON and in texts it is base64 (RFC 4648, padded, without white space), so that equal data
/// is equal there, too; CAF's binary form holds it as it is.
struct bytes {
  /// The data.
  std::vector<std::uint8_t> data;
};
DJM_FIELDS(bytes, data)

/// Whether they hold the same.
inline bool operator==(const bytes& a, const bytes& b) {
  return a.data == b.data;
}
/// Whether they do not.
inline bool operator!=(const bytes& a, const bytes& b) {
  return !(a == b);
}

/// The bytes of a text.
inline bytes bytes_of(std::string_view text) {
  return {{text.begin(), text.end()}};
}
/// As base64.
std::string to_word(const bytes& x);
/// Reads exactly what `to_word` writes; false, and nothing changed, for anything else.
bool from_word(std::string_view text, bytes& x);
/// What base64 is, for complaints.
const char* rule_of_words(const bytes&);

} // namespace djm
