#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "djm/bytes.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/user_config.hpp"
#include "djm/value_sink.hpp"

/// One generator for every type with a field list: each field is drawn by its type.
namespace djm::testing {

enum class alphabet { utf8, bytes };

/// Random parts, to be called within a property. They shrink; none is a template, because compiling rapidcheck for
/// every type takes minutes.
std::size_t draw_index(std::size_t size);
std::uint64_t draw_bits();
std::string draw_text(alphabet a);
/// Values of several kinds under a few names.
user_config draw_config();

/// Checks a property with random values: it returns what is wrong, or an empty text. The seed is printed on failure.
bool holds(const std::function<std::string()>& property);

template <class T>
T draw_integer() {
  using limits = std::numeric_limits<T>;
  switch (draw_index(4)) {
  case 0: return limits::min();
  case 1: return limits::max();
  default: return static_cast<T>(draw_bits());
  }
}

template <class T>
T draw(alphabet a);

namespace detail {

struct draw_visitor {
  alphabet a;

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) const {
    ((fs.value = draw<Ts>(a)), ...);
  }
};

template <class V, std::size_t... Is>
V draw_variant(alphabet a, std::index_sequence<Is...>) {
  const auto index = draw_index(sizeof...(Is));
  V result;
  ((index == Is ? void(result.template emplace<Is>(draw<std::variant_alternative_t<Is, V>>(a))) : void()), ...);
  return result;
}

} // namespace detail

/// A random value; only within a property.
template <class T>
T draw(alphabet a) {
  if constexpr (std::is_same_v<T, bytes>) {
    return bytes_of(draw_text(a));
  } else if constexpr (std::is_convertible_v<user_config, T>) {
    return draw_config();
  } else if constexpr (is_one_word<T>) {
    static constexpr const char* words[] = {"", "any", "one_worker", "worker:n-1"};
    T result{};
    from_word(words[draw_index(std::size(words))], result);
    return result;
  } else if constexpr (has_fields<T>) {
    T result{};
    visit_fields(detail::draw_visitor{a}, result);
    return result;
  } else if constexpr (std::is_same_v<T, std::string> || is_id<T>) {
    return T{draw_text(a)};
  } else if constexpr (std::is_same_v<T, bool>) {
    return draw_index(2) == 1;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(draw_index(enum_names(T{}).names.size()));
  } else if constexpr (std::is_integral_v<T>) {
    return draw_integer<T>();
  } else if constexpr (djm::detail::is_duration<T>::value) {
    return T{draw_integer<typename T::rep>()};
  } else if constexpr (djm::detail::is_instance<std::vector, T>::value) {
    T result;
    for (auto n = draw_index(3); n > 0; --n) {
      result.push_back(draw<typename T::value_type>(a));
    }
    return result;
  } else if constexpr (djm::detail::is_instance<std::map, T>::value) {
    T result;
    for (auto n = draw_index(3); n > 0; --n) {
      result[draw<typename T::key_type>(a)] = draw<typename T::mapped_type>(a);
    }
    return result;
  } else if constexpr (djm::detail::is_instance<std::optional, T>::value) {
    if (draw_index(2) == 1) {
      return std::nullopt;
    }
    return draw<typename T::value_type>(a);
  } else {
    return detail::draw_variant<T>(a, std::make_index_sequence<std::variant_size_v<T>>{});
  }
}

} // namespace djm::testing
