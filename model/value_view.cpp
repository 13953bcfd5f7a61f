#include "djm/value_view.hpp"

#include <limits>

#include "model/json_parse.hpp"
#include "model/value_access.hpp"

namespace djm {

namespace {

using impl::value_access;
using nlohmann::json;

const json no_value;

} // namespace

value_view::value_view() noexcept : value_(&no_value), stored_(&no_value) {}

value_kind value_view::kind() const noexcept {
  switch (value_access::value(*this).type()) {
  case json::value_t::boolean: return value_kind::boolean;
  case json::value_t::number_integer:
  case json::value_t::number_unsigned: return value_kind::integer;
  case json::value_t::number_float: return value_kind::real;
  case json::value_t::string: return value_kind::text;
  case json::value_t::array: return value_kind::list;
  case json::value_t::object: return value_kind::object;
  default: return value_kind::none; // binary and discarded values come from no text
  }
}

std::optional<bool> value_view::as_boolean() const noexcept {
  const auto* x = value_access::value(*this).get_ptr<const json::boolean_t*>();
  return x == nullptr ? std::nullopt : std::optional{*x};
}

std::optional<std::int64_t> value_view::as_integer() const noexcept {
  const auto& j = value_access::value(*this);
  if (const auto* n = j.get_ptr<const json::number_unsigned_t*>()) { // asked first: it is an integer as well
    const bool fits = *n <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return fits ? std::optional{static_cast<std::int64_t>(*n)} : std::nullopt;
  }
  const auto* n = j.get_ptr<const json::number_integer_t*>();
  return n == nullptr ? std::nullopt : std::optional{*n};
}

std::optional<std::uint64_t> value_view::as_natural() const noexcept {
  const auto& j = value_access::value(*this);
  if (const auto* n = j.get_ptr<const json::number_unsigned_t*>()) {
    return *n;
  }
  const auto* n = j.get_ptr<const json::number_integer_t*>();
  return n == nullptr || *n < 0 ? std::nullopt : std::optional{static_cast<std::uint64_t>(*n)};
}

std::optional<double> value_view::as_real() const noexcept {
  const auto& j = value_access::value(*this);
  if (const auto* x = j.get_ptr<const json::number_float_t*>()) {
    return *x;
  }
  if (const auto* n = j.get_ptr<const json::number_unsigned_t*>()) {
    return static_cast<double>(*n);
  }
  const auto* n = j.get_ptr<const json::number_integer_t*>();
  return n == nullptr ? std::nullopt : std::optional{static_cast<double>(*n)};
}

const std::string* value_view::as_text() const noexcept {
  return value_access::value(*this).get_ptr<const json::string_t*>();
}

const std::string* value_view::stored_text() const noexcept {
  return value_access::stored(*this).get_ptr<const json::string_t*>();
}

bool value_view::is_resolved() const noexcept {
  return value_ != stored_ && as_text() != nullptr && *as_text() != *stored_text();
}

std::size_t value_view::size() const noexcept {
  const auto& j = value_access::value(*this);
  return j.is_structured() ? j.size() : 0;
}

value_view value_view::element(std::size_t index) const noexcept {
  const auto* xs = value_access::value(*this).get_ptr<const json::array_t*>();
  if (xs == nullptr || index >= xs->size()) {
    return {};
  }
  return {&(*xs)[index], &value_access::stored(*this)[index]};
}

std::optional<value_view> value_view::find(std::string_view name) const {
  const auto* xs = value_access::value(*this).get_ptr<const json::object_t*>();
  if (xs == nullptr) {
    return std::nullopt;
  }
  const auto i = xs->find(std::string{name});
  if (i == xs->end()) {
    return std::nullopt;
  }
  return value_view{&i->second, value_ == stored_ ? &i->second : &value_access::stored(*this)[i->first]};
}

void value_view::each_member(const std::function<void(const std::string&, value_view)>& f) const {
  const auto* xs = value_access::value(*this).get_ptr<const json::object_t*>();
  if (xs == nullptr) {
    return;
  }
  for (const auto& [name, x] : *xs) {
    f(name, {&x, value_ == stored_ ? &x : &value_access::stored(*this)[name]});
  }
}

std::string value_view::shown() const {
  return impl::shown(value_access::stored(*this));
}

expected<value_document> value_document::parse(std::string_view text) {
  auto tree = impl::parse_json(text, impl::duplicate_keys::refused);
  if (!tree) {
    return fail(errc::invalid_file, "not well-formed JSON: " + tree.error());
  }
  value_document result;
  result.tree_ = std::make_shared<const json>(std::move(*tree));
  return result;
}

value_view value_document::root() const noexcept {
  return tree_ ? value_access::view(*static_cast<const json*>(tree_.get())) : value_view{};
}

} // namespace djm
