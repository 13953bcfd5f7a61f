#include "model/tree_sink.hpp"

#include <cmath>

#include "model/config_text.hpp"
#include "model/text.hpp"

namespace djm::impl {

using nlohmann::json;

json& tree_sink::put(json x) {
  if (open_.empty()) {
    return root_ = std::move(x);
  }
  auto& parent = *open_.back().node;
  if (parent.is_array()) {
    parent.push_back(std::move(x));
    return parent.back();
  }
  return parent[open_.back().name] = std::move(x);
}

void tree_sink::open(json x) {
  auto& node = put(std::move(x));
  open_.push_back({&node, {}, false});
}

void tree_sink::close() {
  if (open_.back().entered) {
    found_.leave();
  }
  open_.pop_back();
}

void tree_sink::enter(std::string name) {
  if (!is_utf8(name)) {
    found_.add("the key " + quote(name) + " is not UTF-8");
    name = "?";
  }
  auto& top = open_.back();
  if (top.entered) {
    found_.leave();
  }
  top.entered = true;
  found_.enter(name);
  top.name = std::move(name);
}

void tree_sink::begin_object(const char*) {
  open(json::object());
}

void tree_sink::begin_alternative(const char* type) {
  open(json::object());
  (*open_.back().node)["type"] = type;
}

void tree_sink::member(const char* name) {
  enter(name);
}
void tree_sink::end_object() {
  close();
}
void tree_sink::begin_list() {
  open(json::array());
}
void tree_sink::element() {
  enter(std::to_string(open_.back().node->size()));
}
void tree_sink::end_list() {
  close();
}
void tree_sink::begin_map() {
  open(json::object());
}
void tree_sink::key(std::string_view name) {
  enter(std::string{name});
}
void tree_sink::end_map() {
  close();
}
void tree_sink::none() {
  put(nullptr);
}
void tree_sink::boolean(bool x) {
  put(x);
}
void tree_sink::integer(std::int64_t x) {
  put(x);
}
void tree_sink::natural(std::uint64_t x) {
  put(x);
}

void tree_sink::real(double x) {
  if (!std::isfinite(x)) {
    found_.add(std::to_string(x) + " is not a finite number");
  }
  put(x);
}

void tree_sink::text(std::string_view x) {
  if (!is_utf8(x)) {
    found_.add(quote(x) + " is not UTF-8");
  }
  put(std::string{x});
}

void tree_sink::symbol(std::string_view x) {
  text(x);
}
void tree_sink::span(duration x) {
  text(format_duration(x));
}

void tree_sink::moment(wall_time x) {
  const auto shown = format_time(x);
  if (parse_time(shown) != x) {
    found_.add("a time is not within the years 0000 to 9999");
  }
  text(shown);
}

void tree_sink::secret(std::string_view x) {
  if (!x.empty() && !parse_reference(x)) {
    found_.add(rule_of_secrets);
    x = {};
  }
  text(x);
}

} // namespace djm::impl
