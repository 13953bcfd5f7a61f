#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <caf/config.hpp>
/// By the version, not by what can be included: where both are installed, each finds headers that only the other has.
#if CAF_MAJOR_VERSION >= 1
#  define DJM_CAF_1X 1
#else
#  define DJM_CAF_1X 0
// result.hpp of 0.17.6 uses make_message without declaring it, so this one comes first.
#  include <caf/make_message.hpp>
#endif

#include <caf/deep_to_string.hpp>
#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/result.hpp>
#include <caf/sec.hpp>
#include <caf/typed_actor.hpp>

#include "djm/error.hpp"
#include "djm/fields.hpp"

/// What differs between CAF 0.17.6 (supported) and 1.x (prepared), in one place. Interfaces are written in today's
/// syntax, `djm::cx::typed<caf::result<R>(Args...), ...>`.
#if DJM_CAF_1X
#  include <caf/actor.hpp>
#  include <caf/actor_system_config.hpp>
#  include <caf/anon_mail.hpp>
#  include <caf/default_enum_inspect.hpp>
#  include <caf/detail/stringification_inspector.hpp>
#  include <caf/typed_event_based_actor.hpp>
#  include "djm/type_ids.hpp"
#else
#  include <caf/atom.hpp>
#  include <caf/duration.hpp>
#  include <caf/send.hpp>
#  include <caf/system_messages.hpp>
#  include <caf/detail/stringification_inspector.hpp>
#  include <caf/replies_to.hpp>
#endif

/// One atom of a type id block, with the text that 0.17.6 wants: at most 10 of `[0-9A-Za-z_ ]`.
#if DJM_CAF_1X
#  define DJM_CAF_ADD_ATOM(block, ns, name, text) CAF_ADD_ATOM(block, ns, name)
#else
#  define DJM_CAF_ADD_ATOM(block, ns, name, text) CAF_ADD_ATOM(block, ns, name, text)
#endif

// -- errors -------------------------------------------------------------------

#if DJM_CAF_1X
namespace djm {

inline bool from_string(std::string_view text, errc& code) {
  const auto value = enum_value<errc>(text);
  if (value)
    code = *value;
  return value.has_value();
}

inline bool from_integer(std::uint8_t number, errc& code) {
  code = static_cast<errc>(number);
  return is_enumerator(code);
}

template <class Inspector>
bool inspect(Inspector& f, errc& code) {
  return caf::default_enum_inspect(f, code);
}

} // namespace djm

CAF_ERROR_CODE_ENUM(djm::errc)
#else
CAF_ERROR_CODE_ENUM(djm::errc, "djm")
#endif

namespace djm {

/// The same error for CAF: category "djm", the text as its context. Empty for `errc::none`.
inline caf::error to_caf(const error& e) {
  return e.code == errc::none ? caf::error{} : caf::make_error(e.code, e.text);
}

/// The djm error in a CAF error. Errors of CAF itself become `timed_out` (request timeout), `shutting_down` (the
/// receiver is down or was told to stop) or `internal`, with CAF's text.
error from_caf(const caf::error& e);

/// For `result<T>` handlers: the value or CAF's error.
template <class T>
caf::result<T> to_caf(expected<T> x) {
  if (!x)
    return to_caf(x.error());
  if constexpr (std::is_void_v<T>)
    return caf::unit;
  else
    return std::move(*x);
}

#if !DJM_CAF_1X
/// Lets an actor system print errors of category "djm": call it with the `actor_system_config`.
template <class Config>
void add_error_renderer(Config& config) {
  config.add_error_category(caf::atom("djm"), [](std::uint8_t code, caf::atom_value, const caf::message& context) {
    error e{static_cast<errc>(code), {}};
    if (context.size() == 1 && context.template match_element<std::string>(0))
      e.text = context.template get_as<std::string>(0);
    return to_string(e);
  });
}
#else
template <class Config>
void add_error_renderer(Config&) {}
#endif

} // namespace djm

// -- interfaces, state, inspection --------------------------------------------

namespace djm::cx {

#if DJM_CAF_1X
template <class... Signatures>
using typed = caf::typed_actor<Signatures...>;

template <class Self>
auto& state(Self* self) {
  return self->state();
}

using timeout = caf::timespan;
constexpr const char* max_threads_option = "caf.scheduler.max-threads";

template <class Self, class Handle, class Message>
void send(Self* self, const Handle& to, Message&& m) {
  self->mail(std::forward<Message>(m)).send(to);
}
template <class Handle, class Message>
void anon_send(const Handle& to, Message&& m) {
  caf::anon_mail(std::forward<Message>(m)).send(to);
}
/// To be consumed where it is: `std::move(r).then(...)`.
template <class Self, class Handle, class Message>
auto request(Self&& self, const Handle& to, timeout limit, Message&& m) {
  return self->mail(std::forward<Message>(m)).request(to, limit);
}
template <class Self, class Handle, class Message>
auto delegate(Self* self, const Handle& to, Message&& m) {
  return self->mail(std::forward<Message>(m)).delegate(to);
}

/// A behaviour; errors that come as messages are ignored.
template <class Handle, class Self, class... Fs>
typename Handle::behavior_type behavior(Self*, Fs... fs) {
  return {std::move(fs)..., [](caf::error&) {}};
}
/// One with a handler of `caf::exit_msg`, which comes first here.
template <class Handle, class Self, class OnExit, class... Fs>
typename Handle::behavior_type behavior_until(Self*, OnExit on_exit, Fs... fs) {
  return {std::move(fs)..., std::move(on_exit), [](caf::error&) {}};
}

/// A watch on another actor's end.
using watch = caf::disposable;

/// Calls `f(id, reason)` within this actor when the other one has ended.
template <class Self, class Handle, class F>
watch watch_end(Self* self, const Handle& whom, F f) {
  return self->monitor(whom, [f = std::move(f), id = whom.id()](const caf::error& why) mutable { f(id, why); });
}
template <class Self>
void unwatch(Self*, watch& w) {
  w.dispose();
}
#else
using timeout = caf::duration;
constexpr const char* max_threads_option = "scheduler.max-threads";


template <class Self, class Handle, class Message>
void send(Self* self, const Handle& to, Message&& m) {
  self->send(to, std::forward<Message>(m));
}
template <class Handle, class Message>
void anon_send(const Handle& to, Message&& m) {
  caf::anon_send(to, std::forward<Message>(m));
}
/// To be consumed where it is: `std::move(r).then(...)`.
template <class Self, class Handle, class Timeout, class Message>
auto request(Self&& self, const Handle& to, const Timeout& limit, Message&& m) {
  return self->request(to, limit, std::forward<Message>(m));
}
template <class Self, class Handle, class Message>
auto delegate(Self* self, const Handle& to, Message&& m) {
  return self->delegate(to, std::forward<Message>(m));
}

/// A behaviour; errors that come as messages are ignored.
template <class Handle, class Self, class... Fs>
typename Handle::behavior_type behavior(Self* self, Fs... fs) {
  self->set_error_handler([](caf::error&) {});
  return {std::move(fs)...};
}
/// One with a handler of `caf::exit_msg`, which comes first here.
template <class Handle, class Self, class OnExit, class... Fs>
typename Handle::behavior_type behavior_until(Self* self, OnExit on_exit, Fs... fs) {
  self->set_exit_handler(std::move(on_exit));
  return behavior<Handle>(self, std::move(fs)...);
}

/// A watch on another actor's end.
using watch = caf::actor_addr;

/// Calls `f(id, reason)` within this actor when the other one has ended; the same `f` for all of an actor's watches.
template <class Self, class Handle, class F>
watch watch_end(Self* self, const Handle& whom, F f) {
  self->set_down_handler([f = std::move(f)](caf::down_msg& dm) { f(dm.source.id(), dm.reason); });
  self->monitor(whom);
  return whom.address();
}
template <class Self>
void unwatch(Self* self, watch& w) {
  self->demonitor(w);
}
#endif

#if !DJM_CAF_1X

namespace detail {

template <class Signature>
struct clause;

template <class... Rs, class... As>
struct clause<caf::result<Rs...>(As...)> {
  using type = caf::typed_mpi<caf::detail::type_list<std::decay_t<As>...>, caf::output_tuple<Rs...>>;
};

} // namespace detail

/// A typed actor with these messages: `typed<caf::result<void>(go_atom), caf::result<int>(get_atom, std::string)>`.
template <class... Signatures>
using typed = caf::typed_actor<typename detail::clause<Signatures>::type...>;

/// The state of a stateful actor.
template <class Self>
auto& state(Self* self) {
  return self->state;
}
#endif

/// Text that goes into `deep_to_string` as it is.
struct verbatim {
  std::string text;
};

inline std::string to_string(const verbatim& x) {
  return x.text;
}

template <class... Ts>
std::string object_text(const char* type, named_field<Ts>... fs) {
  std::string text = std::string{type} + '(';
  const char* separator = "";
  ((text.append(separator).append(fs.name).append(1, '=').append(fs.secret ? "\"***\"" : caf::deep_to_string(fs.value)),
    separator = ", "),
   ...);
  return text + ')';
}

#if !DJM_CAF_1X
/// Whether an inspector writes text for people.
template <class F>
constexpr bool is_text_inspector = std::is_same_v<F, caf::detail::stringification_inspector>;

/// Inspects the fields of an object by name, for types without a field list:
///   template <class F> auto inspect(F& f, foo& x) { return djm::cx::object(f, x, "foo", djm::field("a", x.a)); }
template <class F, class T, class... Ts>
typename F::result_type object(F& f, T&, const char* type, named_field<Ts>... fs) {
  if constexpr (is_text_inspector<F>)
    return f(verbatim{object_text(type, fs...)});
  else
    return f(fs.value...);
}

/// Inspects an object as its only part.
template <class F, class T>
typename F::result_type apply(F& f, T& x) {
  return f(x);
}
#else
template <class F>
constexpr bool is_text_inspector = std::is_same_v<F, caf::detail::stringification_inspector>;

template <class F, class T, class... Ts>
bool object(F& f, T& x, const char* type, named_field<Ts>... fs) {
  if constexpr (is_text_inspector<F>)
    return f.builtin_inspect(verbatim{object_text(type, fs...)});
  else
    return f.object(x).pretty_name(type).fields(f.field(fs.name, fs.value)...);
}

/// Inspects an object as its only part.
template <class F, class T>
bool apply(F& f, T& x) {
  return f.apply(x);
}

/// For people a variant is what it holds:
///   template <> struct caf::inspector_access<foo> : djm::cx::variant_access<foo> {};
template <class Variant>
struct variant_access : caf::variant_inspector_access<Variant> {
  template <class F>
  static bool apply(F& f, Variant& x) {
    if constexpr (is_text_inspector<F>)
      return f.builtin_inspect(verbatim{std::visit([](const auto& y) { return caf::deep_to_string(y); }, x)});
    else
      return caf::variant_inspector_access<Variant>::apply(f, x);
  }
};
#endif

} // namespace djm::cx

// -- std::optional and std::variant, which 0.17.6 does not know ----------------

#if !DJM_CAF_1X
namespace djm::cx::detail {

template <class F, class T>
typename F::result_type inspect_optional(F& f, std::optional<T>& x) {
  if constexpr (is_text_inspector<F>) {
    return f(verbatim{x ? caf::deep_to_string(*x) : "none"});
  } else {
    bool present = x.has_value();
    if (auto err = f(present))
      return err;
    if constexpr (F::writes_state) {
      x.reset();
      if (present)
        x.emplace();
    }
    return present ? f(*x) : caf::error{};
  }
}

template <class Variant, std::size_t I = 0>
bool emplace_alternative(Variant& x, std::size_t index) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return false;
  } else {
    if (index != I)
      return emplace_alternative<Variant, I + 1>(x, index);
    x.template emplace<I>();
    return true;
  }
}

template <class F, class... Ts>
typename F::result_type inspect_variant(F& f, std::variant<Ts...>& x) {
  if constexpr (is_text_inspector<F>) {
    return f(verbatim{std::visit([](const auto& y) { return caf::deep_to_string(y); }, x)});
  } else {
    static_assert(sizeof...(Ts) < 256);
    auto index = static_cast<std::uint8_t>(x.index());
    if (auto err = f(index))
      return err;
    if constexpr (F::writes_state) {
      if (!emplace_alternative(x, index))
        return caf::make_error(caf::sec::unknown_type, "no alternative " + std::to_string(index));
    }
    return std::visit([&f](auto& y) -> typename F::result_type { return f(y); }, x);
  }
}

} // namespace djm::cx::detail

// Serializers look in caf, the text inspector in caf::detail.
namespace caf {
template <class F, class T>
typename F::result_type inspect(F& f, std::optional<T>& x) {
  return djm::cx::detail::inspect_optional(f, x);
}
template <class F, class... Ts>
typename F::result_type inspect(F& f, std::variant<Ts...>& x) {
  return djm::cx::detail::inspect_variant(f, x);
}
namespace detail {
template <class F, class T>
typename F::result_type inspect(F& f, std::optional<T>& x) {
  return djm::cx::detail::inspect_optional(f, x);
}
template <class F, class... Ts>
typename F::result_type inspect(F& f, std::variant<Ts...>& x) {
  return djm::cx::detail::inspect_variant(f, x);
}
} // namespace detail
} // namespace caf
#endif

// -- implementation -----------------------------------------------------------

namespace djm {

inline error from_caf(const caf::error& e) {
  if (!e)
    return {};
#if DJM_CAF_1X
  const bool ours = e.category() == caf::type_id_v<errc>;
#else
  const bool ours = e.category() == caf::atom("djm");
#endif
  if (ours) {
    std::string text;
#if DJM_CAF_1X
    if (auto view = caf::make_const_typed_message_view<std::string>(e.context()))
      text = caf::get<0>(view);
#else
    if (e.context().size() == 1 && e.context().match_element<std::string>(0))
      text = e.context().get_as<std::string>(0);
#endif
    return {static_cast<errc>(e.code()), std::move(text)};
  }
  if (e == caf::sec::request_timeout)
    return {errc::timed_out, caf::to_string(e)};
  if (e == caf::sec::request_receiver_down || e == caf::exit_reason::user_shutdown || e == caf::exit_reason::kill ||
      e == caf::exit_reason::unreachable || e == caf::exit_reason::remote_link_unreachable)
    return {errc::shutting_down, caf::to_string(e)};
  return {errc::internal, caf::to_string(e)};
}

} // namespace djm
