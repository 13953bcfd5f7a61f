#include "djm/ids.hpp"

#include <algorithm>

#include "model/text.hpp"

namespace djm {

namespace {

bool is_id_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

} // namespace

std::string to_string(id_kind kind) {
  return enum_text(kind);
}

bool is_valid_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= max_id_length && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), is_id_char);
}

expected<void> check_id(id_kind kind, std::string_view text) {
  if (is_valid_id(text)) {
    return {};
  }
  return fail(errc::invalid_id, to_string(kind) + " id " + impl::quote(text, max_id_length) +
                                  " breaks the rule: letters, digits, \".\", \"_\" and \"-\" only, 1 to " +
                                  std::to_string(max_id_length) + " characters, not \".\" or \"..\"");
}

} // namespace djm
