#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "djm/complaint_list.hpp"
#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/one_word.hpp"
#include "djm/time.hpp"
#include "djm/value_sink.hpp"

/// What the field list of a type says of its values: `check_fields` holds an object against it.
namespace djm {

namespace detail {

std::string number_text(std::int64_t x);
std::string number_text(std::uint64_t x);
std::string number_text(double x);
/// "0 is not from 1 to 1000"; `shown` is the value as people see it.
std::string out_of_range_text(std::string_view shown, std::string_view range);
/// The value in quotation marks, as in complaints about JSON.
std::string quoted(std::string_view text);

/// A bound as people write it: "1000", "0.5", "250ms".
template <class T>
std::string bound_text(const T& x) {
  if constexpr (is_duration<T>::value) {
    return format_duration(saturate(x));
  } else if constexpr (std::is_floating_point_v<T>) {
    return number_text(static_cast<double>(x));
  } else if constexpr (std::is_signed_v<T>) {
    return number_text(std::int64_t{x});
  } else {
    return number_text(std::uint64_t{x});
  }
}

/// "1 to 1000"; empty without bounds.
template <class T>
std::string range_text(const named_field<T>& f) {
  if constexpr (named_field<T>::can_be_limited) {
    if (f.limited) {
      return bound_text(f.least).append(" to ").append(bound_text(f.most));
    }
  }
  return {};
}

/// "red, green", for rules.
template <class E>
std::string enum_words() {
  std::string result;
  for (const auto& name : enum_names(E{}).names) {
    result.append(result.empty() ? "" : ", ").append(name.empty() ? "\"\"" : name);
  }
  return result;
}

/// Goes through an object and complains about what its field lists do not allow.
class field_checker {
public:
  explicit field_checker(complaint_list& found) : found_(found) {}

  template <class T>
  void check(const T& x) {
    if constexpr (is_one_word<T>) {
      return; // a word that is none cannot be made
    } else if constexpr (has_fields<T>) {
      visit_fields(*this, x);
    } else if constexpr (has_enum_names<T>) {
      if (!is_enumerator(x)) {
        found_.add(enum_text(x).append(" is not one of ").append(enum_words<T>()));
      }
    } else if constexpr (is_instance<std::vector, T>::value) {
      std::size_t i = 0;
      for (const auto& element : x) {
        within(std::to_string(i++), element);
      }
    } else if constexpr (is_instance<std::map, T>::value) {
      for (const auto& [key, element] : x) {
        within(std::string{std::string_view{key}}, element);
      }
    } else if constexpr (is_instance<std::pair, T>::value) {
      within("0", x.first);
      within("1", x.second);
    } else if constexpr (is_instance<std::optional, T>::value || is_instance<std::shared_ptr, T>::value) {
      if (x) {
        check(*x);
      }
    } else if constexpr (is_instance<std::variant, T>::value) {
      std::visit([this](const auto& y) { check(y); }, x);
    }
  }

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) {
    (check_member(fs), ...);
  }

private:
  template <class T>
  void within(std::string name, const T& x) {
    found_.enter(std::move(name));
    check(x);
    found_.leave();
  }

  template <class T>
  void check_member(named_field<T> f) {
    found_.enter(f.name);
    check(f.value);
    if (!f.in_range()) {
      found_.add(out_of_range_text(shown(f.value), range_text(f)));
    }
    found_.leave();
  }

  template <class T>
  static std::string shown(const T& x) {
    if constexpr (is_instance<std::optional, T>::value) {
      return shown(*x);
    } else if constexpr (is_duration<T>::value) {
      return detail::quoted(bound_text(x)); // not std::quoted, which the argument would lead to
    } else if constexpr (std::is_arithmetic_v<T>) {
      return bound_text(x);
    } else {
      return {}; // has no bounds that it could break
    }
  }

  complaint_list& found_;
};

} // namespace detail

/// Whether every member of an object, however deep within, is in its range, and every enumerator is one.
/// `errc::invalid_config` with all complaints, each with JSON pointer, value and rule: what a reader would say about
/// the same object written as JSON.
template <class T>
expected<void> check_fields(const T& x) {
  complaint_list found;
  detail::field_checker{found}.check(x);
  return found.result();
}

} // namespace djm
