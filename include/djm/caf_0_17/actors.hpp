#pragma once

#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <caf/actor.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/duration.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/replies_to.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/system_messages.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

/// The idiom of CAF 1.1 on 0.17.6: typed interfaces, `mail`, monitors with a callback, behaviours that hold the
/// handlers of exits and errors. Included by `djm/caf.hpp`.
namespace djm::cx {

/// How long an answer may take; `caf::infinite` fits.
using timeout = caf::duration;

/// The configuration key of the number of threads that run actors.
constexpr const char* max_threads_option = "scheduler.max-threads";

/// Makes the threads that run actors wait for work at one queue: with CAF's default each looks for work of the others
/// every 50 us for a while after it had some, which costs more than what actors of djm do.
inline void wait_at_one_queue(caf::actor_system_config& c) {
  c.set("scheduler.policy", caf::atom("sharing"));
}

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

namespace detail {

template <class F, class... As, class... Rs>
void call_with_signature(F& f, const caf::typed_mpi<caf::detail::type_list<As...>, caf::output_tuple<Rs...>>*) {
  f(types<As...>{}, types<Rs...>{});
}
template <class F, class... Clauses>
void call_with_signatures(F& f, const caf::typed_actor<Clauses...>*) {
  (call_with_signature(f, static_cast<const Clauses*>(nullptr)), ...);
}

} // namespace detail

/// Calls `f(types<in...>, types<out...>)` for every message of an interface.
template <class Handle, class F>
void each_signature(F f) {
  detail::call_with_signatures(f, static_cast<const Handle*>(nullptr));
}

// -- mail ---------------------------------------------------------------------

/// A message and who sends it, on its way; to be used up at once.
template <class Self, class... Ts>
class outgoing {
public:
  outgoing(Self* self, Ts... xs) : self_(self), content_(std::move(xs)...) {}

  template <class Handle>
  void send(const Handle& to) && {
    std::apply([&](Ts&... xs) { self_->send(to, std::move(xs)...); }, content_);
  }
  template <class Handle, class Timeout> // a duration of any unit, or infinite
  auto request(const Handle& to, const Timeout& limit) && {
    return std::apply([&](Ts&... xs) { return self_->request(to, limit, std::move(xs)...); }, content_);
  }
  template <class Handle>
  auto delegate(const Handle& to) && {
    return std::apply([&](Ts&... xs) { return self_->delegate(to, std::move(xs)...); }, content_);
  }

private:
  Self* self_;
  std::tuple<Ts...> content_;
};

/// A message from nobody.
template <class... Ts>
class anonymous {
public:
  explicit anonymous(Ts... xs) : content_(std::move(xs)...) {}

  template <class Handle>
  void send(const Handle& to) && {
    std::apply([&](Ts&... xs) { caf::anon_send(to, std::move(xs)...); }, content_);
  }

private:
  std::tuple<Ts...> content_;
};

template <class... Ts>
auto anon_mail(Ts&&... xs) {
  return anonymous<std::decay_t<Ts>...>{std::forward<Ts>(xs)...};
}

// -- monitors -----------------------------------------------------------------

namespace detail {

/// The callbacks of one actor's monitors.
struct monitors {
  struct entry {
    caf::actor_addr whom;
    std::function<void(const caf::error&)> f;
  };
  std::function<void(const caf::actor_addr&)> demonitor;
  std::map<caf::actor_id, entry> entries;
};

} // namespace detail

/// A watch on another actor's end, from `self->monitor(other, f)`; `dispose()` ends it. For the actor that watches
/// alone.
class watch {
public:
  watch() = default;
  watch(std::weak_ptr<detail::monitors> all, caf::actor_id whom) : all_(std::move(all)), whom_(whom) {}

  void dispose() {
    auto all = all_.lock();
    if (!all) {
      return;
    }
    if (auto i = all->entries.find(whom_); i != all->entries.end()) {
      all->demonitor(i->second.whom);
      all->entries.erase(i);
    }
  }

private:
  std::weak_ptr<detail::monitors> all_;
  caf::actor_id whom_ = 0;
};

/// An actor class of CAF with the idiom of 1.1. One monitor for each other actor, which is all that djm needs.
template <class Base>
class modern : public Base {
public:
  using Base::Base;

  template <class... Ts>
  auto mail(Ts&&... xs) {
    return outgoing<modern, std::decay_t<Ts>...>{this, std::forward<Ts>(xs)...};
  }

  template <class Handle, class F>
  watch monitor(const Handle& whom, F f) {
    if (!monitors_) {
      monitors_ = std::make_shared<detail::monitors>();
      monitors_->demonitor = [this](const caf::actor_addr& x) { Base::demonitor(x); };
      this->set_down_handler([this](caf::down_msg& m) { on_down(m); });
    }
    monitors_->entries[whom.id()] = {whom.address(), std::move(f)};
    Base::monitor(whom);
    return {monitors_, whom.id()};
  }

private:
  void on_down(caf::down_msg& m) {
    auto i = monitors_->entries.find(m.source.id());
    if (i == monitors_->entries.end()) {
      return;
    }
    auto f = std::move(i->second.f);
    monitors_->entries.erase(i);
    f(m.reason);
  }

  std::shared_ptr<detail::monitors> monitors_;
};

// -- actors -------------------------------------------------------------------

using event_based_actor = modern<caf::event_based_actor>;

/// A typed actor with a state.
template <class Handle, class State>
class stateful : public modern<caf::stateful_actor<State, typename Handle::base>> {
public:
  using super = modern<caf::stateful_actor<State, typename Handle::base>>;
  using super::super;

  State& state() { return super::state; }
};

/// What an actor of this type with that state knows itself by.
template <class Handle, class State>
using self_ptr = stateful<Handle, State>*;

/// A thread that talks to actors.
class scoped_actor {
public:
  explicit scoped_actor(caf::actor_system& system) : actor_(system), view_{actor_.operator->()} {}

  struct view {
    caf::blocking_actor* self;
    template <class... Ts>
    auto mail(Ts&&... xs) {
      return outgoing<caf::blocking_actor, std::decay_t<Ts>...>{self, std::forward<Ts>(xs)...};
    }
  };
  view* operator->() { return &view_; }

private:
  caf::scoped_actor actor_;
  view view_;
};

// -- behaviours ---------------------------------------------------------------

namespace detail {

/// Keeps a handler of messages; gives those of exits and errors to the actor.
template <class Self, class F>
auto settle_handler(Self* self, F& f) {
  if constexpr (std::is_invocable_v<F&, caf::exit_msg&>) {
    self->set_exit_handler(std::move(f));
    return std::tuple<>{};
  } else if constexpr (std::is_invocable_v<F&, caf::error&>) {
    self->set_error_handler(std::move(f));
    return std::tuple<>{};
  } else {
    return std::tuple<F>{std::move(f)};
  }
}

} // namespace detail

/// The handlers of an actor, with those of `caf::exit_msg` and `caf::error` among them.
template <class Handle, class Self, class... Fs>
typename Handle::behavior_type make_behavior(Self* self, Fs... fs) {
  return std::apply([](auto&&... rest) { return typename Handle::behavior_type{std::move(rest)...}; },
                    std::tuple_cat(detail::settle_handler(self, fs)...));
}

/// Answers a request whose answer has no content.
inline void deliver(caf::typed_response_promise<void>& p) {
  caf::response_promise& plain = p;
  plain.deliver(caf::unit);
}

} // namespace djm::cx
