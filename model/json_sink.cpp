#include "djm/json.hpp"

#include <charconv>
#include <cmath>

#include "model/text.hpp"

namespace djm {

value_sink::~value_sink() = default;

json_sink::json_sink(int indent, secrets s) : indent_(indent), secrets_(s) {}

void json_sink::open(char bracket) {
  out_ += bracket;
  ++depth_;
  first_ = true;
}

void json_sink::close(char bracket) {
  --depth_;
  if (!first_ && indent_ >= 0) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth_ * indent_), ' ');
  }
  out_ += bracket;
  first_ = false;
}

void json_sink::next() {
  if (!first_) {
    out_ += ',';
  }
  first_ = false;
  if (indent_ >= 0) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth_ * indent_), ' ');
  }
}

void json_sink::append_text(std::string_view x) {
  constexpr char digits[] = "0123456789abcdef";
  out_ += '"';
  while (!x.empty()) {
    const auto c = static_cast<unsigned char>(x.front());
    const auto n = impl::utf8_sequence(x);
    if (n == 0) {
      out_ += "\xEF\xBF\xBD"; // U+FFFD
      x.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += x.front();
    } else if (c == '\n') {
      out_ += "\\n";
    } else if (c < 0x20 || c == 0x7F) {
      out_ += "\\u00";
      out_ += digits[c >> 4];
      out_ += digits[c & 15];
    } else {
      out_ += x.substr(0, n);
    }
    x.remove_prefix(n);
  }
  out_ += '"';
}

void json_sink::begin_object(const char*) {
  open('{');
}

void json_sink::begin_alternative(const char* type) {
  open('{');
  member("type");
  append_text(type);
}

void json_sink::member(const char* name) {
  key(name);
}
void json_sink::end_object() {
  close('}');
}
void json_sink::begin_list() {
  open('[');
}
void json_sink::element() {
  next();
}
void json_sink::end_list() {
  close(']');
}
void json_sink::begin_map() {
  open('{');
}

void json_sink::key(std::string_view name) {
  next();
  append_text(name);
  out_ += indent_ >= 0 ? ": " : ":";
}

void json_sink::end_map() {
  close('}');
}
void json_sink::none() {
  out_ += "null";
}
void json_sink::boolean(bool x) {
  out_ += x ? "true" : "false";
}
void json_sink::integer(std::int64_t x) {
  out_ += std::to_string(x);
}
void json_sink::natural(std::uint64_t x) {
  out_ += std::to_string(x);
}

void json_sink::real(double x) {
  if (!std::isfinite(x)) {
    return none();
  }
  // Without an exponent a large one would look like an integer, which readers take for one that does not fit.
  constexpr double long_integer = 9223372036854775808.0; // 2^63
  const bool large = std::abs(x) >= long_integer;
  char buffer[32];
  const auto [end, status] = large ? std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific)
                                   : std::to_chars(buffer, buffer + sizeof buffer, x);
  out_.append(buffer, end);
}

void json_sink::text(std::string_view x) {
  append_text(x);
}
void json_sink::symbol(std::string_view x) {
  append_text(x);
}
void json_sink::span(duration x) {
  append_text(format_duration(x));
}
void json_sink::moment(wall_time x) {
  append_text(format_time(x));
}

void json_sink::secret(std::string_view x) {
  append_text(secrets_ == secrets::shown || x.empty() ? x : "***");
}

} // namespace djm
