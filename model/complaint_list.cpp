#include "djm/complaint_list.hpp"

#include "model/text.hpp"

namespace djm {

namespace {

constexpr std::size_t max_complaints = 20;

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

// On one line and not too long, whatever the keys of the document are.
std::string pointer_to(const std::vector<std::string>& place) {
  std::string result;
  for (const auto& token : place) {
    append_token(result, token);
  }
  if (result.empty()) {
    return "the document";
  }
  const auto shown = impl::quote(result, 200);
  return shown.substr(1, shown.find_last_of('"') - 1);
}

} // namespace

void complaint_list::add(std::string_view text) {
  if (complaints_.size() < max_complaints) {
    complaints_.push_back(pointer_to(place_).append(": ").append(text));
  }
}

void complaint_list::add_at(const std::string& name, std::string_view text) {
  enter(name);
  add(text);
  leave();
}

std::string complaint_list::summary() const {
  std::string result;
  for (const auto& c : complaints_) {
    result.append(result.empty() ? "" : "; ").append(c);
  }
  if (complaints_.size() == max_complaints) {
    result += "; and possibly more";
  }
  return result;
}

expected<void> complaint_list::result(errc code) const {
  if (complaints_.empty()) {
    return {};
  }
  return fail(code, summary());
}

} // namespace djm
