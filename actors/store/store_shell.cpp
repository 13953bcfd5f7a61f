#include "actors/store/store_shell.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <caf/all.hpp>
#include <fmt/format.h>

#include "actors/common/shell.hpp"
#include "actors/store/raw_message.hpp"

namespace djm {

namespace {

using store_impl = store_actor::extend_with<cx::typed<caf::result<void>(raw_message)>>;

struct store_state {
  static inline const char* name = "djm.store";
  std::shared_ptr<node_env> env;
  store_config config;
  std::uint64_t number_base = 0;
  std::unique_ptr<store::session_core> core;
  std::shared_ptr<session_ports> ports;
  std::map<std::uint32_t, store_client_actor> clients;
  std::map<caf::actor_id, std::uint32_t> client_ids;
  std::uint32_t next_client = 1;
  peers_ptr peers;
  wake_timer<store_actor> timer;
  std::uint64_t generation = 0;
  /// What was told of the counters, and when a request was last found to be overdue.
  std::uint64_t told_refused = 0;
  std::uint64_t told_overdue = 0;
  std::optional<time_point> overdue_at;
  std::optional<time_point> refused_at;
  store::session_limits limits;
  std::optional<supervisor_actor> closing;
  std::uint64_t joined_in = 0;             ///< the latest session in which this node has joined
  std::optional<time_point> lease_ends_at; ///< a part has found out that the store went back
};

using self_ptr = cx::self_ptr<store_impl, store_state>;

store::session_view renumbered(const store_state& st, store::session_view v) {
  if (v.number != 0) {
    v.number += st.number_base;
  }
  return v;
}

store::session_options options_of(const store_state& st) {
  store::session_options options;
  options.servers = st.config.connect;
  options.session_timeout = st.config.session_timeout;
  options.digest = st.config.digest;
  options.log = [env = std::weak_ptr<node_env>{st.env}](const log_record& line) {
    if (auto strong = env.lock()) {
      strong->log(line);
    }
  };
  return options;
}

store::event_sink sink_of(self_ptr self, std::uint64_t handle) {
  return [weak = caf::weak_actor_ptr{self->ctrl()}, handle](store::raw_event e) {
    post_to<store_impl>(weak, raw_message{handle, std::make_shared<store::raw_event>(std::move(e))});
  };
}

/// What kept the handle from being opened, if anything.
std::optional<error> open_handle(self_ptr self, std::uint64_t handle) {
  auto& st = self->state();
  auto port = st.env->sessions().open(options_of(st), sink_of(self, handle));
  if (!port) {
    return port.error();
  }
  (*st.ports)[handle] = std::move(*port);
  return std::nullopt;
}

/// While anything runs the session is left as it is: its answer comes at the next turn.
void send_scout(self_ptr self, const store::session_core::scout& order) {
  auto& st = self->state();
  const auto tell = [sink = sink_of(self, order.handle), number = order.number](store::raw_scouted found) {
    found.scout = number;
    sink(found);
  };
  if (!st.env->exec().running({}).empty()) {
    tell({});
  } else {
    st.env->sessions().scout(options_of(st), tell);
  }
}

/// Ends as a part that has failed; its node begins a new life then, and ends the session.
void give_up(self_ptr self, const store::session_core::went_back& x) {
  const auto how = x.found < x.seen
                     ? fmt::format("its latest transaction is {:#x}, and we have seen {:#x}", x.found, x.seen)
                     : fmt::format("it takes new sessions, at transaction {:#x}, and refuses this one", x.found);
  self->quit(to_caf({errc::store_went_back, fmt::format("the store has older data than we have seen: {}; it was "
                                                        "restored or has lost what it had",
                                                        how)}));
}

/// The same, found out by a part that has read what it wrote itself: again and again, until this has happened. The
/// lease may have just begun. It ends as if we ended the session, after D at the latest; when no run is left then, none
/// can start any more.
void give_up(self_ptr self, const msg::read_older& x) {
  auto& st = self->state();
  const auto now = st.env->now();
  if (!st.lease_ends_at) {
    st.lease_ends_at = now + st.limits.scout_after.value_or(duration::zero());
    st.env->exec().session_ends(std::max(st.joined_in, st.number_base), now);
  }
  if (now >= *st.lease_ends_at && st.env->exec().running({}).empty()) {
    self->quit(
      to_caf({errc::store_went_back,
              fmt::format("the store has older data than we have seen: what this node wrote in transaction {:#x} "
                          "is there as of {:#x}; it was restored",
                          x.seen, x.found)}));
  }
}

const char* name_of(store::session_core::subject x) {
  return x == store::session_core::subject::size ? "size" : "connect";
}

/// Limits and delays that would otherwise be met in silence.
void tell_limits(self_ptr self) {
  auto& st = self->state();
  const auto& c = st.core->counters();
  if (!st.peers) {
    return;
  }
  const auto tell = [&](event what) { self->mail(msg::happened{std::move(what)}).send(st.peers->node); };
  if (c.watches_refused > st.told_refused) {
    st.told_refused = c.watches_refused;
    st.refused_at = st.env->now();
    tell(problem{"store",
                 {errc::too_large, "watch_limit: a session may have " + std::to_string(st.limits.max_watches) +
                                     " watches; what has none is looked at again from time to time"},
                 "watch_limit"});
  } else if (st.refused_at && c.watches <= c.max_watches / 10 * 9 && c.watch_bytes <= c.max_watch_bytes / 10 * 9 &&
             st.env->now() > *st.refused_at + std::chrono::minutes{1}) {
    st.refused_at.reset();
    tell(problem_over{"store", "watch_limit"});
  }
  const auto now = st.env->now();
  if (c.overdue > st.told_overdue) {
    st.told_overdue = c.overdue;
    st.overdue_at = now;
    tell(problem{"store",
                 {errc::timed_out, "the store does not answer within operation_deadline, " +
                                     format_duration(st.limits.operation_deadline)},
                 "answers"});
  } else if (st.overdue_at && now > *st.overdue_at + 5 * st.limits.operation_deadline &&
             st.core->view().phase == store::session_phase::connected) {
    st.overdue_at.reset();
    tell(problem_over{"store", "answers"});
  }
}

void tell_clients(self_ptr self, const store::session_view& view) {
  auto& st = self->state();
  for (auto& [id, client] : st.clients) {
    self->mail(msg::session_changed{renumbered(st, view)}).send(client);
  }
}

void carry_out(self_ptr self, store::session_core::effects fx) {
  auto& st = self->state();
  using core = store::session_core;
  // The core hears of them when the rest is done: its effects have an order, and a timer that it names in the answer
  // must not be replaced by one that it named before.
  std::vector<std::pair<std::uint64_t, error>> not_opened;
  for (auto& e : fx) {
    std::visit(
      overloaded{
        [&](core::open_handle& x) {
          if (auto why = open_handle(self, x.handle)) {
            not_opened.emplace_back(x.handle, std::move(*why));
          }
        },
        [&](core::close_handle& x) {
          if (auto i = st.ports->find(x.handle); i != st.ports->end()) {
            // The lease counts from now on, and the worker may be late to hear of it.
            st.env->exec().session_ends(st.core->view().number + st.number_base, st.env->now());
            i->second->close();
          }
        },
        [&](core::submit& x) {
          if (auto i = st.ports->find(x.handle); i != st.ports->end()) {
            i->second->submit(x.id, std::move(x.request));
          }
        },
        [&](core::commit_done& x) {
          if (auto i = st.clients.find(x.to.client); i != st.clients.end()) {
            self->mail(msg::commit_done{x.to.request, std::move(x.outcome)}).send(i->second);
          }
        },
        [&](core::read_done& x) {
          if (auto i = st.clients.find(x.to.client); i != st.clients.end()) {
            self->mail(msg::read_done{x.to.request, std::move(x.outcome)}).send(i->second);
          }
        },
        [&](core::watch_fired& x) {
          for (auto c : x.clients) {
            if (auto i = st.clients.find(c); i != st.clients.end()) {
              self->mail(msg::watch_fired{x.event}).send(i->second);
            }
          }
        },
        [&](core::session_changed& x) {
          tell_clients(self, x.view);
          if (st.peers && x.view.phase == store::session_phase::connected) {
            self->mail(msg::happened{problem_over{"store", "connect"}}).send(st.peers->node);
            if (x.view.connects == 1) { // a new session has no watches yet
              self->mail(msg::happened{problem_over{"store", "watch_limit"}}).send(st.peers->node);
            }
          }
        },
        [&](core::contact_advanced& x) {
          if (st.peers) {
            self->mail(msg::contact{x.number + st.number_base, x.contact}).send(st.peers->worker);
          }
        },
        [&](core::probe_failed&) {
          if (st.peers) {
            self->mail(msg::not_alive{}).send(st.peers->keeper);
          }
        },
        [&](core::report& x) {
          if (st.peers) {
            self->mail(msg::happened{problem{"store", std::move(x.why), name_of(x.about)}}).send(st.peers->node);
          }
        },
        [&](core::report_over& x) {
          if (st.peers) {
            self->mail(msg::happened{problem_over{"store", name_of(x.about)}}).send(st.peers->node);
          }
        },
        [&](core::scout& x) { send_scout(self, x); },
        [&](core::went_back& x) { give_up(self, x); },
        [&](core::arm_timer& x) {
          st.generation = x.generation;
          st.timer.set(x.at);
        },
      },
      e);
  }
  tell_limits(self);
  for (auto& [handle, why] : not_opened) {
    carry_out(self, st.core->on_open_failed(handle, std::move(why), st.env->now(), st.env->random()));
  }
}

std::optional<std::uint32_t> sender_id(self_ptr self) {
  auto& st = self->state();
  auto sender = self->current_sender();
  if (!sender) {
    return std::nullopt;
  }
  auto i = st.client_ids.find(sender->id());
  return i == st.client_ids.end() ? std::nullopt : std::optional<std::uint32_t>{i->second};
}

void forget(self_ptr self, caf::actor_id gone) {
  auto& st = self->state();
  if (auto i = st.client_ids.find(gone); i != st.client_ids.end()) {
    auto id = i->second;
    st.client_ids.erase(i);
    st.clients.erase(id);
    carry_out(self, st.core->forget(id, st.env->now()));
  }
}

store_status status_of(const store_state& st) {
  store_status s;
  const auto& c = st.core->counters();
  s.phase = st.core->view().phase;
  s.commits = c.commits;
  s.conflicts = c.conflicts;
  s.unknowns = c.unknowns;
  s.rejections = c.rejections;
  s.reads = c.reads;
  s.probes = c.probes;
  s.watch_events = c.watch_events;
  s.connects = c.connects;
  s.sessions = c.sessions;
  s.in_flight = c.in_flight_ops;
  s.queued = c.queued_ops;
  s.watches = c.watches;
  s.watch_bytes = c.watch_bytes;
  s.max_in_flight_bytes = c.max_in_flight_bytes;
  s.max_transaction_bytes = c.max_transaction_bytes;
  s.max_watches = c.max_watches;
  s.max_watch_bytes = c.max_watch_bytes;
  s.watches_refused = c.watches_refused;
  s.overdue = c.overdue;
  return s;
}

store_impl::behavior_type store_behavior(self_ptr self, store_args args) {
  init_part(self);
  auto& st = self->state();
  st.env = std::move(args.env);
  st.config = std::move(args.config);
  st.number_base = args.number_base;
  st.ports = std::move(args.ports);
  st.limits = args.limits;
  st.core = std::make_unique<store::session_core>(args.limits);
  st.timer.init(st.env, caf::weak_actor_ptr{self->ctrl()});
  return cx::make_behavior<store_impl>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [self](raw_message& m) {
      auto& s = self->state();
      const auto* link = std::get_if<store::raw_link>(m.event.get());
      const bool gone =
        link != nullptr && (link->state == store::link_state::closed || link->state == store::link_state::failed);
      carry_out(self, s.core->on_raw(m.handle, std::move(*m.event), s.env->now(), s.env->random()));
      if (gone && s.ports->erase(m.handle) > 0 && s.closing && s.ports->empty()) {
        self->mail(msg::store_closed{}).send(*s.closing);
      }
    },
    [self](msg::wake) {
      auto& s = self->state();
      s.timer.fired();
      carry_out(self, s.core->on_timer(s.generation, s.env->now()));
    },
    [self](msg::read& m) {
      auto& s = self->state();
      if (auto id = sender_id(self)) {
        carry_out(self, s.core->read({*id, m.request}, std::move(m.reads), m.fresh, s.env->now()));
      }
    },
    [self](msg::commit& m) {
      auto& s = self->state();
      if (auto id = sender_id(self)) {
        carry_out(self, s.core->commit({*id, m.request}, m.session - s.number_base, std::move(m.txn), s.env->now()));
      }
    },
    [self](msg::attach) {
      auto& s = self->state();
      auto sender = self->current_sender();
      if (!sender || s.client_ids.count(sender->id()) > 0) {
        return;
      }
      auto client = caf::actor_cast<store_client_actor>(sender);
      self->monitor(client, [self, gone = client.id()](const caf::error&) { forget(self, gone); });
      s.client_ids.emplace(sender->id(), s.next_client);
      s.clients.emplace(s.next_client++, client);
      self->mail(msg::session_changed{renumbered(s, s.core->view())}).send(client);
    },
    [self](msg::start_probing& m) {
      auto& s = self->state();
      s.joined_in = m.number;
      carry_out(self, s.core->start_probing(m.number - s.number_base, std::move(m.path), s.env->now()));
    },
    [self](msg::stop_probing) {
      auto& s = self->state();
      carry_out(self, s.core->stop_probing(s.env->now()));
    },
    [self](msg::close_session) {
      auto& s = self->state();
      if (self->current_sender()) {
        s.closing = caf::actor_cast<supervisor_actor>(self->current_sender());
      }
      carry_out(self, s.core->close(s.env->now()));
      if (s.closing && s.ports->empty()) {
        self->mail(msg::store_closed{}).send(*s.closing);
      }
    },
    [self](msg::read_older& m) { give_up(self, m); },
    [self](msg::introduce& m) {
      auto& s = self->state();
      if (!std::exchange(s.peers, std::move(m.who))) {
        carry_out(self, s.core->open(s.env->now()));
      }
    },
    [self](msg::get_part_status) -> caf::result<store_status> { return status_of(self->state()); }, ignore_errors);
}

} // namespace

store_actor spawn_store(caf::actor_system& system, store_args args) {
  return system.spawn(store_behavior, std::move(args));
}

} // namespace djm
