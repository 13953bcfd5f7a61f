#pragma once

#include <string>
#include <type_traits>
#include <variant>

#include <caf/deep_to_string.hpp>
#include <caf/detail/stringification_inspector.hpp>
#include <caf/inspector_access.hpp>

#include "djm/fields.hpp"

/// Lets people see a `std::variant` as what it holds. In the global namespace.
#define DJM_SHOW_VARIANT(type)                                                                                         \
  template <>                                                                                                          \
  struct caf::inspector_access<type> : djm::cx::variant_access<type> {};

/// Inspection by field lists on CAF 1.x. Included by `djm/caf.hpp`.
namespace djm::cx {

/// Whether an inspector writes text for people.
template <class F>
constexpr bool is_text_inspector = std::is_same_v<F, caf::detail::stringification_inspector>;

/// Inspects the fields of an object by name, for types without a field list:
///   template <class F> auto inspect(F& f, foo& x) { return djm::cx::object(f, x, "foo", djm::field("a", x.a)); }
template <class F, class T, class... Ts>
bool object(F& f, T& x, const char* type, named_field<Ts>... fs) {
  if constexpr (is_text_inspector<F>) {
    std::string text = std::string{type} + '(';
    const char* separator = "";
    ((text.append(separator).append(fs.name).append(1, '=').append(fs.secret ? "\"***\""
                                                                             : caf::deep_to_string(fs.value)),
      separator = ", "),
     ...);
    return f.builtin_inspect(verbatim{text + ')'});
  } else {
    return f.object(x).pretty_name(type).fields(f.field(fs.name, fs.value)...);
  }
}

/// Inspects an object as its only part.
template <class F, class T>
bool apply(F& f, T& x) {
  return f.apply(x);
}

/// How a variant is inspected that people see as what it holds: see DJM_SHOW_VARIANT.
template <class Variant>
struct variant_access : caf::variant_inspector_access<Variant> {
  template <class F>
  static bool apply(F& f, Variant& x) {
    if constexpr (is_text_inspector<F>) {
      return f.builtin_inspect(verbatim{std::visit([](const auto& y) { return caf::deep_to_string(y); }, x)});
    } else {
      return caf::variant_inspector_access<Variant>::apply(f, x);
    }
  }
};

} // namespace djm::cx
