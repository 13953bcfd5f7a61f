#include "model/json_fields.hpp"

#include <algorithm>
#include <numeric>

namespace djm::impl {

namespace {

// Somebody else's document may hold more faults than anybody wants to read.
constexpr std::size_t max_complaints = 20;

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
      result = "; did you mean " + quote(name) + "?";
    }
  }
  return result;
}

// RFC 6901 escapes within one reference token.
void append_token(std::string& out, std::string_view token) {
  out += '/';
  for (char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
}

} // namespace

std::string json_reader::pointer() const {
  std::string result;
  for (const auto& token : place_) {
    append_token(result, token);
  }
  if (result.empty()) {
    return "the document";
  }
  auto shown = quote(result, 200);
  return shown.substr(1, shown.find_last_of('"') - 1);
}

void json_reader::complain(const std::string& text) {
  if (complaints_.size() < max_complaints) {
    complaints_.push_back(pointer() + ": " + text);
  }
}

void json_reader::complain_at(const std::string& name, const std::string& text) {
  place_.push_back(name);
  complain(text);
  place_.pop_back();
}

std::string json_reader::summary() const {
  std::string result;
  for (const auto& c : complaints_) {
    result += (result.empty() ? "" : "; ") + c;
  }
  if (complaints_.size() == max_complaints) {
    result += "; and possibly more";
  }
  return result;
}

bool json_reader::expect(bool ok, const nlohmann::json& found, const std::string& rule) {
  if (!ok) {
    complain((secret_ ? std::string{"a secret value"} : shown(found)) + " is not " + rule);
  }
  return ok;
}

void json_reader::read_duration(const nlohmann::json& j, duration& x) {
  if (j.is_number()) {
    return complain(shown(j) + " has no unit; a duration is a text such as \"10s\" or \"250ms\"");
  }
  if (!expect(j.is_string(), j, "a duration such as \"10s\" or \"250ms\"")) {
    return;
  }
  if (const auto value = parse_duration(j.get_ref<const std::string&>())) {
    x = *value;
  } else {
    complain(value.error().text);
  }
}

void json_reader::read_time(const nlohmann::json& j, wall_time& x) {
  if (!expect(j.is_string(), j, "a time such as \"2026-01-31T08:00:00.000Z\"")) {
    return;
  }
  if (const auto value = parse_time(j.get_ref<const std::string&>())) {
    x = *value;
  } else {
    complain(value.error().text);
  }
}

void json_reader::refuse_unknown(const nlohmann::json& object, const char* reserved,
                                 const std::vector<std::string>& known) {
  for (auto i = object.begin(); i != object.end(); ++i) {
    if ((reserved == nullptr || i.key() != reserved) && std::find(known.begin(), known.end(), i.key()) == known.end()) {
      complain_at(i.key(), "unknown key" + suggestion(i.key(), known));
    }
  }
}

} // namespace djm::impl
