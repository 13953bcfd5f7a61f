#include "http/message.hpp"

#include <algorithm>

namespace djm::http {

namespace {

char lower_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

verb verb_of(std::string_view name) {
  return enum_value<verb>(name).value_or(verb::other);
}

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), lower_letter);
  return result;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

namespace {

header_list::const_iterator find(const request& r, std::string_view name) {
  return std::find_if(r.headers.begin(), r.headers.end(), [&](const auto& h) { return same_word(h.first, name); });
}

} // namespace

std::string_view header_of(const request& r, std::string_view name) {
  const auto h = find(r, name);
  return h == r.headers.end() ? std::string_view{} : trimmed(h->second);
}

bool has_header(const request& r, std::string_view name) {
  return find(r, name) != r.headers.end();
}

} // namespace djm::http
