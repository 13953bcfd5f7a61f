#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

/// One list of names per enumeration, from which `to_string`, JSON and what people read are derived. The enumerators
/// count from 0 without gaps. An enumeration takes part by one function next to it, found by argument-dependent lookup:
///
///     enum class colour { red, green };
///     constexpr auto enum_names(colour) { return name_enum("colour", "red", "green"); }
namespace djm {

/// The names of an enumeration: what `enum_names` returns.
template <std::size_t N>
struct enum_table {
  /// Name of the enumeration.
  std::string_view type;
  /// Names of the enumerators in order.
  std::array<std::string_view, N> names;
};

/// Makes such a list: first the name of the enumeration, then those of its enumerators, in their order.
template <class... Names>
constexpr enum_table<sizeof...(Names)> name_enum(std::string_view type, Names... names) {
  return {type, {std::string_view{names}...}};
}

namespace detail {

template <class E, class = void>
struct has_enum_names_impl : std::false_type {};

template <class E>
struct has_enum_names_impl<E, std::void_t<decltype(enum_names(std::declval<E>()))>> : std::is_enum<E> {};

} // namespace detail

/// Whether `E` is an enumeration with a list of names.
template <class E>
constexpr bool has_enum_names = detail::has_enum_names_impl<E>::value;

/// The enumerator's name; `<type>(<number>)` for a value outside the enumeration.
template <class E>
std::string enum_text(E value) {
  constexpr auto table = enum_names(E{});
  const auto index = static_cast<std::size_t>(value);
  if (index < table.names.size()) {
    return std::string{table.names[index]};
  }
  return std::string{table.type} + "(" + std::to_string(index) + ")";
}

/// The same under the name that people look for; where an enumeration has a `to_string` of its own, that one is taken.
template <class E>
std::enable_if_t<has_enum_names<E>, std::string> to_string(E value) {
  return enum_text(value);
}

/// The enumerator of this name; nothing for any other text.
template <class E>
std::optional<E> enum_value(std::string_view name) {
  constexpr auto table = enum_names(E{});
  for (std::size_t i = 0; i < table.names.size(); ++i) {
    if (table.names[i] == name) {
      return static_cast<E>(i);
    }
  }
  return std::nullopt;
}

/// Whether the value is one of the enumerators (it may not be when it came from a cast or from bytes).
template <class E>
constexpr bool is_enumerator(E value) {
  return static_cast<std::size_t>(value) < enum_names(E{}).names.size();
}

} // namespace djm
