#include "djm/text.hpp"

#include <charconv>

#include "model/text.hpp"

namespace djm {

void text_sink::separate() {
  if (!first_) {
    out_ += ", ";
  }
  first_ = false;
}

void text_sink::begin_object(const char* type) {
  out_ += type;
  out_ += '(';
  first_ = true;
}

void text_sink::begin_alternative(const char* type) {
  begin_object(type);
}

void text_sink::member(const char* name) {
  separate();
  out_ += name;
  out_ += '=';
}

void text_sink::end_object() {
  out_ += ')';
  first_ = false;
}

void text_sink::begin_list() {
  out_ += '[';
  first_ = true;
}

void text_sink::element() {
  separate();
}

void text_sink::end_list() {
  out_ += ']';
  first_ = false;
}

void text_sink::begin_map() {
  out_ += '{';
  first_ = true;
}

void text_sink::key(std::string_view name) {
  separate();
  text(name);
  out_ += " = ";
}

void text_sink::end_map() {
  out_ += '}';
  first_ = false;
}

void text_sink::none() {
  out_ += "none";
}
void text_sink::boolean(bool x) {
  out_ += x ? "true" : "false";
}
void text_sink::integer(std::int64_t x) {
  out_ += std::to_string(x);
}
void text_sink::natural(std::uint64_t x) {
  out_ += std::to_string(x);
}

void text_sink::real(double x) {
  char buffer[32];
  const auto [end, status] = std::to_chars(buffer, buffer + sizeof buffer, x);
  out_.append(buffer, end);
}

void text_sink::text(std::string_view x) {
  out_ += impl::quote(x, x.size());
}
void text_sink::symbol(std::string_view x) {
  out_ += x.empty() ? "\"\"" : x;
}
void text_sink::span(duration x) {
  out_ += format_duration(x);
}
void text_sink::moment(wall_time x) {
  out_ += format_time(x);
}
void text_sink::secret(std::string_view x) {
  out_ += x.empty() ? "\"\"" : "\"***\"";
}

} // namespace djm
