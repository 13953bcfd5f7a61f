#include "actors/store/store_shell.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <caf/all.hpp>
#include <fmt/format.h>

#include "actors/common/shell.hpp"
#include "actors/store/last_lease.hpp"
#include "actors/store/limit_reporter.hpp"
#include "actors/store/raw_message.hpp"
#include "actors/store/store_clients.hpp"

namespace djm {

namespace {

using store_impl = store_actor::extend_with<cx::typed<caf::result<void>(raw_message)>>;

const char* name_of(store::session_core::subject x) {
  return x == store::session_core::subject::size ? "size" : "connect";
}

store_status status_of(const store::session_core& core) {
  store_status s;
  const auto& c = core.counters();
  s.phase = core.view().phase;
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
  s.commit_time = c.commit_time;
  s.read_time = c.read_time;
  return s;
}

class store_shell {
  using session_core = store::session_core;

public:
  static inline const char* name = "djm.store";
  using self_ptr = cx::self_ptr<store_impl, store_shell>;

  void init(self_ptr me, store_args args);
  store_impl::behavior_type make_behavior();

  void apply(session_core::open_handle& x);
  void apply(session_core::close_handle& x);
  void apply(session_core::submit& x);
  void apply(session_core::commit_done& x);
  void apply(session_core::read_done& x);
  void apply(session_core::watch_fired& x);
  void apply(session_core::session_changed& x);
  void apply(session_core::contact_advanced& x);
  void apply(session_core::probe_failed&);
  void apply(session_core::report& x) { happened(problem{"store", std::move(x.why), name_of(x.about)}); }
  void apply(session_core::report_over& x) { happened(problem_over{"store", name_of(x.about)}); }
  void apply(session_core::scout& x);
  void apply(session_core::went_back& x);
  void apply(session_core::arm_timer& x);

private:
  void carry_out(session_core::effects fx);
  void happened(event what);
  void on_raw(raw_message& m);
  void attach();
  void forget(caf::actor_id gone);
  void introduce(peers_ptr who);
  void close_session();
  void tell_when_closed();
  void read_older(const msg::read_older& x);

  time_point now() const { return env_->now(); }
  std::optional<std::uint32_t> sender_number() const;
  store::session_view renumbered(store::session_view v) const;
  store::session_options options() const;
  store::event_sink sink_of(std::uint64_t handle) const;

  self_ptr self = nullptr;
  std::shared_ptr<node_env> env_;
  store_config config_;
  store::session_limits limits_;
  std::uint64_t number_base_ = 0;
  std::unique_ptr<session_core> core_;
  std::shared_ptr<session_ports> ports_;
  store_clients clients_;
  peers_ptr peers_;
  wake_timer<store_actor> timer_;
  std::uint64_t generation_ = 0;
  std::optional<limit_reporter> limit_reports_;
  last_lease last_lease_;
  std::uint64_t joined_in_ = 0; ///< the latest session in which this node has joined
  std::optional<supervisor_actor> closing_;
  /// Handles that could not be opened while effects were carried out. The core hears of them when the rest is done: its
  /// effects have an order, and a timer that it names in the answer must not be replaced by one that it named before.
  std::vector<std::pair<std::uint64_t, error>> not_opened_;
};

void store_shell::init(self_ptr me, store_args args) {
  init_part(me);
  self = me;
  env_ = std::move(args.env);
  config_ = std::move(args.config);
  limits_ = args.limits;
  number_base_ = args.number_base;
  ports_ = std::move(args.ports);
  core_ = std::make_unique<session_core>(limits_);
  limit_reports_.emplace(limits_);
  timer_.init(env_, caf::weak_actor_ptr{self->ctrl()});
}

store::session_view store_shell::renumbered(store::session_view v) const {
  if (v.number != 0) {
    v.number += number_base_;
  }
  return v;
}

store::session_options store_shell::options() const {
  store::session_options o;
  o.servers = config_.connect;
  o.session_timeout = config_.session_timeout;
  o.digest = config_.digest;
  o.log = [env = std::weak_ptr<node_env>{env_}](const log_record& line) {
    if (auto strong = env.lock()) {
      strong->log(line);
    }
  };
  return o;
}

store::event_sink store_shell::sink_of(std::uint64_t handle) const {
  return [weak = caf::weak_actor_ptr{self->ctrl()}, handle](store::raw_event e) {
    post_to<store_impl>(weak, raw_message{handle, std::make_shared<store::raw_event>(std::move(e))});
  };
}

std::optional<std::uint32_t> store_shell::sender_number() const {
  const auto sender = self->current_sender();
  return sender ? clients_.number_of(sender->id()) : std::nullopt;
}

// -- what the session wants -------------------------------------------------------

void store_shell::carry_out(session_core::effects fx) {
  for (auto& e : fx) {
    std::visit([this](auto& x) { apply(x); }, e);
  }
  if (peers_) {
    for (auto& news :
         limit_reports_->look(core_->counters(), core_->view().phase == store::session_phase::connected, now())) {
      happened(std::move(news));
    }
  }
  for (auto& [handle, why] : std::exchange(not_opened_, {})) {
    carry_out(core_->on_open_failed(handle, std::move(why), now(), env_->random()));
  }
}

/// Before the others are known there is nobody to tell.
void store_shell::happened(event what) {
  if (peers_) {
    self->mail(msg::happened{std::move(what)}).send(peers_->node);
  }
}

void store_shell::apply(session_core::open_handle& x) {
  if (auto port = env_->sessions().open(options(), sink_of(x.handle))) {
    (*ports_)[x.handle] = std::move(*port);
  } else {
    not_opened_.emplace_back(x.handle, std::move(port.error()));
  }
}

void store_shell::apply(session_core::close_handle& x) {
  if (const auto i = ports_->find(x.handle); i != ports_->end()) {
    // The lease counts from now on, and the worker may be late to hear of it.
    env_->exec().session_ends(core_->view().number + number_base_, now());
    i->second->close();
  }
}

void store_shell::apply(session_core::submit& x) {
  if (const auto i = ports_->find(x.handle); i != ports_->end()) {
    i->second->submit(x.id, std::move(x.request));
  }
}

void store_shell::apply(session_core::commit_done& x) {
  if (const auto* client = clients_.find(x.to.client)) {
    self->mail(msg::commit_done{x.to.request, std::move(x.outcome)}).send(*client);
  }
}

void store_shell::apply(session_core::read_done& x) {
  if (const auto* client = clients_.find(x.to.client)) {
    self->mail(msg::read_done{x.to.request, std::move(x.outcome)}).send(*client);
  }
}

void store_shell::apply(session_core::watch_fired& x) {
  for (const auto number : x.clients) {
    if (const auto* client = clients_.find(number)) {
      self->mail(msg::watch_fired{x.event}).send(*client);
    }
  }
}

void store_shell::apply(session_core::session_changed& x) {
  for (const auto& [number, client] : clients_) {
    self->mail(msg::session_changed{renumbered(x.view)}).send(client);
  }
  if (x.view.phase == store::session_phase::connected) {
    happened(problem_over{"store", "connect"});
    if (x.view.connects == 1) { // a new session has no watches yet
      happened(problem_over{"store", "watch_limit"});
    }
  }
}

void store_shell::apply(session_core::contact_advanced& x) {
  if (peers_) {
    self->mail(msg::contact{x.number + number_base_, x.contact}).send(peers_->worker);
  }
}

void store_shell::apply(session_core::probe_failed&) {
  if (peers_) {
    self->mail(msg::not_alive{}).send(peers_->keeper);
  }
}

void store_shell::apply(session_core::arm_timer& x) {
  generation_ = x.generation;
  timer_.set(x.at);
}

// -- a store that has gone back ---------------------------------------------------

/// While anything runs the session is left as it is: its answer comes at the next turn.
void store_shell::apply(session_core::scout& x) {
  const auto tell = [sink = sink_of(x.handle), number = x.number](store::raw_scouted found) {
    found.scout = number;
    sink(found);
  };
  if (!env_->exec().running({}).empty()) {
    tell({});
  } else {
    env_->sessions().scout(options(), tell);
  }
}

/// Ends as a part that has failed; its node begins a new life then, and ends the session.
void store_shell::apply(session_core::went_back& x) {
  const auto how = x.found < x.seen
                     ? fmt::format("its latest transaction is {:#x}, and we have seen {:#x}", x.found, x.seen)
                     : fmt::format("it takes new sessions, at transaction {:#x}, and refuses this one", x.found);
  self->quit(to_caf({errc::store_went_back, fmt::format("the store has older data than we have seen: {}; it was "
                                                        "restored or has lost what it had",
                                                        how)}));
}

/// The same, found out by a part that has read what it wrote itself, and that says so until this life has ended.
void store_shell::read_older(const msg::read_older& x) {
  const auto t = now();
  if (last_lease_.begin(t, limits_.scout_after.value_or(duration::zero()))) {
    env_->exec().session_ends(std::max(joined_in_, number_base_), t);
  }
  if (last_lease_.over(t, !env_->exec().running({}).empty())) {
    self->quit(
      to_caf({errc::store_went_back,
              fmt::format("the store has older data than we have seen: what this node wrote in transaction {:#x} "
                          "is there as of {:#x}; it was restored",
                          x.seen, x.found)}));
  }
}

// -- messages -----------------------------------------------------------------------

void store_shell::on_raw(raw_message& m) {
  const auto* link = std::get_if<store::raw_link>(m.event.get());
  const bool gone =
    link != nullptr && (link->state == store::link_state::closed || link->state == store::link_state::failed);
  carry_out(core_->on_raw(m.handle, std::move(*m.event), now(), env_->random()));
  if (gone && ports_->erase(m.handle) > 0) {
    tell_when_closed();
  }
}

void store_shell::attach() {
  const auto sender = self->current_sender();
  if (!sender) {
    return;
  }
  const auto client = caf::actor_cast<store_client_actor>(sender);
  if (clients_.add(client)) {
    self->monitor(client, [this, gone = client.id()](const caf::error&) { forget(gone); });
    self->mail(msg::session_changed{renumbered(core_->view())}).send(client);
  }
}

void store_shell::forget(caf::actor_id gone) {
  if (const auto number = clients_.remove(gone)) {
    carry_out(core_->forget(*number, now()));
  }
}

void store_shell::introduce(peers_ptr who) {
  if (!std::exchange(peers_, std::move(who))) {
    carry_out(core_->open(now()));
  }
}

void store_shell::close_session() {
  if (self->current_sender()) {
    closing_ = caf::actor_cast<supervisor_actor>(self->current_sender());
  }
  carry_out(core_->close(now()));
  tell_when_closed();
}

void store_shell::tell_when_closed() {
  if (closing_ && ports_->empty()) {
    self->mail(msg::store_closed{}).send(*closing_);
  }
}

store_impl::behavior_type store_shell::make_behavior() {
  return cx::make_behavior<store_impl>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [this](raw_message& m) { on_raw(m); },
    [this](msg::wake) {
      timer_.fired();
      carry_out(core_->on_timer(generation_, now()));
    },
    [this](msg::read& m) {
      if (const auto number = sender_number()) {
        carry_out(core_->read({*number, m.request}, std::move(m.reads), m.fresh, now()));
      }
    },
    [this](msg::commit& m) {
      if (const auto number = sender_number()) {
        carry_out(core_->commit({*number, m.request}, m.session - number_base_, std::move(m.txn), now()));
      }
    },
    [this](msg::attach) { attach(); },
    [this](msg::start_probing& m) {
      joined_in_ = m.number;
      carry_out(core_->start_probing(m.number - number_base_, std::move(m.path), now()));
    },
    [this](msg::stop_probing) { carry_out(core_->stop_probing(now())); },
    [this](msg::close_session) { close_session(); }, //
    [this](msg::read_older& m) { read_older(m); }, [this](msg::introduce& m) { introduce(std::move(m.who)); },
    [this](msg::get_part_status) -> caf::result<store_status> { return status_of(*core_); }, ignore_errors);
}

store_impl::behavior_type store_behavior(store_shell::self_ptr self, store_args args) {
  self->state().init(self, std::move(args));
  return self->state().make_behavior();
}

} // namespace

store_actor spawn_store(caf::actor_system& system, store_args args) {
  return system.spawn(store_behavior, std::move(args));
}

} // namespace djm
