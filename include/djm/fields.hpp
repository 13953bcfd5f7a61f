#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

/// One field list per value type, from which everything else is derived: the CAF inspector, JSON, round-trip tests,
/// fuzzers. A type takes part by one function next to it:
///
///   struct point { int x = 0; int y = 0; };
///   template <class V> auto fields(V&& v, point& p) {
///     return v("point", field("x", p.x), field("y", p.y));
///   }
///
/// The visitor receives the type's name and the named references in one call; what it returns is returned.
/// A reading visitor gets the same references through `visit_fields(visitor, const_object)` and must not write.
namespace djm {

template <class T>
struct named_field {
  const char* name;
  T& value;
  /// Never shown to people: text and JSON say "***". Only the binary form, which stays between processes, carries it.
  bool secret = false;
};

template <class T>
constexpr named_field<T> field(const char* name, T& value) noexcept {
  return {name, value};
}

/// A text that must not be shown, such as a password.
template <class T>
constexpr named_field<T> secret_field(const char* name, T& value) noexcept {
  return {name, value, true};
}

namespace detail {

struct probe_visitor {
  template <class... Ts>
  int operator()(const char*, named_field<Ts>...) const {
    return 0;
  }
};

template <class T, class = void>
struct has_fields_impl : std::false_type {};

template <class T>
struct has_fields_impl<T, std::void_t<decltype(fields(std::declval<probe_visitor>(), std::declval<T&>()))>>
  : std::true_type {};

} // namespace detail

/// Whether `T` has a field list that argument-dependent lookup finds.
template <class T>
constexpr bool has_fields = detail::has_fields_impl<std::remove_cv_t<T>>::value;

/// Whether JSON of the type begins with its name wherever it stands, as where it is one of several alternatives.
template <class T, class = void>
inline constexpr bool always_named = false;

/// Calls a visitor that only reads with the fields of a const object.
template <class V, class T>
auto visit_fields(V&& v, const T& x) {
  return fields(std::forward<V>(v), const_cast<T&>(x));
}

template <class V, class T>
auto visit_fields(V&& v, T& x) {
  return fields(std::forward<V>(v), x);
}

namespace detail {

struct tie_visitor {
  template <class... Ts>
  auto operator()(const char*, named_field<Ts>... fs) const {
    return std::tuple<const Ts&...>(fs.value...);
  }
};

} // namespace detail

/// Whether two values agree field by field; the field types must have `==`.
template <class T>
bool equal_fields(const T& a, const T& b) {
  return visit_fields(detail::tie_visitor{}, a) == visit_fields(detail::tie_visitor{}, b);
}

} // namespace djm
