#include "djm/field_rules.hpp"

#include <charconv>

#include "model/text.hpp"

namespace djm::detail {

std::string number_text(std::int64_t x) {
  return std::to_string(x);
}

std::string number_text(std::uint64_t x) {
  return std::to_string(x);
}

std::string number_text(double x) {
  char buffer[32];
  const auto [end, status] = std::to_chars(buffer, buffer + sizeof buffer, x);
  return {buffer, end};
}

std::string out_of_range_text(std::string_view shown, std::string_view range) {
  return std::string{shown}.append(" is not from ").append(range);
}

std::string quoted(std::string_view text) {
  return impl::quote(text);
}

} // namespace djm::detail
