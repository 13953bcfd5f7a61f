#include "model/json_parse.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "model/text.hpp"

namespace djm::impl {

namespace {

using nlohmann::json;

constexpr std::size_t max_depth = 64;

// The offset of the first bracket that nests too deep; npos when there is none. Working with a deep document later
// (copy, print) would cost a stack frame per level.
std::size_t find_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) {
        return i;
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return std::string_view::npos;
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: ...; last read: '...'" without what speaks of the
// library and without the excerpt: it may be the start of a password. The place says enough.
std::string reason_of(const json::exception& e) {
  std::string text = e.what();
  if (const auto end = text.find("] "); !text.empty() && text.front() == '[' && end != std::string::npos) {
    text.erase(0, end + 2);
  }
  text.erase(std::min(text.find("; last read: "), text.size()));
  auto result = quote(text, 300);
  return result.substr(1, result.find_last_of('"') - 1);
}

// Notes the first key that an object holds twice.
class key_watcher {
public:
  bool operator()(int, json::parse_event_t event, json& parsed) {
    switch (event) {
    case json::parse_event_t::object_start: open_.emplace_back(); break;
    case json::parse_event_t::object_end: open_.pop_back(); break;
    case json::parse_event_t::key:
      if (const auto& name = parsed.get_ref<const std::string&>();
          !open_.back().insert(name).second && first_.empty()) {
        first_ = quote(name);
      }
      break;
    default: break;
    }
    return true;
  }

  const std::string& first() const { return first_; }

private:
  std::vector<std::set<std::string>> open_;
  std::string first_;
};

} // namespace

tl::expected<json, std::string> parse_json(std::string_view text, duplicate_keys keys) {
  if (!is_utf8(text)) {
    return tl::make_unexpected(std::string{"the text is not UTF-8"});
  }
  if (const auto at = find_too_deep(text); at != std::string_view::npos) {
    return tl::make_unexpected("arrays and objects nest deeper than " + std::to_string(max_depth) + " at byte " +
                               std::to_string(at));
  }
  try {
    if (keys == duplicate_keys::last_wins) {
      return json::parse(text.begin(), text.end());
    }
    key_watcher watcher;
    auto result = json::parse(text.begin(), text.end(), std::ref(watcher));
    if (!watcher.first().empty()) {
      return tl::make_unexpected("key " + watcher.first() + " appears twice in one object");
    }
    return result;
  } catch (const json::exception& e) {
    return tl::make_unexpected(reason_of(e));
  }
}

std::string shown(const json& value) {
  if (value.is_object()) {
    return value.empty() ? "{}" : "an object";
  }
  if (value.is_array()) {
    return value.empty() ? "[]" : "an array";
  }
  if (value.is_string()) {
    return quote(value.get_ref<const std::string&>());
  }
  return value.dump();
}

} // namespace djm::impl
