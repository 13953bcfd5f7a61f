#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "djm/fields.hpp"
#include "djm/one_word.hpp"

namespace djm::impl {

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
