#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/anon_mail.hpp>
#include <caf/disposable.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/timespan.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

/// Names for what CAF 1.1 has, where 0.17.6 needs something of djm's own. Included by `djm/caf.hpp`.
namespace djm::cx {

using caf::anon_mail;
using caf::event_based_actor;
using caf::scoped_actor;

/// How long an answer may take; `caf::infinite` fits.
using timeout = caf::timespan;

/// The configuration key of the number of threads that run actors.
constexpr const char* max_threads_option = "caf.scheduler.max-threads";

/// Makes the threads that run actors wait for work at one queue: with CAF's default each looks for work of the others
/// every 50 us for a while after it had some, which costs more than what actors of djm do.
inline void wait_at_one_queue(caf::actor_system_config& c) {
  c.set("caf.scheduler.policy", "sharing");
}

/// A typed actor with these messages: `typed<caf::result<void>(go_atom), caf::result<int>(get_atom, std::string)>`.
template <class... Signatures>
using typed = caf::typed_actor<Signatures...>;

namespace detail {

template <class F, class... Rs, class... As>
void call_with_signature(F& f, caf::result<Rs...> (*)(As...)) {
  f(types<As...>{}, types<Rs...>{});
}
template <class F, class... Signatures>
void call_with_signatures(F& f, const caf::typed_actor<Signatures...>*) {
  (call_with_signature(f, static_cast<Signatures*>(nullptr)), ...);
}

} // namespace detail

/// Calls `f(types<in...>, types<out...>)` for every message of an interface.
template <class Handle, class F>
void each_signature(F f) {
  detail::call_with_signatures(f, static_cast<const Handle*>(nullptr));
}

/// What an actor of this type with that state knows itself by.
template <class Handle, class State>
using self_ptr = typename Handle::template stateful_pointer<State>;

/// A watch on another actor's end, from `self->monitor(other, f)`; `dispose()` ends it.
using watch = caf::disposable;

/// The handlers of an actor, with those of `caf::exit_msg` and `caf::error` among them.
template <class Handle, class Self, class... Fs>
typename Handle::behavior_type make_behavior(Self*, Fs... fs) {
  return {std::move(fs)...};
}

/// Answers a request whose answer has no content.
inline void deliver(caf::typed_response_promise<void>& p) {
  p.deliver();
}

} // namespace djm::cx
