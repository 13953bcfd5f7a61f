#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <caf/deep_to_string.hpp>
#include <caf/detail/stringification_inspector.hpp>
#include <caf/sec.hpp>

#include "djm/fields.hpp"

/// Inspection by field lists on CAF 0.17.6, which does not know `std::optional` and `std::variant`. They are inspected
/// here wherever they stand in a field list; as messages of their own they are when one of djm's types is within.
/// Namespace caf stays as it is: two libraries that both taught it `std::optional` could not be used together. Included
/// by `djm/caf.hpp`.
#define DJM_SHOW_VARIANT(type)

namespace djm::cx {

/// Whether an inspector writes text for people.
template <class F>
constexpr bool is_text_inspector = std::is_same_v<F, caf::detail::stringification_inspector>;

namespace detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_variant : std::false_type {};
template <class... Ts>
struct is_variant<std::variant<Ts...>> : std::true_type {};
template <class T>
struct is_list_of_optionals : std::false_type {};
template <class T>
struct is_list_of_optionals<std::vector<std::optional<T>>> : std::true_type {};

template <class F, class T>
typename F::result_type inspect_part(F& f, T& x);

template <class F, class T>
typename F::result_type inspect_optional(F& f, std::optional<T>& x) {
  bool present = x.has_value();
  if (auto err = f(present)) {
    return err;
  }
  if constexpr (F::writes_state) {
    x.reset();
    if (present) {
      x.emplace();
    }
  }
  return present ? inspect_part(f, *x) : caf::error{};
}

template <class Variant, std::size_t I = 0>
bool emplace_alternative(Variant& x, std::size_t index) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return false;
  } else {
    if (index != I) {
      return emplace_alternative<Variant, I + 1>(x, index);
    }
    x.template emplace<I>();
    return true;
  }
}

template <class F, class... Ts>
typename F::result_type inspect_variant(F& f, std::variant<Ts...>& x) {
  static_assert(sizeof...(Ts) < 256);
  auto index = static_cast<std::uint8_t>(x.index());
  if (auto err = f(index)) {
    return err;
  }
  if constexpr (F::writes_state) {
    if (!emplace_alternative(x, index)) {
      return caf::make_error(caf::sec::unknown_type, "no alternative " + std::to_string(index));
    }
  }
  return std::visit([&f](auto& y) -> typename F::result_type { return inspect_part(f, y); }, x);
}

template <class F, class T>
typename F::result_type inspect_list(F& f, std::vector<T>& xs) {
  auto size = static_cast<std::uint32_t>(xs.size());
  if (auto err = f(size)) {
    return err;
  }
  if constexpr (F::writes_state) {
    xs.clear(); // and grown one by one: the number may be anything
  }
  for (std::uint32_t i = 0; i < size; ++i) {
    if constexpr (F::writes_state) {
      xs.emplace_back();
    }
    if (auto err = inspect_part(f, xs[i])) {
      return err;
    }
  }
  return caf::error{};
}

template <class F, class T>
typename F::result_type inspect_part(F& f, T& x) {
  if constexpr (is_optional<T>::value) {
    return inspect_optional(f, x);
  } else if constexpr (is_variant<T>::value) {
    return inspect_variant(f, x);
  } else if constexpr (is_list_of_optionals<T>::value) {
    return inspect_list(f, x);
  } else {
    return f(x);
  }
}

template <class T>
std::string text_of(const T& x) {
  if constexpr (is_optional<T>::value) {
    return x ? text_of(*x) : "none";
  } else if constexpr (is_variant<T>::value) {
    return std::visit([](const auto& y) { return text_of(y); }, x);
  } else if constexpr (is_list_of_optionals<T>::value) {
    std::string text = "[";
    for (const auto& y : x) {
      text.append(text.size() > 1 ? ", " : "").append(text_of(y));
    }
    return text + ']';
  } else {
    return caf::deep_to_string(x);
  }
}

} // namespace detail

/// Inspects fields in their order, without their names.
template <class F, class... Ts>
typename F::result_type parts(F& f, named_field<Ts>... fs) {
  caf::error failed;
  (void) ((failed = detail::inspect_part(f, fs.value), !failed) && ...);
  return failed;
}

/// Inspects the fields of an object by name, for types without a field list:
///   template <class F> auto inspect(F& f, foo& x) { return djm::cx::object(f, x, "foo", djm::field("a", x.a)); }
template <class F, class T, class... Ts>
typename F::result_type object(F& f, T&, const char* type, named_field<Ts>... fs) {
  if constexpr (is_text_inspector<F>) {
    std::string text = std::string{type} + '(';
    const char* separator = "";
    ((text.append(separator).append(fs.name).append(1, '=').append(fs.secret ? "\"***\"" : detail::text_of(fs.value)),
      separator = ", "),
     ...);
    return f(verbatim{text + ')'});
  } else {
    return parts(f, fs...);
  }
}

/// Inspects an object as its only part.
template <class F, class T>
typename F::result_type apply(F& f, T& x) {
  return f(x);
}

} // namespace djm::cx

namespace djm {

/// As messages of their own: argument-dependent lookup finds these through djm's types within.
template <class F, class T>
typename F::result_type inspect(F& f, std::optional<T>& x) {
  if constexpr (cx::is_text_inspector<F>) {
    return f(cx::verbatim{cx::detail::text_of(x)});
  } else {
    return cx::detail::inspect_optional(f, x);
  }
}
template <class F, class... Ts>
typename F::result_type inspect(F& f, std::variant<Ts...>& x) {
  if constexpr (cx::is_text_inspector<F>) {
    return f(cx::verbatim{cx::detail::text_of(x)});
  } else {
    return cx::detail::inspect_variant(f, x);
  }
}

} // namespace djm
