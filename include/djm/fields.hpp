#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

/// One field list per value type, from which everything else is derived: the CAF inspector, JSON, round-trip tests,
/// fuzzers. A type takes part by one line behind it, in its namespace:
///
///     struct point { int x = 0; int y = 0; };
///     DJM_FIELDS(point, x, y)
///
/// Where a name is not that of the member, or a text is secret, the list is written by hand:
///
///     template <class V> auto fields(V&& v, account& a) {
///       return v("account", field("user", a.name), secret_field("password", a.password));
///     }
///
/// A list by hand may also say what a member may be and what it means; whatever reads the member refuses the rest:
///
///     field("batch", c.batch).range(1, 1000).doc("messages in one run")
///
/// The visitor receives the type's name and the named references in one call; what it returns is returned.
/// A reading visitor gets the same references through `visit_fields(visitor, const_object)` and must not write.
namespace djm {

namespace detail {

struct no_bound {};

template <class T, class = void>
struct bound_of {
  using type = no_bound;
};
template <class T>
struct bound_of<T, std::enable_if_t<std::is_arithmetic_v<T> && !std::is_same_v<T, bool>>> {
  using type = T;
};
template <class R, class P>
struct bound_of<std::chrono::duration<R, P>> {
  using type = std::chrono::duration<R, P>;
};
template <class T>
struct bound_of<std::optional<T>> : bound_of<T> {};

} // namespace detail

/// A member of a struct under the name it has in JSON and in texts.
template <class T>
struct named_field {
  /// What its bounds are given in: numbers, durations and optionals of these have some.
  using bound = typename detail::bound_of<T>::type;
  /// Whether it may have bounds.
  static constexpr bool can_be_limited = !std::is_same_v<bound, detail::no_bound>;

  /// Its name.
  const char* name;
  /// The member itself.
  T& value;
  /// Never shown to people: text and JSON say "***". Only the binary form, which stays between processes, carries it.
  bool secret = false;
  /// What it means, for people.
  const char* text = "";
  /// Whether it has bounds.
  bool limited = false;
  /// The least that it may be, where it has bounds.
  bound least{};
  /// The most.
  bound most{};

  /// The same with bounds, both included. An optional without a value is always within them.
  constexpr named_field range(bound from, bound to) const {
    static_assert(can_be_limited, "numbers and durations have a range, and optionals of them");
    auto result = *this;
    result.limited = true;
    result.least = from;
    result.most = to;
    return result;
  }

  /// The same with what it means, in words that stand on their own: "messages in one run". A literal: only its address
  /// is kept.
  constexpr named_field doc(const char* meaning) const {
    auto result = *this;
    result.text = meaning;
    return result;
  }

  /// Whether the member is within its bounds; what is no number at all (NaN) is not.
  constexpr bool in_range() const {
    if constexpr (can_be_limited && std::is_same_v<bound, T>) {
      return !limited || (least <= value && value <= most);
    } else if constexpr (can_be_limited) {
      return !value || named_field<typename T::value_type>{name, *value, secret, text, limited, least, most}.in_range();
    } else {
      return true;
    }
  }
};

/// A member as it stands in a field list.
template <class T>
constexpr named_field<T> field(const char* name, T& value) noexcept {
  return {name, value};
}

/// A text that must not be shown, such as a password.
template <class T>
constexpr named_field<T> secret_field(const char* name, T& value) noexcept {
  static_assert(std::is_same_v<T, std::string>, "only what is written as a text is hidden");
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

/// Calls a visitor with the fields of an object, which it may write.
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

/// DJM_FIELDS(type, member...): the field list of a struct with up to 32 members, each under its own name. It stands
/// behind the struct, in the same namespace, without a semicolon.
#define DJM_FIELDS(...) DJM_FIELDS_CALL(DJM_FIELDS_JOIN(DJM_FIELDS_, DJM_FIELDS_SOME(__VA_ARGS__)), __VA_ARGS__)

// The machinery of DJM_FIELDS: whether there are members at all; how many; and DJM_FIELDS_n for n of them.
#define DJM_FIELDS_CALL(macro, ...) macro(__VA_ARGS__)
#define DJM_FIELDS_CALL_INNER(macro, ...) macro(__VA_ARGS__)
#define DJM_FIELDS_JOIN(a, b) DJM_FIELDS_JOIN_NOW(a, b)
#define DJM_FIELDS_JOIN_NOW(a, b) a##b
#define DJM_FIELDS_NONE(type)                                                                                          \
  template <class V>                                                                                                   \
  auto fields(V&& v, type&) {                                                                                          \
    return v(#type);                                                                                                   \
  }
#define DJM_FIELDS_MANY(type, ...)                                                                                     \
  template <class V>                                                                                                   \
  auto fields(V&& v, type& x) {                                                                                        \
    return v(#type, DJM_FIELDS_CALL_INNER(DJM_FIELDS_JOIN(DJM_FIELDS_, DJM_FIELDS_COUNT(__VA_ARGS__)), __VA_ARGS__));  \
  }
#define DJM_FIELDS_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20,     \
                        a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, picked, ...)                  \
  picked
#define DJM_FIELDS_SOME(...)                                                                                           \
  DJM_FIELDS_PICK(__VA_ARGS__, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,     \
                  MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,      \
                  MANY, MANY, NONE, ~)
#define DJM_FIELDS_COUNT(...)                                                                                          \
  DJM_FIELDS_PICK(__VA_ARGS__, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, \
                  11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, ~)
#define DJM_FIELDS_1(a) ::djm::field(#a, x.a)
#define DJM_FIELDS_2(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_1(__VA_ARGS__)
#define DJM_FIELDS_3(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_2(__VA_ARGS__)
#define DJM_FIELDS_4(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_3(__VA_ARGS__)
#define DJM_FIELDS_5(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_4(__VA_ARGS__)
#define DJM_FIELDS_6(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_5(__VA_ARGS__)
#define DJM_FIELDS_7(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_6(__VA_ARGS__)
#define DJM_FIELDS_8(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_7(__VA_ARGS__)
#define DJM_FIELDS_9(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_8(__VA_ARGS__)
#define DJM_FIELDS_10(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_9(__VA_ARGS__)
#define DJM_FIELDS_11(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_10(__VA_ARGS__)
#define DJM_FIELDS_12(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_11(__VA_ARGS__)
#define DJM_FIELDS_13(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_12(__VA_ARGS__)
#define DJM_FIELDS_14(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_13(__VA_ARGS__)
#define DJM_FIELDS_15(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_14(__VA_ARGS__)
#define DJM_FIELDS_16(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_15(__VA_ARGS__)
#define DJM_FIELDS_17(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_16(__VA_ARGS__)
#define DJM_FIELDS_18(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_17(__VA_ARGS__)
#define DJM_FIELDS_19(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_18(__VA_ARGS__)
#define DJM_FIELDS_20(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_19(__VA_ARGS__)
#define DJM_FIELDS_21(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_20(__VA_ARGS__)
#define DJM_FIELDS_22(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_21(__VA_ARGS__)
#define DJM_FIELDS_23(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_22(__VA_ARGS__)
#define DJM_FIELDS_24(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_23(__VA_ARGS__)
#define DJM_FIELDS_25(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_24(__VA_ARGS__)
#define DJM_FIELDS_26(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_25(__VA_ARGS__)
#define DJM_FIELDS_27(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_26(__VA_ARGS__)
#define DJM_FIELDS_28(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_27(__VA_ARGS__)
#define DJM_FIELDS_29(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_28(__VA_ARGS__)
#define DJM_FIELDS_30(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_29(__VA_ARGS__)
#define DJM_FIELDS_31(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_30(__VA_ARGS__)
#define DJM_FIELDS_32(a, ...) DJM_FIELDS_1(a), DJM_FIELDS_31(__VA_ARGS__)
