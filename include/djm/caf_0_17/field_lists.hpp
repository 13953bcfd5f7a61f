#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "djm/caf.hpp"
#include "djm/fields.hpp"
#include "djm/fwd.hpp"
#include "djm/ids.hpp"
#include "djm/text.hpp"

/// `inspect` for every type with a field list, on CAF 0.17.6. Included by `djm/inspect.hpp`.
namespace djm {

namespace detail {

template <class F>
struct inspect_visitor {
  F& f;

  template <class... Ts>
  auto operator()(const char*, named_field<Ts>... fs) const {
    return cx::parts(f, fs...);
  }
};

} // namespace detail

template <class F, class T>
std::enable_if_t<has_fields<T>, typename F::result_type> inspect(F& f, T& x) {
  if constexpr (cx::is_text_inspector<F>) {
    return f(cx::verbatim{to_text(x)});
  } else {
    return visit_fields(detail::inspect_visitor<F>{f}, x);
  }
}

/// Enumerators by name for people, also where no `to_string` is declared; serializers take the number without help.
template <class F, class E>
std::enable_if_t<has_enum_names<E> && cx::is_text_inspector<F>, typename F::result_type> inspect(F& f, E& x) {
  return f(cx::verbatim{enum_text(x)});
}

/// Configurations of jobs as their JSON, references to secrets and never what these stand for. (Only named here, so
/// that not every message includes them.)
template <class F, class T>
std::enable_if_t<std::is_same_v<T, user_config>, typename F::result_type> inspect(F& f, T& x) {
  if constexpr (cx::is_text_inspector<F>) {
    return f(cx::verbatim{to_text(x)});
  } else {
    auto text = x.to_json();
    if (auto failed = cx::apply(f, text)) {
      return failed;
    }
    if constexpr (F::writes_state) {
      auto parsed = T::parse(text);
      if (!parsed) {
        return to_caf(parsed.error());
      }
      x = std::move(*parsed);
    }
    return caf::error{};
  }
}

/// Ids as their texts.
template <class F, id_kind Kind>
typename F::result_type inspect(F& f, basic_id<Kind>& x) {
  auto text = x.str();
  if constexpr (F::writes_state) {
    auto failed = cx::apply(f, text);
    x = basic_id<Kind>{std::move(text)};
    return failed;
  } else {
    return cx::apply(f, text);
  }
}

} // namespace djm
