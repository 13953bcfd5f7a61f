#include "djm/value_reader.hpp"

#include <algorithm>
#include <numeric>

#include "djm/config_reference.hpp"
#include "model/config_text.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

// Letters to change, add or remove to get from one text to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const auto above = row[k];
      row[k] = std::min({above + 1, row[k - 1] + 1, diagonal + (a[i - 1] == b[k - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string suggestion(std::string_view key, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64; // longer keys are no typing errors and would cost time
  if (key.size() > longest) {
    return {};
  }
  std::size_t best = 4; // further away it is another word
  std::string result;
  for (const auto& name : known) {
    if (const auto distance = edit_distance(key, name); distance < best && distance < name.size()) {
      best = distance;
      result = "; did you mean " + impl::quote(name) + "?";
    }
  }
  return result;
}

} // namespace

void value_reader::complain(const value_view& found, std::string_view text) {
  complaints_.add((secret_ ? std::string{"a secret value"} : found.shown()).append(" ").append(text));
}

const std::string* value_reader::text_of(const value_view& v) {
  const auto* text = v.as_text();
  expect(text != nullptr, v, "a text");
  return text;
}

bool value_reader::read_span(const value_view& v, duration& x) {
  if (v.kind() == value_kind::integer || v.kind() == value_kind::real) {
    complain(v, "has no unit; a duration is a text such as \"10s\" or \"250ms\"");
    return false;
  }
  const auto* text = v.as_text();
  if (!expect(text != nullptr, v, "a duration such as \"10s\" or \"250ms\"")) {
    return false;
  }
  const auto value = parse_duration(*text);
  if (value) {
    x = *value;
  } else if (v.is_resolved() || secret_) {
    complain(v, "does not stand for a duration such as \"10s\" or \"250ms\""); // the parser's text shows the value
  } else {
    complaints_.add(value.error().text);
  }
  return value.has_value();
}

void value_reader::read_time(const value_view& v, wall_time& x) {
  const auto* text = v.as_text();
  if (!expect(text != nullptr, v, "a time such as \"2026-01-31T08:00:00.000Z\"")) {
    return;
  }
  if (const auto value = parse_time(*text)) {
    x = *value;
  } else if (v.is_resolved() || secret_) {
    complain(v, "does not stand for a time such as \"2026-01-31T08:00:00.000Z\"");
  } else {
    complaints_.add(value.error().text);
  }
}

void value_reader::expect_reference(const value_view& v) {
  const auto* text = v.stored_text();
  if (text != nullptr && !text->empty() && !parse_reference(*text)) {
    complaints_.add(impl::rule_of_secrets);
  }
}

void value_reader::refuse_unknown(const value_view& object, bool named, const std::vector<std::string>& known) {
  object.each_member([&](const std::string& name, value_view) {
    if (!(named && name == "type") && std::find(known.begin(), known.end(), name) == known.end()) {
      complaints_.add_at(name, "unknown key" + suggestion(name, known));
    }
  });
}

} // namespace djm
