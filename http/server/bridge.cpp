#include "http/server/bridge.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <caf/all.hpp>

#include "actors/node/clerk.hpp"
#include "djm/json.hpp"
#include "djm/messages.hpp"
#include "http/server/shelf.hpp"

namespace djm::http {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds status_limit{5};
constexpr std::chrono::seconds cluster_limit{20};
constexpr std::chrono::seconds explain_limit{60};
constexpr std::chrono::seconds write_limit{60};
/// An actor that has lived for so long is built anew at once.
constexpr std::chrono::seconds settled_after{1};

/// Calls what waits once, with "shutting down" when nobody else has: a question that is dropped is an answer, too.
template <class T>
class once {
public:
  explicit once(std::function<void(T)> f) : f_(std::move(f)) {}
  once(const once&) = delete;
  once& operator=(const once&) = delete;
  ~once() { (*this)(tl::make_unexpected(error{errc::shutting_down, "the node has stopped, or what asks it has"})); }

  void operator()(T x) {
    if (auto f = std::exchange(f_, nullptr)) {
      f(std::move(x));
    }
  }

private:
  std::function<void(T)> f_;
};

caf::behavior bridge_behavior(cx::event_based_actor* self, const node_actor& node,
                              const std::function<void(const node_event&)>& on_event) {
  self->mail(subscribe{caf::actor{self}})
    .request(node, caf::infinite)
    .then([] {}, [](caf::error&) {}); // a node that ends meanwhile tells it by its end
  return {[self](const question& q) { q.ask(self); }, [on_event](const node_event& e) { on_event(e); }};
}

} // namespace

struct bridge::state : std::enable_shared_from_this<state> {
  state(std::function<void(const node_event&)> f, std::function<void()> lost)
    : on_event(std::move(f)), on_lost(std::move(lost)) {}

  const std::function<void(const node_event&)> on_event;
  const std::function<void()> on_lost;
  std::mutex guard;      ///< of what follows
  caf::actor actor;      ///< asks; null while it is being built anew, before the start and after the end
  caf::actor supervisor; ///< builds it; null before the start and after the end
  caf::weak_actor_ptr target;
  clock::time_point built;
  std::uint64_t rebuilt = 0;
  shelf<node_status> statuses;
  shelf<cluster_view> clusters;

  /// Sends `m` to the node and calls `f` with the answer, on the thread of an actor.
  template <class T, class Message>
  void ask(Message m, cx::timeout limit, std::function<void(expected<T>)> f) {
    auto slot = std::make_shared<once<expected<T>>>(std::move(f)); // goes after the lock: it may call
    question q{
      [to = target, limit, m = std::move(m), slot](cx::event_based_actor* self) { put<T>(self, to, limit, m, slot); }};
    std::lock_guard<std::mutex> lock{guard};
    if (actor) {
      cx::anon_mail(std::move(q)).send(actor);
    } else if (supervisor) {
      cx::anon_mail(question{[s = shared_from_this(), q](cx::event_based_actor* self) { s->pass_on(self, q); }})
        .send(supervisor);
    }
  }

  // -- on the supervisor's thread --

  void build(cx::event_based_actor* self) {
    const auto node = caf::actor_cast<node_actor>(target);
    if (!node) {
      return;
    }
    const std::function<void(const node_event&)> hear = [s = shared_from_this()](const node_event& e) {
      s->on_event(e);
    };
    auto next = self->spawn(bridge_behavior, node, hear);
    {
      std::lock_guard<std::mutex> lock{guard};
      actor = next;
      built = clock::now();
    }
    self->monitor(next, [self, s = shared_from_this()](const caf::error&) { s->on_death(self); });
  }

  /// What breaks at once is built anew by the next question, so that it cannot break in a circle.
  void on_death(cx::event_based_actor* self) {
    bool at_once = false;
    caf::actor last;
    {
      std::lock_guard<std::mutex> lock{guard};
      last.swap(actor);
      if (!supervisor) {
        return; // it was stopped
      }
      ++rebuilt;
      at_once = clock::now() - built >= settled_after;
    }
    on_lost();
    if (at_once) {
      build(self);
    }
  }

  void pass_on(cx::event_based_actor* self, const question& q) {
    std::unique_lock<std::mutex> lock{guard};
    if (!actor && supervisor) {
      lock.unlock();
      build(self);
      lock.lock();
    }
    if (actor) {
      cx::anon_mail(q).send(actor);
    }
  }

  void end() {
    caf::actor last, last_supervisor;
    {
      std::lock_guard<std::mutex> lock{guard};
      last.swap(actor);
      last_supervisor.swap(supervisor);
    }
    for (auto& a : {last, last_supervisor}) {
      if (a) {
        cx::anon_mail(question{[](cx::event_based_actor* self) { self->quit(); }}).send(a);
      }
    }
  }

  template <class T, class Message>
  static void put(cx::event_based_actor* self, const caf::weak_actor_ptr& target, cx::timeout limit, const Message& m,
                  const std::shared_ptr<once<expected<T>>>& slot) {
    const auto to = caf::actor_cast<node_actor>(target);
    if (!to) {
      return;
    }
    auto failed = [slot](caf::error& e) {
      if (e != caf::sec::request_receiver_down) {
        (*slot)(tl::make_unexpected(from_caf(e)));
      }
    };
    auto request = self->mail(m).request(to, limit);
    if constexpr (std::is_void_v<T>) {
      std::move(request).then([slot] { (*slot)({}); }, failed);
    } else {
      std::move(request).then([slot](T& x) { (*slot)(std::move(x)); }, failed);
    }
  }
};

namespace {

/// Lives as long as the node, runs nobody's code, and builds the actor that does anew.
template <class State>
caf::behavior supervisor_behavior(cx::event_based_actor* self, const node_actor& node,
                                  const std::shared_ptr<State>& s) {
  self->monitor(node, [s](const caf::error&) { s->end(); });
  s->build(self);
  return {[self](const question& q) { q.ask(self); }};
}

} // namespace

bridge::bridge(std::function<void(const node_event&)> on_event, std::function<void()> on_lost)
  : state_(std::make_shared<state>(std::move(on_event), std::move(on_lost))) {}

void bridge::start(caf::actor_system& system, const node_actor& node) {
  const auto& s = state_;
  std::lock_guard<std::mutex> lock{s->guard};
  s->target = caf::actor_cast<caf::weak_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(node));
  s->supervisor = system.spawn(supervisor_behavior<state>, node, s);
}

void bridge::stop() {
  state_->end();
}

std::uint64_t bridge::rebuilt() const {
  std::lock_guard<std::mutex> lock{state_->guard};
  return state_->rebuilt;
}

namespace {

/// A server answers, or did a moment ago.
bool has_session(session_phase p) {
  return p == session_phase::connected || p == session_phase::suspended;
}

template <class State>
void ask_status(const std::shared_ptr<State>& s, bool fresh, std::function<void(shelf<node_status>::value)> f) {
  if (s->statuses.join(fresh, std::move(f))) {
    s->template ask<node_status>(get_status{}, cx::timeout{status_limit},
                                 [s](expected<node_status> x) { s->statuses.put(std::move(x)); });
  }
}

template <class State>
void ask_cluster(const std::shared_ptr<State>& s, bool fresh, std::function<void(shelf<cluster_view>::value)> f) {
  if (s->clusters.join(fresh, std::move(f))) {
    s->template ask<cluster_view>(get_cluster{}, cx::timeout{cluster_limit},
                                  [s](expected<cluster_view> x) { s->clusters.put(std::move(x)); });
  }
}

} // namespace

void bridge::fetch(needs what, take_material f) {
  struct gathered {
    std::mutex guard;
    material found;
    int open = 0;
    take_material f;
  };
  auto g = std::make_shared<gathered>();
  g->open = (what.status ? 1 : 0) + (what.cluster ? 1 : 0);
  g->f = std::move(f);
  if (g->open == 0) {
    return g->f(g->found);
  }
  const auto put = [g](auto& place, auto& x) {
    bool all = false;
    {
      std::lock_guard<std::mutex> lock{g->guard};
      if (x) {
        place = *x;
      } else {
        g->found.failed = x.error();
      }
      all = --g->open == 0;
    }
    if (all) {
      g->f(g->found);
    }
  };
  auto s = state_;
  if (what.status) {
    ask_status(s, what.fresh, [g, put](shelf<node_status>::value x) { put(g->found.status, x); });
  }
  if (!what.cluster) {
    return;
  }
  // The node would wait for the store as long as it may; nobody who asks by HTTP wants to.
  ask_status(s, false, [s, g, put, fresh = what.fresh](const shelf<node_status>::value& st) {
    if (st && !has_session((*st)->connection.session)) {
      const shelf<cluster_view>::value none =
        fail(errc::not_connected, "node \"" + (*st)->node + "\" has no session with the store");
      return put(g->found.cluster, none);
    }
    ask_cluster(s, fresh, [g, put](shelf<cluster_view>::value x) { put(g->found.cluster, x); });
  });
}

namespace {

/// Tells what the node has said, as JSON.
template <class T>
std::function<void(expected<T>)> as_json(const bridge::take_result& f) {
  return [f](const expected<T>& x) {
    order_answer r;
    if (x) {
      r.json = to_json_text(*x);
    } else {
      r.failed = x.error();
    }
    f(r);
  };
}

/// With the version as ETag.
std::function<void(expected<djm::item_state>)> as_state(const bridge::take_result& f) {
  return [f](const expected<djm::item_state>& x) {
    order_answer r;
    if (x) {
      r.json = to_json_text(*x);
      r.tag = tag_of_rev(x->version);
    } else {
      r.failed = x.error();
    }
    f(r);
  };
}

} // namespace

/// The tree is read only to say who has the item.
void bridge::ask_code(order o, const take_result& f) {
  constexpr std::chrono::seconds slack{5};
  const cx::timeout limit{o.timeout + slack};
  auto told = [f, b = *this](const expected<item_answer>& x) mutable {
    order_answer r;
    if (x) {
      r.said = *x;
      return f(r);
    }
    r.failed = x.error();
    if (x.error().code != errc::not_owner && x.error().code != errc::unknown_job) {
      return f(r);
    }
    b.fetch({false, true, false}, [f, r](const material& m) mutable {
      r.cluster = m.cluster;
      f(r);
    });
  };
  state_->ask<item_answer>(ask_item{o.job, o.item, std::move(o.asked), o.timeout}, limit, std::move(told));
}

void bridge::carry_out(order o, const take_result& f) {
  const auto done = [f](const expected<void>& x) {
    order_answer r;
    if (!x) {
      r.failed = x.error();
    }
    f(r);
  };
  const std::function<void(expected<std::int64_t>)> changed = [f](const expected<std::int64_t>& x) {
    order_answer r;
    if (x) {
      r.rev = *x;
    } else {
      r.failed = x.error();
    }
    f(r);
  };
  auto s = state_;
  const cx::timeout limit{write_limit};
  switch (o.what) {
  case operation::explain:
    s->ask<item_explanation>(explain_item{o.job, o.item}, cx::timeout{explain_limit}, as_json<item_explanation>(f));
    break;
  case operation::runs:
    s->ask<run_history>(o.history, cx::timeout{status_limit}, [f, page = o.runs](expected<run_history> x) mutable {
      order_answer r;
      if (x) {
        page.runs = std::move(x->runs);
        page.forgotten = x->forgotten;
        page.dropped = x->dropped;
        r.json = to_json_text(page);
      } else {
        r.failed = x.error();
      }
      f(r);
    });
    break;
  case operation::ask: ask_code(std::move(o), f); break;
  case operation::item_state: s->ask<djm::item_state>(get_item_state{o.job, o.item}, limit, as_state(f)); break;
  case operation::set_item_state:
    s->ask<djm::item_state>(set_item_state{o.job, o.item, std::move(o.asked), o.rev}, limit, as_state(f));
    break;
  case operation::clear_item_state:
    s->ask<djm::item_state>(set_item_state{o.job, o.item, std::nullopt, o.rev}, limit, as_state(f));
    break;
  case operation::configure_job: s->ask<std::int64_t>(configure_job{o.job, o.config, o.rev}, limit, changed); break;
  case operation::remove_job: s->ask<std::int64_t>(remove_job{o.job}, limit, changed); break;
  case operation::change_record:
    if (!o.paused) {
      s->ask<std::int64_t>(update_job{o.job, o.config, o.replace, o.rev}, limit, changed);
    } else if (*o.paused) {
      s->ask<std::int64_t>(pause_job{o.job}, limit, changed);
    } else {
      s->ask<std::int64_t>(resume_job{o.job}, limit, changed);
    }
    break;
  case operation::trigger:
    if (o.everywhere) {
      s->ask<std::int64_t>(trigger_job{o.job, o.request}, limit, changed);
      break;
    }
    s->ask<std::uint64_t>(trigger_here{o.job}, limit, [f](expected<std::uint64_t> x) {
      order_answer r;
      if (x) {
        r.runs = *x;
      } else {
        r.failed = x.error();
      }
      f(r);
    });
    break;
  case operation::mark_worker: s->ask<void>(mark_worker{o.worker, o.draining, o.cordoned}, limit, done); break;
  case operation::switch_job: s->ask<void>(switch_job{o.job, o.enabled}, limit, done); break;
  case operation::switch_all: s->ask<void>(switch_all{o.enabled}, limit, done); break;
  default: done(fail(errc::internal, "this route gives no order")); break;
  }
}

} // namespace djm::http
