#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "djm/caf.hpp"
#include "djm/fields.hpp"
#include "djm/fwd.hpp"
#include "djm/ids.hpp"
#include "djm/text.hpp"
#include "djm/time.hpp"

/// `inspect` for every type with a field list, on CAF 1.x. Included by `djm/inspect.hpp`.
namespace djm {

namespace detail {

template <class F, class T>
struct inspect_visitor {
  F& f;
  T& x;

  template <class... Ts>
  bool operator()(const char* type, named_field<Ts>... fs) const {
    return cx::object(f, x, type, fs...);
  }
};

} // namespace detail

template <class F, class T>
std::enable_if_t<has_fields<T>, bool> inspect(F& f, T& x) {
  if constexpr (cx::is_text_inspector<F>) {
    return f.builtin_inspect(cx::verbatim{to_text(x)});
  } else {
    return visit_fields(detail::inspect_visitor<F, T>{f, x}, x);
  }
}

/// Enumerators by name for people, by number for machines.
template <class F, class E>
std::enable_if_t<has_enum_names<E>, bool> inspect(F& f, E& x) {
  if constexpr (cx::is_text_inspector<F>) {
    return f.builtin_inspect(cx::verbatim{enum_text(x)});
  } else {
    using number = std::underlying_type_t<E>;
    return f.apply([&x] { return static_cast<number>(x); }, [&x](number n) { x = static_cast<E>(n); });
  }
}

/// CAF knows the points in time of the system's clock only.
template <class F>
bool inspect(F& f, time_point& x) {
  return f.apply([&x] { return x.time_since_epoch().count(); }, [&x](duration::rep n) { x = time_point{duration{n}}; });
}

/// Configurations of jobs as their JSON, references to secrets and never what these stand for. (Only named here, so
/// that not every message includes them.)
template <class F, class T>
std::enable_if_t<std::is_same_v<T, user_config>, bool> inspect(F& f, T& x) {
  if constexpr (cx::is_text_inspector<F>) {
    return f.builtin_inspect(cx::verbatim{to_text(x)});
  } else {
    return f.apply([&x] { return x.to_json(); },
                   [&x](const std::string& text) -> caf::error {
                     auto parsed = T::parse(text);
                     if (!parsed) {
                       return to_caf(parsed.error());
                     }
                     x = std::move(*parsed);
                     return {};
                   });
  }
}

/// Ids as their texts.
template <class F, id_kind Kind>
bool inspect(F& f, basic_id<Kind>& x) {
  return f.apply([&x] { return x.str(); }, [&x](std::string text) { x = basic_id<Kind>{std::move(text)}; });
}

} // namespace djm
