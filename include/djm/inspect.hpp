#pragma once

#include <type_traits>

#include "djm/caf.hpp"
#include "djm/fields.hpp"
#include "djm/text.hpp"
#include "djm/time.hpp"

/// CAF's view of every type with a field list. Include it wherever such a type travels in a message.
///
/// - `deep_to_string` prints names: `item_ref(job="mail", item="eu")`, durations as "10s", enumerators by name, times
/// in
///   UTC, secrets as "***".
/// - The binary form holds the fields in their order, secrets included: it is for messages between actors, never for
///   storage (no names, no version).
namespace djm {

namespace detail {

template <class F>
struct inspect_visitor {
  F& f;

  template <class... Ts>
  auto operator()(const char*, named_field<Ts>... fs) const {
    return f(fs.value...);
  }
};

#if DJM_CAF_1X
template <class F, class T>
struct named_inspect_visitor {
  F& f;
  T& x;

  template <class... Ts>
  bool operator()(const char* type, named_field<Ts>... fs) const {
    return cx::object(f, x, type, fs...);
  }
};
#endif

} // namespace detail

#if DJM_CAF_1X
template <class F, class T>
std::enable_if_t<has_fields<T>, bool> inspect(F& f, T& x) {
  if constexpr (cx::is_text_inspector<F>)
    return f.builtin_inspect(cx::verbatim{to_text(x)});
  else
    return visit_fields(detail::named_inspect_visitor<F, T>{f, x}, x);
}

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
  return f.apply([&x] { return x.time_since_epoch().count(); },
                 [&x](duration::rep n) { x = time_point{duration{n}}; });
}
#else
template <class F, class T>
std::enable_if_t<has_fields<T>, typename F::result_type> inspect(F& f, T& x) {
  if constexpr (cx::is_text_inspector<F>)
    return f(cx::verbatim{to_text(x)});
  else
    return visit_fields(detail::inspect_visitor<F>{f}, x);
}

/// Enumerators by name, also where no `to_string` is declared; serializers take the number without help.
template <class F, class E>
std::enable_if_t<has_enum_names<E> && cx::is_text_inspector<F>, typename F::result_type> inspect(F& f, E& x) {
  return f(cx::verbatim{enum_text(x)});
}
#endif

} // namespace djm

/// Argument-dependent lookup does not look into the enclosing namespace.
namespace djm::store {
using djm::inspect;
} // namespace djm::store
