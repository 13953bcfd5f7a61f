#pragma once

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "djm/field_rules.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/json.hpp"
#include "djm/one_word.hpp"
#include "djm/time.hpp"
#include "djm/value_sink.hpp"

namespace djm {

/// One member of a struct, for help texts and tools.
struct field_description {
  /// As in JSON; nested with a dot ("store.root"), within the elements of a list with "[]" ("tables[].name"), within
  /// the values of a map with "*" ("limits.*.rate").
  std::string name;
  /// What it takes: "boolean", "integer", "number", "text", "duration", "time", "word" (of the range), "list of ...",
  /// "map of ...", "object", "object of several kinds".
  std::string type;
  /// What it is when nothing is said, as in JSON; a secret is never shown.
  std::string default_value;
  /// What it may be: "1 to 1000", "low, normal, high". Empty when the type says it all.
  std::string range;
  /// What it means; empty when the field list does not say.
  std::string text;
  /// Whether it is a secret.
  bool secret = false;
  /// Whether there may be no value: null.
  bool optional = false;
};
DJM_FIELDS(field_description, name, type, default_value, range, text, secret, optional)

/// Whether they agree in every member.
inline bool operator==(const field_description& a, const field_description& b) {
  return equal_fields(a, b);
}

namespace detail {

template <class T>
std::string type_word() {
  if constexpr (is_one_word<T> || has_enum_names<T>) {
    return "word";
  } else if constexpr (std::is_same_v<T, bool>) {
    return "boolean";
  } else if constexpr (std::is_integral_v<T>) {
    return "integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "number";
  } else if constexpr (is_duration<T>::value || std::is_same_v<T, time_point>) {
    return "duration";
  } else if constexpr (std::is_same_v<T, wall_time>) {
    return "time";
  } else if constexpr (is_instance<std::vector, T>::value) {
    return "list of " + type_word<typename T::value_type>();
  } else if constexpr (is_instance<std::map, T>::value) {
    return "map of " + type_word<typename T::mapped_type>();
  } else if constexpr (is_instance<std::pair, T>::value) {
    return "pair of " + type_word<typename T::first_type>() + " and " + type_word<typename T::second_type>();
  } else if constexpr (is_instance<std::optional, T>::value) {
    return type_word<typename T::value_type>();
  } else if constexpr (is_instance<std::shared_ptr, T>::value) {
    return type_word<std::remove_cv_t<typename T::element_type>>();
  } else if constexpr (is_instance<std::variant, T>::value) {
    return "object of several kinds";
  } else if constexpr (has_fields<T> || writes_itself<T>) {
    return "object";
  } else {
    return "text";
  }
}

template <class T>
std::string range_of_type() {
  if constexpr (is_one_word<T>) {
    return rule_of_words(T{});
  } else if constexpr (has_enum_names<T>) {
    return enum_words<T>();
  } else if constexpr (is_instance<std::vector, T>::value || is_instance<std::optional, T>::value) {
    return range_of_type<typename T::value_type>();
  } else if constexpr (is_instance<std::map, T>::value) {
    return range_of_type<typename T::mapped_type>();
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return bound_text(std::numeric_limits<T>::min()) + " to " + bound_text(std::numeric_limits<T>::max());
  } else {
    return {};
  }
}

class field_lister {
public:
  explicit field_lister(std::vector<field_description>& list) : list_(list) {}

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) {
    (add(fs), ...);
  }

private:
  static constexpr int max_depth = 8; // a type may hold a list of itself

  template <class T>
  void add(named_field<T> f) {
    if constexpr (has_fields<T> && !is_one_word<T>) {
      visit_members(f.name, f.value);
    } else {
      auto range = range_text(f);
      list_.push_back({prefix_ + f.name, type_word<T>(), default_text(f), range.empty() ? range_of_type<T>() : range,
                       f.text, f.secret, is_instance<std::optional, T>::value});
      add_inner<T>(f.name);
    }
  }

  /// Members of what a list, map or optional holds.
  template <class T>
  void add_inner(const std::string& name) {
    if constexpr (is_instance<std::vector, T>::value) {
      add_element<typename T::value_type>(name + "[]");
    } else if constexpr (is_instance<std::map, T>::value) {
      add_element<typename T::mapped_type>(name + ".*");
    } else if constexpr (is_instance<std::optional, T>::value) {
      add_element<typename T::value_type>(name);
    }
  }

  template <class T>
  void add_element(const std::string& name) {
    if constexpr (is_one_word<T>) {
      return;
    } else if constexpr (has_fields<T>) {
      T x{};
      visit_members(name, x);
    } else {
      add_inner<T>(name);
    }
  }

  template <class T>
  void visit_members(const std::string& name, T& x) {
    if (depth_ == max_depth) {
      return;
    }
    const auto outer = prefix_;
    prefix_ += name + ".";
    ++depth_;
    visit_fields(*this, x);
    --depth_;
    prefix_ = outer;
  }

  template <class T>
  static std::string default_text(const named_field<T>& f) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (f.secret) {
        return {};
      }
    }
    return to_json_text(f.value);
  }

  std::vector<field_description>& list_;
  std::string prefix_;
  int depth_ = 0;
};

} // namespace detail

/// The members of a struct with a field list, nested ones included, in the order of the list; `T` has defaults.
template <class T>
std::vector<field_description> describe_fields() {
  std::vector<field_description> result;
  T x{};
  visit_fields(detail::field_lister{result}, x);
  return result;
}

} // namespace djm
