#include "model/config_tree.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace djm::impl {

namespace {

using nlohmann::json;

void write_real(value_sink& sink, double x) {
  constexpr double below = 9223372036854775808.0; // 2^63: doubles from here on do not fit into a signed integer
  if (x != std::floor(x) || x < -below || x >= 2 * below) {
    return sink.real(x);
  }
  if (x < below) {
    sink.integer(static_cast<std::int64_t>(x)); // -0.0, too, becomes 0
  } else {
    sink.natural(static_cast<std::uint64_t>(x));
  }
}

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

template <class T>
bool fits(std::string_view digits) {
  T value{};
  return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc{};
}

// Just behind the text that starts at `from`.
std::size_t end_of_text(std::string_view text, std::size_t from) {
  auto i = from + 1;
  while (i < text.size() && text[i] != '"') {
    i += text[i] == '\\' ? 2 : 1;
  }
  return i + 1;
}

} // namespace

void write_tree(value_sink& sink, const json& tree) {
  switch (tree.type()) {
  case json::value_t::object:
    sink.begin_map();
    for (auto i = tree.begin(); i != tree.end(); ++i) {
      sink.key(i.key());
      write_tree(sink, i.value());
    }
    return sink.end_map();
  case json::value_t::array:
    sink.begin_list();
    for (const auto& x : tree) {
      sink.element();
      write_tree(sink, x);
    }
    return sink.end_list();
  case json::value_t::string: return sink.text(tree.get_ref<const std::string&>());
  case json::value_t::boolean: return sink.boolean(tree.get<bool>());
  case json::value_t::number_integer: return sink.integer(tree.get<std::int64_t>());
  case json::value_t::number_unsigned: return sink.natural(tree.get<std::uint64_t>());
  case json::value_t::number_float: return write_real(sink, tree.get<double>());
  default: return sink.none();
  }
}

void each_text(json& tree, complaint_list& found, const std::function<void(std::string&)>& f) {
  if (tree.is_string()) {
    return f(tree.get_ref<std::string&>());
  }
  if (!tree.is_structured()) {
    return;
  }
  std::size_t index = 0;
  for (auto i = tree.begin(); i != tree.end(); ++i) {
    found.enter(tree.is_object() ? i.key() : std::to_string(index++));
    each_text(*i, found, f);
    found.leave();
  }
}

std::string_view find_long_integer(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      i = end_of_text(text, i);
      continue;
    }
    auto end = i;
    while (end < text.size() && is_number_char(text[end])) {
      ++end;
    }
    const auto number = text.substr(i, end - i);
    // The letter "e" of true and false is no number.
    const bool integer = !number.empty() && number.find_first_of(".eE") == std::string_view::npos;
    if (integer && !fits<std::int64_t>(number) && !fits<std::uint64_t>(number)) {
      return number;
    }
    i = std::max(end, i + 1);
  }
  return {};
}

std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : text) {
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return h;
}

} // namespace djm::impl
