#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/export.hpp"
#include "djm/fields.hpp"
#include "djm/one_word.hpp"
#include "djm/time.hpp"

/// Where values are written to, one call per part. JSON and the text for people are two sinks; `write_value` walks any
/// type with a field list once for both, so that a new format costs no new template.
namespace djm {

/// Where a value is written to.
class DJM_EXPORT value_sink {
public:
  virtual ~value_sink();

  /// A struct: `member` before each of its values.
  virtual void begin_object(const char* type) = 0;
  /// A struct as one of several alternatives: the type must be told.
  virtual void begin_alternative(const char* type) = 0;
  /// The name of the member whose value follows.
  virtual void member(const char* name) = 0;
  /// The end of a struct.
  virtual void end_object() = 0;

  /// `element` before each value.
  virtual void begin_list() = 0;
  /// The next element follows.
  virtual void element() = 0;
  /// The end of a list.
  virtual void end_list() = 0;

  /// `key` before each value.
  virtual void begin_map() = 0;
  /// The key whose value follows.
  virtual void key(std::string_view name) = 0;
  /// The end of a map.
  virtual void end_map() = 0;

  /// No value where there may be none.
  virtual void none() = 0;
  /// True or false.
  virtual void boolean(bool x) = 0;
  /// A signed number.
  virtual void integer(std::int64_t x) = 0;
  /// An unsigned number.
  virtual void natural(std::uint64_t x) = 0;
  /// A floating number.
  virtual void real(double x) = 0;
  /// A text.
  virtual void text(std::string_view x) = 0;
  /// Name of an enumerator.
  virtual void symbol(std::string_view x) = 0;
  /// A duration.
  virtual void span(duration x) = 0;
  /// A moment for people.
  virtual void moment(wall_time x) = 0;
  /// A text that must not be shown.
  virtual void secret(std::string_view x) = 0;
};

template <class T>
void write_value(value_sink& sink, const T& x);

namespace detail {

template <class T>
struct is_duration : std::false_type {};
template <class R, class P>
struct is_duration<std::chrono::duration<R, P>> : std::true_type {};

template <template <class...> class Template, class T>
struct is_instance : std::false_type {};
template <template <class...> class Template, class... Ts>
struct is_instance<Template, Template<Ts...>> : std::true_type {};

template <class T>
constexpr bool always_false = false;

template <class T, class = void>
struct writes_itself_impl : std::false_type {};
template <class T>
struct writes_itself_impl<T, std::void_t<decltype(std::declval<const T&>().write_to(std::declval<value_sink&>()))>>
  : std::true_type {};

struct member_writer {
  value_sink& sink;
  bool alternative = false;

  template <class... Ts>
  void operator()(const char* type, named_field<Ts>... fs) const {
    if (alternative) {
      sink.begin_alternative(type);
    } else {
      sink.begin_object(type);
    }
    (write_member(fs), ...);
    sink.end_object();
  }

  template <class T>
  void write_member(named_field<T> f) const {
    sink.member(f.name);
    if constexpr (std::is_same_v<T, std::string>) {
      if (f.secret) {
        return sink.secret(f.value);
      }
    }
    write_value(sink, f.value);
  }
};

template <class T>
void write_sequence(value_sink& sink, const T& xs) {
  sink.begin_list();
  for (const auto& x : xs) {
    sink.element();
    write_value(sink, x);
  }
  sink.end_list();
}

template <class T>
void write_map(value_sink& sink, const T& xs) {
  sink.begin_map();
  for (const auto& [name, x] : xs) {
    sink.key(name);
    write_value(sink, x);
  }
  sink.end_map();
}

} // namespace detail

/// Whether a type that has no field list writes itself: `void write_to(value_sink&) const`.
template <class T>
constexpr bool writes_itself = detail::writes_itself_impl<T>::value;

/// Writes a value of any type that may stand in a field list: bool, integers, double, text, durations (saturated, see
/// `saturate`), times, enumerations with names, structs that are one word, structs with a field list, what writes
/// itself, and vector, map from text, pair, optional, variant of structs and shared pointer of these.
template <class T>
void write_value(value_sink& sink, const T& x) {
  if constexpr (is_one_word<T>) {
    sink.text(to_word(x));
  } else if constexpr (has_fields<T>) {
    visit_fields(detail::member_writer{sink, always_named<T>}, x);
  } else if constexpr (writes_itself<T>) {
    x.write_to(sink);
  } else if constexpr (std::is_same_v<T, bool>) {
    sink.boolean(x);
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(has_enum_names<T>, "write enum_names(E) next to the enumeration");
    sink.symbol(enum_text(x));
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    sink.integer(x);
  } else if constexpr (std::is_integral_v<T>) {
    sink.natural(x);
  } else if constexpr (std::is_floating_point_v<T>) {
    sink.real(static_cast<double>(x));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    sink.text(x);
  } else if constexpr (detail::is_duration<T>::value) {
    sink.span(saturate(x));
  } else if constexpr (std::is_same_v<T, wall_time>) {
    sink.moment(x);
  } else if constexpr (std::is_same_v<T, time_point>) {
    sink.span(x.time_since_epoch());
  } else if constexpr (detail::is_instance<std::vector, T>::value) {
    detail::write_sequence(sink, x);
  } else if constexpr (detail::is_instance<std::map, T>::value) {
    detail::write_map(sink, x);
  } else if constexpr (detail::is_instance<std::pair, T>::value) {
    sink.begin_list();
    sink.element();
    write_value(sink, x.first);
    sink.element();
    write_value(sink, x.second);
    sink.end_list();
  } else if constexpr (detail::is_instance<std::optional, T>::value || detail::is_instance<std::shared_ptr, T>::value) {
    if (x) {
      write_value(sink, *x);
    } else {
      sink.none();
    }
  } else if constexpr (detail::is_instance<std::variant, T>::value) {
    std::visit([&sink](const auto& y) { visit_fields(detail::member_writer{sink, true}, y); }, x);
  } else {
    static_assert(detail::always_false<T>, "this type cannot stand in a field list");
  }
}

} // namespace djm
