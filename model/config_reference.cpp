#include "djm/config_reference.hpp"

#include <algorithm>

#include "model/config_text.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

constexpr std::string_view opening = "${";
constexpr std::string_view escaped = "$${";
constexpr std::size_t max_variable_length = 200;
constexpr std::size_t max_path_length = 1000;

bool is_variable(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && text.size() <= max_variable_length && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

bool is_path(std::string_view text) {
  const auto printable = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7F && c != '}';
  };
  return text.size() > 1 && text.size() <= max_path_length && text.front() == '/' && impl::is_utf8(text) &&
         std::all_of(text.begin(), text.end(), printable);
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

} // namespace

std::string to_string(const config_reference& x) {
  return std::string{opening}.append(enum_text(x.kind)).append(":").append(x.name).append("}");
}

expected<config_reference> parse_reference(std::string_view text) {
  const auto colon = text.find(':');
  if (starts_with(text, opening) && text.back() == '}' && colon != std::string_view::npos) {
    const auto kind = enum_value<reference_kind>(text.substr(opening.size(), colon - opening.size()));
    const auto name = text.substr(colon + 1, text.size() - colon - 2);
    if (kind && (*kind == reference_kind::env ? is_variable(name) : is_path(name))) {
      return config_reference{*kind, std::string{name}};
    }
  }
  return fail(errc::invalid_config, "this is no reference to a secret, such as ${env:NAME} or ${file:/PATH}");
}

namespace impl {

const char* const rule_of_secrets =
  "a secret is not stored: it must be a reference such as ${env:NAME} or ${file:/PATH} (the value is not shown)";

tl::expected<std::vector<text_part>, std::string> split_text(std::string_view text) {
  std::vector<text_part> parts;
  std::string plain;
  while (!text.empty()) {
    if (starts_with(text, escaped)) {
      plain += opening;
      text.remove_prefix(escaped.size());
      continue;
    }
    if (!starts_with(text, opening)) {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto candidate = text.substr(0, std::min(text.find('}'), text.size() - 1) + 1);
    auto reference = parse_reference(candidate);
    if (!reference) {
      return tl::make_unexpected(quote(candidate) + " is not a reference such as ${env:NAME} or ${file:/PATH}; $${ " +
                                 "stands for ${");
    }
    if (!plain.empty()) {
      parts.emplace_back(std::move(plain));
      plain.clear();
    }
    parts.emplace_back(std::move(*reference));
    text.remove_prefix(candidate.size());
  }
  if (!plain.empty()) {
    parts.emplace_back(std::move(plain));
  }
  return parts;
}

} // namespace impl

} // namespace djm
