#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace djm {

namespace detail {

template <class T, class = void>
struct is_one_word_impl : std::false_type {};

template <class T>
struct is_one_word_impl<T, std::void_t<decltype(to_word(std::declval<const T&>())),
                                       decltype(from_word(std::string_view{}, std::declval<T&>()))>> : std::true_type {
};

} // namespace detail

/// Whether a struct is one word in JSON and in texts, although it has several members. Such a type has three functions
/// next to it, found by argument-dependent lookup:
///
///     std::string to_word(const T&);
///     bool from_word(std::string_view, T&);   // false, and nothing changed, for what is no such word
///     const char* rule_of_words(const T&);    // "any, one_worker or worker:<id>", for the complaint
template <class T>
constexpr bool is_one_word = detail::is_one_word_impl<T>::value;

} // namespace djm
