#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <caf/type_id.hpp>

#include "djm/caf.hpp"

/// The types that CAF knows by number, one by one.
namespace djm::testing {

template <class T>
struct tag {
  using type = T;
};

namespace detail {

template <class Block, class F, std::size_t... Is>
void each_type_of_block(F& f, std::index_sequence<Is...>) {
  (f(tag<typename caf::type_by_id<static_cast<caf::type_id_t>(Block::begin + Is)>::type>{}), ...);
}

template <class T, class = void>
struct has_number_impl : std::false_type {};
template <class T>
struct has_number_impl<T, std::void_t<decltype(caf::type_id<T>::value)>> : std::true_type {};

} // namespace detail

/// Calls `f(tag<T>{})` for every type of a block of type ids.
template <class Block, class F>
void each_numbered_type(F f) {
  detail::each_type_of_block<Block>(f, std::make_index_sequence<Block::end - Block::begin>{});
}

/// Whether a type may travel as an element of a message on CAF 1.x.
template <class T>
constexpr bool has_number = std::is_void_v<T> || detail::has_number_impl<T>::value;

} // namespace djm::testing
