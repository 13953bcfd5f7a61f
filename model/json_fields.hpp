#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/one_word.hpp"
#include "djm/time.hpp"
#include "djm/value_sink.hpp"
#include "model/json_parse.hpp"
#include "model/text.hpp"

/// Reads JSON into any type with a field list. Internal: not installed.
namespace djm::impl {

enum class unknown_keys {
  /// For payloads: a later version may have written them.
  ignored,
  /// For configuration: most likely a typing error.
  refused,
};

/// Reads what `json_sink` writes. Members that are missing keep the value they have. Goes on after a fault, so that all
/// complaints come at once; each names the JSON pointer, the value and the rule.
class json_reader {
public:
  explicit json_reader(unknown_keys policy) : policy_(policy) {}

  /// `true` in front of a type's members when the caller has its own, such as "v" or "type".
  struct reserved_key {
    const char* name; // no initialiser: clang wants none in front of the default argument below
  };

  template <class T>
  void read(const nlohmann::json& j, T& x, reserved_key reserved = {}) {
    if constexpr (is_one_word<T>) {
      if (expect(j.is_string(), j, "a text")) {
        expect(from_word(j.get_ref<const std::string&>(), x), j, rule_of_words(x));
      }
    } else if constexpr (has_fields<T>) {
      if (always_named<T> && reserved.name == nullptr) {
        reserved = {"type"};
      }
      if (expect(j.is_object(), j, "an object")) {
        read_object(j, x, reserved);
      }
    } else if constexpr (std::is_same_v<T, bool>) {
      if (expect(j.is_boolean(), j, "true or false")) {
        x = j.get<bool>();
      }
    } else if constexpr (std::is_enum_v<T>) {
      read_enum(j, x);
    } else if constexpr (std::is_integral_v<T>) {
      read_integer(j, x);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (expect(j.is_number(), j, "a number")) {
        x = j.get<T>();
      }
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (expect(j.is_string(), j, "a text")) {
        x = j.get_ref<const std::string&>();
      }
    } else if constexpr (is_id<T>) {
      if (expect(j.is_string(), j, "a text")) {
        x = T{j.get_ref<const std::string&>()};
      }
    } else if constexpr (std::is_same_v<T, duration>) {
      read_duration(j, x);
    } else if constexpr (std::is_same_v<T, time_point>) {
      duration since_epoch{};
      read_duration(j, since_epoch);
      x = time_point{since_epoch};
    } else if constexpr (std::is_same_v<T, wall_time>) {
      read_time(j, x);
    } else if constexpr (djm::detail::is_instance<std::vector, T>::value) {
      read_list(j, x);
    } else if constexpr (djm::detail::is_instance<std::map, T>::value) {
      read_map(j, x);
    } else if constexpr (djm::detail::is_instance<std::optional, T>::value) {
      if (j.is_null()) {
        x.reset();
      } else {
        read(j, x.emplace());
      }
    } else if constexpr (djm::detail::is_instance<std::variant, T>::value) {
      if (expect(j.is_object(), j, "an object")) {
        read_variant(j, x, static_cast<T*>(nullptr));
      }
    } else {
      static_assert(djm::detail::always_false<T>, "this type cannot be read from JSON");
    }
  }

  /// Adds a complaint about the member `name` of what is being read.
  void complain_at(const std::string& name, const std::string& text);

  const std::vector<std::string>& complaints() const noexcept { return complaints_; }

  /// All complaints in one line.
  std::string summary() const;

private:
  struct member_reader {
    json_reader& reader;
    const nlohmann::json& object;
    reserved_key reserved;

    template <class... Ts>
    void operator()(const char*, named_field<Ts>... fs) const {
      (reader.read_member(object, fs), ...);
      if (reader.policy_ == unknown_keys::refused) {
        reader.refuse_unknown(object, reserved.name, {fs.name...});
      }
    }
  };

  struct type_name_reader {
    template <class... Ts>
    std::string operator()(const char* type, named_field<Ts>...) const {
      return type;
    }
  };

  template <class T>
  void read_object(const nlohmann::json& j, T& x, reserved_key reserved) {
    visit_fields(member_reader{*this, j, reserved}, x);
  }

  template <class T>
  void read_member(const nlohmann::json& object, named_field<T> f) {
    const auto i = object.find(f.name);
    if (i == object.end()) {
      return;
    }
    place_.emplace_back(f.name);
    secret_ = f.secret;
    read(*i, f.value);
    secret_ = false;
    place_.pop_back();
  }

  template <class T>
  void read_integer(const nlohmann::json& j, T& x) {
    if (!expect(j.is_number_integer(), j, "an integer")) {
      return;
    }
    constexpr auto least = std::numeric_limits<T>::min();
    constexpr auto most = std::numeric_limits<T>::max();
    bool fits = false;
    if (j.is_number_unsigned()) {
      const auto n = j.get<std::uint64_t>();
      fits = n <= static_cast<std::uint64_t>(most);
      if (fits) {
        x = static_cast<T>(n);
      }
    } else {
      const auto n = j.get<std::int64_t>(); // negative, or it would be unsigned
      if constexpr (std::is_signed_v<T>) {
        fits = n >= static_cast<std::int64_t>(least);
        if (fits) {
          x = static_cast<T>(n);
        }
      }
    }
    expect(fits, j, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }

  template <class E>
  void read_enum(const nlohmann::json& j, E& x) {
    constexpr auto table = enum_names(E{});
    if (j.is_string()) {
      if (const auto value = enum_value<E>(j.get_ref<const std::string&>())) {
        x = *value;
        return;
      }
    }
    std::string rule = "one of";
    for (std::size_t i = 0; i < table.names.size(); ++i) {
      rule.append(i == 0 ? " " : ", ").append(table.names[i].empty() ? "\"\"" : table.names[i]);
    }
    expect(false, j, rule);
  }

  template <class T>
  void read_list(const nlohmann::json& j, std::vector<T>& xs) {
    if (!expect(j.is_array(), j, "an array")) {
      return;
    }
    xs.clear();
    xs.reserve(j.size());
    for (const auto& element : j) {
      place_.push_back(std::to_string(xs.size()));
      T x{};
      read(element, x);
      xs.push_back(std::move(x));
      place_.pop_back();
    }
  }

  template <class Key, class T>
  void read_map(const nlohmann::json& j, std::map<Key, T>& xs) {
    if (!expect(j.is_object(), j, "an object")) {
      return;
    }
    xs.clear();
    for (auto i = j.begin(); i != j.end(); ++i) {
      place_.push_back(i.key());
      read(i.value(), xs[Key{i.key()}]);
      place_.pop_back();
    }
  }

  template <class T, class... Ts>
  void read_variant(const nlohmann::json& j, T& x, std::variant<Ts...>*) {
    const auto type = j.find("type");
    const bool known = type != j.end() && type->is_string() &&
                       (read_alternative<Ts>(j, type->template get_ref<const std::string&>(), x) || ...);
    if (known) {
      return;
    }
    std::string rule = "an object whose \"type\" is one of";
    const char* separator = " ";
    ((rule += separator, rule += type_name<Ts>(), separator = ", "), ...);
    expect(false, type == j.end() ? j : *type, rule);
  }

  template <class T>
  static std::string type_name() {
    T x{};
    return visit_fields(type_name_reader{}, x);
  }

  template <class T, class V>
  bool read_alternative(const nlohmann::json& j, const std::string& type, V& x) {
    if (type != type_name<T>()) {
      return false;
    }
    T alternative{};
    read(j, alternative, {"type"});
    x = std::move(alternative);
    return true;
  }

  void read_duration(const nlohmann::json& j, duration& x);
  void read_time(const nlohmann::json& j, wall_time& x);
  bool expect(bool ok, const nlohmann::json& found, const std::string& rule);
  void refuse_unknown(const nlohmann::json& object, const char* reserved, const std::vector<std::string>& known);
  std::string pointer() const;
  void complain(const std::string& text);

  unknown_keys policy_;
  bool secret_ = false;
  std::vector<std::string> place_;
  std::vector<std::string> complaints_;
};

/// Copies into `target` the members of `previous` that the type does not know, here and in nested structs; what a map
/// of the type holds is known. Both are objects written for a `T`.
template <class T>
void keep_unknown(nlohmann::json& target, const nlohmann::json& previous);

namespace detail {

struct unknown_keeper {
  nlohmann::json& target;
  const nlohmann::json& previous;

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) const {
    for (auto i = previous.begin(); i != previous.end(); ++i) {
      if (!target.contains(i.key()) && ((i.key() != fs.name) && ...)) {
        target[i.key()] = i.value();
      }
    }
    (keep_nested(fs), ...);
  }

  template <class T>
  void keep_nested(named_field<T> f) const {
    const auto old = previous.find(f.name);
    if (old == previous.end()) {
      return;
    }
    if constexpr (is_one_word<T>) {
      keep_word<T>(target[f.name], *old);
    } else if constexpr (has_fields<T>) {
      if (old->is_object()) {
        keep_unknown<T>(target[f.name], *old);
      }
    }
  }

  /// Another word for the same: older versions compare texts, and would take ours for a change.
  template <class T>
  static void keep_word(nlohmann::json& now, const nlohmann::json& old) {
    T before{}, after{};
    if (old.is_string() && from_word(old.get_ref<const std::string&>(), before) && now.is_string() &&
        from_word(now.get_ref<const std::string&>(), after) && before == after) {
      now = old;
    }
  }
};

} // namespace detail

template <class T>
void keep_unknown(nlohmann::json& target, const nlohmann::json& previous) {
  T x{};
  visit_fields(detail::unknown_keeper{target, previous}, x);
}

} // namespace djm::impl
