#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <caf/actor_control_block.hpp>

#include "actors/common/core.hpp"
#include "actors/common/post.hpp"
#include "actors/env/node_env.hpp"
#include "actors/protocol/common.hpp"
#include "djm/schedule.hpp"
#include "djm/timetable.hpp"
#include "model/exception_text.hpp"

/// What the shells around the cores share: they receive a typed message, call the core, carry out the effects.
namespace djm {

inline step make_step(node_env& env) {
  const auto now = env.now();
  const auto wall = env.wall_now();
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(wall);
  return {now, env.random(), ms.time_since_epoch().count(), wall - ms};
}

/// The slots of a schedule by calendar; nothing for every other.
inline expected<std::optional<timetable>> table_of(const schedule& s, const node_env& env) {
  if (s.kind != schedule_kind::calendar) {
    return std::optional<timetable>{};
  }
  auto c = parse_calendar(s.calendar);
  if (!c) {
    return tl::make_unexpected(c.error());
  }
  auto table = timetable::make(*c, env.zones());
  if (!table) {
    return tl::make_unexpected(table.error());
  }
  return std::optional{*std::move(table)};
}

/// Keeps one timer of the node's environment at the moment the core asks for. Holds no actor alive.
template <class Handle>
class wake_timer {
public:
  wake_timer() = default;
  wake_timer(const wake_timer&) = delete;
  wake_timer& operator=(const wake_timer&) = delete;
  ~wake_timer() { clear(); }

  void init(std::shared_ptr<node_env> env, caf::weak_actor_ptr self) {
    env_ = std::move(env);
    self_ = std::move(self);
  }

  void set(std::optional<time_point> at) {
    if (at == at_ && id_ != 0) {
      return;
    }
    clear();
    at_ = at;
    if (!at) {
      return;
    }
    if (*at <= env_->now()) { // it has come meanwhile: no other thread is needed
      id_ = posted;
      post_to<Handle>(self_, msg::wake{});
      return;
    }
    id_ = env_->arm(*at, [self = self_] { post_to<Handle>(self, msg::wake{}); });
  }

  /// A wake has come, `set` follows. It may be the wake of an earlier timer, overtaken by something that has armed the
  /// present one: that is cancelled. Were it only forgotten, its own wake would make us forget the next one, and so on:
  /// one timer more would go round for ever.
  void fired() { clear(); }

private:
  void clear() {
    if (const auto id = std::exchange(id_, timer_id{0}); id != 0 && id != posted) {
      env_->cancel(id);
    }
    at_.reset();
  }

  /// In place of a timer: the wake is on its way already.
  static constexpr timer_id posted = static_cast<timer_id>(-1);

  std::shared_ptr<node_env> env_;
  caf::weak_actor_ptr self_;
  std::optional<time_point> at_;
  timer_id id_ = 0;
};

inline void log_line(node_env& env, const char* component, const log_effect& l) {
  env.log({l.level, {}, component, l.text, {}});
}

/// An exception in a shell is a bug; the part dies with its text as the reason and the node rebuilds it.
inline caf::error describe_exception(std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (...) { // CAF has caught it before, whatever it was
    return caf::make_error(errc::internal, impl::current_exception_text());
  }
}

/// Errors that come as messages answer no question of ours: CAF 1.x sends one to whoever has sent a message in whose
/// handler something was thrown, also when nobody asked for an answer. That part is rebuilt anyway.
constexpr auto ignore_errors = [](caf::error&) {};

/// Settings every part of a node shares.
template <class Self>
void init_part(Self* self) {
  self->set_exception_handler([](std::exception_ptr& e) -> caf::error { return describe_exception(e); });
}

/// The state of a part's actor: its core and what that needs of the outside. A message becomes an event of the core
/// (`tell`), each effect of the core is carried out by an `apply` of the part, and one timer stands at the moment that
/// the core waits for. A part derives from this, and its behavior only routes.
template <class Part, class Actor, class Core>
class part_shell {
public:
  using self_ptr = cx::self_ptr<Actor, Part>;

  template <class Settings>
  void init(self_ptr me, std::shared_ptr<node_env> environment, Settings s) {
    init_part(me);
    self = me;
    env = std::move(environment);
    core.reset(new Core(std::move(s)));
    timer.init(env, caf::weak_actor_ptr{me->ctrl()});
  }

protected:
  /// Something happens now, which the core has a member `on(args..., step)` for.
  template <class... Params, class... Args>
  void tell(typename Core::effects (Core::*on)(Params...), Args&&... args) {
    carry_out((core.get()->*on)(std::forward<Args>(args)..., make_step(*env)));
  }
  void woken() {
    timer.fired();
    tell(&Core::on_wake);
  }
  void carry_out(typename Core::effects fx) {
    for (auto& e : fx) {
      std::visit([this](auto& x) { static_cast<Part*>(this)->apply(x); }, e);
    }
    static_cast<Part*>(this)->carried_out();
    timer.set(core->wake_at());
  }
  /// For parts that have to do something after the effects of each event.
  void carried_out() {}

  self_ptr self = nullptr;
  std::shared_ptr<node_env> env;
  std::unique_ptr<Core> core;
  wake_timer<Actor> timer;
};

} // namespace djm
