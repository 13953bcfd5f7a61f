#include "actors/node/node_shell.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "actors/node/admin_core.hpp"
#include "actors/store/store_shell.hpp"
#include "zkstore/payloads.hpp"

namespace djm {

namespace {

/// Timers of the supervisor and the end of its environment.
struct stop_timeout_over {};
struct env_closed {};
struct rebuild_now {};
/// While the node drains: whether only a store that is out of reach keeps it.
struct drain_check {};

template <class V>
auto fields(V&& v, stop_timeout_over&) {
  return v("stop_timeout_over");
}
template <class V>
auto fields(V&& v, env_closed&) {
  return v("env_closed");
}
template <class V>
auto fields(V&& v, rebuild_now&) {
  return v("rebuild_now");
}
template <class V>
auto fields(V&& v, drain_check&) {
  return v("drain_check");
}

using node_impl = node_actor::extend_with<supervisor_actor>::extend_with<store_client_actor>::extend_with<
  cx::typed<caf::result<void>(msg::wake), caf::result<void>(stop_timeout_over), caf::result<void>(env_closed),
            caf::result<void>(rebuild_now), caf::result<void>(drain_check)>>;

enum class life { starting, running, draining, leaving, closing, ending, stopped };

const char* name_of(life x) {
  switch (x) {
  case life::starting:
    return "starting";
  case life::running:
    return "running";
  case life::stopped:
    return "stopped";
  default:
    return "stopping";
  }
}

/// A `get_status` on its way: filled in by the parts, delivered once.
struct status_collector {
  node_status status;
  std::size_t open = 0;
  caf::typed_response_promise<node_status> promise;
};

enum class part { store, keeper, election, manager, worker };
constexpr const char* part_names[] = {"store", "keeper", "election", "manager", "worker"};

struct job_entry {
  job_spec spec;
  std::shared_ptr<job> code;
  runner_actor runner;
  bool leaving = false;
  std::vector<caf::typed_response_promise<void>> waiting;
};

struct node_state {
  static inline const char* name = "djm.node";
  node_config config;
  node_parts parts;
  life phase = life::starting;
  bool hurried = false;
  std::shared_ptr<peers> now;
  std::map<caf::actor_id, part> part_ids;
  std::map<caf::actor_id, job_id> runner_ids;
  std::map<job_id, job_entry> jobs;
  std::map<caf::actor_id, caf::actor> listeners;
  std::unique_ptr<admin_core> admin;
  wake_timer<node_impl> timer;
  timer_id stop_timer = 0;
  bool store_was_away = false; ///< at the last look while draining
  std::uint64_t next_wish = 1;
  std::map<std::uint64_t, caf::typed_response_promise<void>> wishes;
  std::map<std::uint64_t, caf::typed_response_promise<cluster_view>> views;
  std::vector<caf::typed_response_promise<void>> stoppers;
  std::set<std::shared_ptr<status_collector>> statuses;
  bool joined = false;
  bool settled = false;
  std::uint32_t restarts = 0;
  std::deque<time_point> recent_failures;
  std::set<part> to_rebuild;
  std::set<job_id> runners_to_rebuild;
  bool rebuild_armed = false;
  std::uint64_t stores_started = 0;
  std::shared_ptr<session_ports> ports; ///< of the present store
  store::session_view session;          ///< as the present store told last
  caf::error verdict; ///< why the node stops, when nobody asked it to
  std::deque<std::string> problems;
  std::size_t alive_parts = 0;
  std::set<caf::actor_id> own; ///< parts whose exit has not come yet: it is no order to stop
};

using self_ptr = node_impl::stateful_pointer<node_state>;

constexpr std::size_t max_failures = 5;
constexpr auto failure_window = std::chrono::minutes{1};

void begin_stop(self_ptr self, bool hurry);
void proceed_stop(self_ptr self);
void skip_dead_step(self_ptr self, part dead);
void carry_out(self_ptr self, admin_core::effects fx);

/// Answers a request whose answer has no content.
void fulfil(caf::typed_response_promise<void>& p) {
  caf::response_promise& plain = p;
  plain.deliver(caf::unit);
}

template <class Message>
void in_time(self_ptr self, time_point at, Message m, timer_id* keep = nullptr) {
  auto& st = cx::state(self);
  caf::weak_actor_ptr weak{self->ctrl()};
  auto id = st.parts.env->arm(at, [weak, m] {
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak)) {
      caf::anon_send(caf::actor_cast<node_impl>(std::move(strong)), m);
    }
  });
  if (keep != nullptr) {
    *keep = id;
  }
}

void publish(self_ptr self, event what) {
  auto& st = cx::state(self);
  if (const auto* p = std::get_if<problem>(&what)) {
    st.problems.push_back(p->component + ": " + to_string(p->why));
    if (st.problems.size() > 20) {
      st.problems.pop_front();
    }
    st.parts.env->log({log_level::warning, st.config.id, p->component, to_string(p->why), {}});
  } else if (const auto* c = std::get_if<connection_changed>(&what)) {
    st.parts.env->log({log_level::info, st.config.id, "keeper", c->state + " (" + st.config.store.connect + ")", {}});
  } else if (const auto* q = std::get_if<pool_problem>(&what)) {
    st.parts.env->log({log_level::warning, st.config.id, "runner", to_string(q->why), {}});
  } else if (const auto* f = std::get_if<run_failed>(&what)) {
    st.parts.env->log({log_level::warning, st.config.id, "runner", "job \"" + f->job + "\": run failed: " + f->what, {}});
  } else if (const auto* o = std::get_if<run_overrun>(&what)) {
    st.parts.env->log({log_level::error, st.config.id, "runner",
                       "job \"" + o->job + "\": run " + std::to_string(o->run) + " ignores its stop request" +
                         (o->past_deadline ? " beyond the deadline: its items may run elsewhere" : ""),
                       {}});
  }
  if (st.listeners.empty()) {
    return;
  }
  node_event e{st.config.id, st.parts.env->wall_now().time_since_epoch().count(), std::move(what)};
  for (auto& [id, listener] : st.listeners) {
    caf::anon_send(listener, e);
  }
}

// -- parts ----------------------------------------------------------------------

template <class Handle>
void show_part(const node_state& st, const std::string& name, const Handle& handle) {
  if (st.parts.on_part) {
    st.parts.on_part(name, caf::actor_cast<caf::actor>(handle));
  }
}

store_actor start_store(self_ptr self) {
  auto& st = cx::state(self);
  store_args args;
  args.env = st.parts.env;
  args.config = st.config.store;
  args.limits.operation_deadline = st.config.store.operation_deadline;
  args.limits.backoff_min = st.config.backoff_min;
  args.limits.backoff_max = st.config.backoff_max;
  args.number_base = st.stores_started++ << 32;
  args.ports = st.ports = std::make_shared<session_ports>();
  return spawn_store(self->system(), std::move(args));
}

void start_part(self_ptr self, part which, bool rebuilt) {
  auto& st = cx::state(self);
  const auto& c = st.config;
  auto watch = [&](const auto& handle) {
    self->monitor(handle);
    self->link_to(handle); // whoever kills the node kills its parts
    st.own.insert(handle.id());
    st.part_ids[handle.id()] = which;
    ++st.alive_parts;
    show_part(st, part_names[static_cast<int>(which)], handle);
  };
  switch (which) {
  case part::store:
    st.now->store = start_store(self);
    watch(st.now->store);
    break;
  case part::keeper: {
    keeper_core::settings s;
    s.config = c;
    s.incarnation = st.parts.incarnation;
    s.host = st.parts.host;
    s.pid = st.parts.pid;
    s.started_at_ms = st.parts.env->wall_now().time_since_epoch().count();
    st.now->keeper = spawn_keeper(self->system(), st.parts.env, std::move(s));
    watch(st.now->keeper);
    break;
  }
  case part::election: {
    election_core::settings s;
    s.node = c.id;
    s.incarnation = st.parts.incarnation;
    s.root = c.store.root;
    s.backoff_min = c.backoff_min;
    s.backoff_max = c.backoff_max;
    st.now->election = spawn_election(self->system(), st.parts.env, std::move(s));
    watch(st.now->election);
    break;
  }
  case part::manager: {
    manager_core::settings s;
    s.node = c.id;
    s.incarnation = st.parts.incarnation;
    s.root = c.store.root;
    s.debounce = c.rebalance_debounce;
    s.max_wait = c.rebalance_max_wait;
    s.sweep_period = c.sweep_period;
    s.clean_period = c.clean_period;
    if (c.max_moves > 0) {
      s.planning.max_moves = c.max_moves;
    }
    if (c.max_moves_per_worker > 0) {
      s.planning.max_moves_per_worker = c.max_moves_per_worker;
    }
    s.backoff_min = c.backoff_min;
    s.backoff_max = c.backoff_max;
    st.now->manager = spawn_manager(self->system(), st.parts.env, std::move(s), st.parts.strategies);
    watch(st.now->manager);
    break;
  }
  case part::worker: {
    worker_core::settings s;
    s.node = c.id;
    s.incarnation = st.parts.incarnation;
    s.root = c.store.root;
    s.detach_tolerance = c.detach_tolerance;
    s.stop_grace = c.stop_grace;
    s.backoff_min = c.backoff_min;
    s.backoff_max = c.backoff_max;
    s.rebuilt = rebuilt;
    st.now->worker = spawn_worker(self->system(), st.parts.env, std::move(s));
    watch(st.now->worker);
    break;
  }
  }
}

/// Tells every part who is who. A copy, because parts keep what they got.
void introduce(self_ptr self) {
  auto& st = cx::state(self);
  peers_ptr p = std::make_shared<const peers>(*st.now);
  self->send(p->worker, p);
  self->send(p->manager, p);
  self->send(p->election, p);
  self->send(p->keeper, p);
  for (auto& [id, j] : st.jobs) {
    self->send(j.runner, p);
  }
  self->send(p->store, p); // last: it opens the session
}

void start_runner(self_ptr self, job_entry& j) {
  auto& st = cx::state(self);
  job_runner_core::settings s;
  s.spec = j.spec;
  s.stop_grace = st.config.stop_grace;
  s.abort_on_overrun = st.config.abort_on_overrun;
  s.run_base = st.parts.env->exec().next_run_id();
  j.runner = spawn_runner(self->system(), st.parts.env, std::move(s), j.code);
  self->monitor(j.runner);
  self->link_to(j.runner);
  st.own.insert(j.runner.id());
  st.runner_ids[j.runner.id()] = j.spec.id;
  ++st.alive_parts;
  show_part(st, "runner " + j.spec.id, j.runner);
  self->send(j.runner, peers_ptr{std::make_shared<const peers>(*st.now)});
  self->send(st.now->worker, add_runner{j.spec.id, j.runner});
}

void schedule_rebuild(self_ptr self) {
  auto& st = cx::state(self);
  if (!st.rebuild_armed) {
    st.rebuild_armed = true;
    auto delay = st.config.backoff_min * (1u << std::min<std::size_t>(st.recent_failures.size(), 6));
    in_time(self, st.parts.env->now() + std::min<duration>(delay, st.config.backoff_max), rebuild_now{});
  }
}

void on_failure(self_ptr self, const std::string& what, const caf::error& reason) {
  auto& st = cx::state(self);
  const auto now = st.parts.env->now();
  st.recent_failures.push_back(now);
  while (!st.recent_failures.empty() && now - st.recent_failures.front() > failure_window) {
    st.recent_failures.pop_front();
  }
  ++st.restarts;
  auto why = from_caf(reason);
  publish(self, problem{what, {why.code, what + " failed and is rebuilt: " + why.text}});
  if (st.recent_failures.size() > max_failures) {
    st.verdict = caf::make_error(errc::too_many_failures, what + " failed " + std::to_string(max_failures + 1) +
                                                            " times within " + format_duration(failure_window) +
                                                            "; last: " + why.text);
    begin_stop(self, true);
    return;
  }
  schedule_rebuild(self);
}

/// While the node drains: somebody has to say when the runs that a dead runner left behind have ended.
void replace_dead_runners(self_ptr self) {
  auto& st = cx::state(self);
  for (const auto& id : std::exchange(st.runners_to_rebuild, {})) {
    if (auto j = st.jobs.find(id); j != st.jobs.end()) {
      start_runner(self, j->second);
      self->send(j->second.runner, msg::stop_runs{stop_reason::shutdown});
    }
  }
}

void rebuild(self_ptr self) {
  auto& st = cx::state(self);
  st.rebuild_armed = false;
  if (st.phase == life::draining) {
    replace_dead_runners(self);
    return;
  }
  if (st.phase != life::starting && st.phase != life::running) {
    return;
  }
  auto parts = std::exchange(st.to_rebuild, {});
  auto runners = std::exchange(st.runners_to_rebuild, {});
  for (auto p : parts) {
    start_part(self, p, true);
  }
  // Whoever is new knows what it works for before those who make it work (the keeper: `joined`, a runner: `pool`) learn
  // that it is there.
  const peers_ptr now = std::make_shared<const peers>(*st.now);
  if (parts.count(part::worker) > 0) {
    self->send(now->worker, now);
  }
  for (auto& [id, j] : st.jobs) {
    if (parts.count(part::keeper) > 0 && !j.leaving) {
      self->send(now->keeper, msg::offer{j.spec});
    }
    if (runners.count(id) > 0) {
      start_runner(self, j);
    } else if (parts.count(part::worker) > 0) {
      self->send(j.runner, now);
      self->send(j.runner, msg::worker_restarted{});
      self->send(now->worker, add_runner{id, j.runner});
    }
    if (parts.count(part::worker) > 0 && j.leaving) {
      self->send(now->worker, msg::remove_job{id});
    }
  }
  if (parts.empty()) {
    return;
  }
  introduce(self);
  if (parts.count(part::store) > 0) {
    self->send(st.now->store, msg::attach{});
  }
}

/// The store part has died: its session is ended for it, and everyone who relied on it hears so first, because the
/// lease counts from the moment at which the end was asked for. What the session still had under way cannot harm: the keeper
/// joins again only when the server has taken away the `alive` of the old session, and with it its voice.
void end_orphaned_session(self_ptr self) {
  auto& st = cx::state(self);
  auto gone = st.session;
  gone.phase = store::session_phase::closed;
  gone.number = st.stores_started << 32; // no session of any store has this number
  gone.closed_at = st.parts.env->now();
  self->send(st.now->worker, msg::session_changed{gone});
  self->send(st.now->keeper, msg::session_changed{gone});
  self->send(st.now->election, msg::session_changed{gone});
  self->send(st.now->manager, msg::session_changed{gone});
  carry_out(self, st.admin->on_joined(false, make_step(*st.parts.env)));
  carry_out(self, st.admin->on_session(gone, make_step(*st.parts.env)));
  for (auto& [handle, port] : *st.ports) {
    port->close();
  }
  st.ports->clear();
}

void on_down(self_ptr self, const caf::down_msg& dm) {
  auto& st = cx::state(self);
  if (st.listeners.erase(dm.source.id()) > 0) {
    return;
  }
  if (auto p = st.part_ids.find(dm.source.id()); p != st.part_ids.end()) {
    const auto which = p->second;
    st.part_ids.erase(p);
    --st.alive_parts;
    if (which == part::store && st.phase != life::ending) {
      end_orphaned_session(self);
    }
    if (st.phase == life::ending) {
      proceed_stop(self);
    } else if (st.phase == life::starting || st.phase == life::running) {
      st.to_rebuild.insert(which);
      if (which == part::keeper || which == part::store) {
        st.joined = false;
      }
      on_failure(self, part_names[static_cast<int>(which)], dm.reason);
    } else {
      skip_dead_step(self, which);
    }
    return;
  }
  if (auto r = st.runner_ids.find(dm.source.id()); r != st.runner_ids.end()) {
    const auto id = r->second;
    st.runner_ids.erase(r);
    --st.alive_parts;
    auto j = st.jobs.find(id);
    if (st.phase == life::ending) {
      proceed_stop(self);
    } else if (j != st.jobs.end() && j->second.runner.id() == dm.source.id()) {
      st.runners_to_rebuild.insert(id);
      on_failure(self, "runner of job \"" + id + "\"", dm.reason);
    }
  }
}

// -- stopping -------------------------------------------------------------------

void begin_stop(self_ptr self, bool hurry) {
  auto& st = cx::state(self);
  if (st.phase == life::stopped || st.phase == life::ending) {
    return;
  }
  if (st.phase == life::starting || st.phase == life::running) {
    st.phase = life::draining;
    carry_out(self, st.admin->on_stop());
    for (auto& [id, j] : st.jobs) {
      self->send(j.runner, msg::stop_runs{stop_reason::shutdown});
    }
    replace_dead_runners(self);
    self->send(st.now->worker, msg::drain{});
    in_time(self, st.parts.env->now() + st.config.stop_timeout, stop_timeout_over{}, &st.stop_timer);
    in_time(self, st.parts.env->now() + st.config.store.operation_deadline, drain_check{});
    hurry = hurry || st.config.stop_timeout <= duration::zero();
    for (auto dead : st.to_rebuild) {
      skip_dead_step(self, dead);
    }
  } else if (!hurry) {
    hurry = true; // the second request
  }
  if (hurry && !st.hurried) {
    st.hurried = true;
    self->send(st.now->worker, msg::hurry{});
    // Even a store that answers nothing must not keep the node.
    in_time(self, st.parts.env->now() + st.config.store.operation_deadline, stop_timeout_over{});
  }
}

/// A part that is dead answers no step of the shutdown.
void skip_dead_step(self_ptr self, part dead) {
  auto& st = cx::state(self);
  if (dead == part::store) {
    st.phase = life::closing; // no session is left to leave with
    proceed_stop(self);
  } else if ((dead == part::worker && st.phase == life::draining) ||
             (dead == part::keeper && st.phase == life::leaving)) {
    proceed_stop(self);
  }
}

void proceed_stop(self_ptr self) {
  auto& st = cx::state(self);
  switch (st.phase) {
  case life::draining:
    st.phase = life::leaving;
    self->send(st.now->keeper, msg::leave{});
    // The store may have stopped answering: leaving is given as long as an operation, then the session just ends.
    in_time(self, st.parts.env->now() + st.config.store.operation_deadline, stop_timeout_over{});
    break;
  case life::leaving:
    st.phase = life::closing;
    self->send(st.now->election, msg::resign{});
    self->send(st.now->store, msg::close_session{});
    in_time(self, st.parts.env->now() + st.config.store.operation_deadline * 2, stop_timeout_over{});
    break;
  case life::closing: {
    st.phase = life::ending;
    for (auto& [id, j] : st.jobs) {
      self->send_exit(j.runner, caf::exit_reason::user_shutdown);
    }
    self->send_exit(st.now->worker, caf::exit_reason::user_shutdown);
    self->send_exit(st.now->manager, caf::exit_reason::user_shutdown);
    self->send_exit(st.now->election, caf::exit_reason::user_shutdown);
    self->send_exit(st.now->keeper, caf::exit_reason::user_shutdown);
    self->send_exit(st.now->store, caf::exit_reason::user_shutdown);
    if (st.alive_parts == 0) {
      proceed_stop(self);
    }
    break;
  }
  case life::ending:
    if (st.alive_parts == 0) {
      caf::weak_actor_ptr weak{self->ctrl()};
      st.parts.env->close([weak] {
        if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak)) {
          caf::anon_send(caf::actor_cast<node_impl>(std::move(strong)), env_closed{});
        }
      });
    }
    break;
  default:
    break;
  }
}

// -- wishes ---------------------------------------------------------------------

void carry_out(self_ptr self, admin_core::effects fx) {
  auto& st = cx::state(self);
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { self->send(st.now->store, msg::commit{x.request, std::move(x.txn)}); },
                 [&](read_effect& x) { self->send(st.now->store, msg::read{x.request, std::move(x.reads), x.fresh}); },
                 [&](admin_core::done& x) {
                   if (auto w = st.wishes.find(x.id); w != st.wishes.end()) {
                     if (x.result) {
                       fulfil(w->second);
                     } else {
                       w->second.deliver(to_caf(x.result.error()));
                     }
                     st.wishes.erase(w);
                   } else if (auto v = st.views.find(x.id); v != st.views.end()) {
                     v->second.deliver(to_caf(x.result.error()));
                     st.views.erase(v);
                   }
                 },
                 [&](admin_core::viewed& x) {
                   if (auto v = st.views.find(x.id); v != st.views.end()) {
                     v->second.deliver(std::move(x.view));
                     st.views.erase(v);
                   }
                 },
               },
               e);
  }
  st.timer.set(st.admin->wake_at());
}

error stopping_error(const node_state& st) {
  return {errc::shutting_down, "node \"" + st.config.id + "\" is shutting down"};
}

bool is_stopping(const node_state& st) {
  return st.phase != life::starting && st.phase != life::running;
}

caf::result<void> wish(self_ptr self, admin_core::wish w) {
  auto& st = cx::state(self);
  if (is_stopping(st)) {
    return to_caf(stopping_error(st));
  }
  auto promise = self->make_response_promise<void>();
  const auto id = st.next_wish++;
  st.wishes.emplace(id, promise);
  carry_out(self, st.admin->ask(id, std::move(w), make_step(*st.parts.env)));
  return promise;
}

// -- status ---------------------------------------------------------------------

void deliver_status(status_collector& c) {
  std::sort(c.status.jobs.begin(), c.status.jobs.end(),
            [](const runner_status& a, const runner_status& b) { return a.job < b.job; });
  c.promise.deliver(std::move(c.status));
}

void finish_status(self_ptr self, const std::shared_ptr<status_collector>& c) {
  if (--c->open == 0) {
    cx::state(self).statuses.erase(c);
    deliver_status(*c);
  }
}

template <class Status, class Part, class Put>
void ask_part(self_ptr self, const std::shared_ptr<status_collector>& c, const Part& part, Put put) {
  self->request(part, std::chrono::seconds{2}, msg::get_part_status{})
    .then(
      [self, c, put](Status& s) {
        put(c->status, s);
        finish_status(self, c);
      },
      [self, c](caf::error&) { finish_status(self, c); });
}

caf::result<node_status> collect_status(self_ptr self) {
  auto& st = cx::state(self);
  auto c = std::make_shared<status_collector>();
  c->promise = self->make_response_promise<node_status>();
  auto promise = c->promise;
  c->status.node = st.config.id;
  c->status.state = name_of(st.phase);
  c->status.ready = st.joined && st.settled && !is_stopping(st);
  c->status.restarts = st.restarts;
  c->status.problems.assign(st.problems.begin(), st.problems.end());
  const auto pool = st.parts.env->exec().stats();
  c->status.executor = {pool.threads, pool.max_threads, pool.busy, pool.waiting, pool.finished, pool.failed};
  c->open = 6 + st.jobs.size();
  st.statuses.insert(c);
  ask_part<store_status>(self, c, st.now->store, [](node_status& n, store_status& x) { n.store = x; });
  ask_part<keeper_status>(self, c, st.now->keeper, [](node_status& n, keeper_status& x) { n.connection = x; });
  ask_part<election_status>(self, c, st.now->election, [](node_status& n, election_status& x) { n.election = x; });
  ask_part<manager_status>(self, c, st.now->manager, [](node_status& n, manager_status& x) { n.manager = x; });
  ask_part<worker_status>(self, c, st.now->worker, [](node_status& n, worker_status& x) { n.worker = x; });
  for (auto& [id, j] : st.jobs) {
    ask_part<runner_status>(self, c, j.runner, [](node_status& n, runner_status& x) { n.jobs.push_back(x); });
  }
  finish_status(self, c);
  return promise;
}

// -- the node -------------------------------------------------------------------

/// Well below what one transaction may hold, as it also carries what newer versions have written beside it.
constexpr std::size_t max_attributes_size = 256u << 10;

caf::result<void> add_job(self_ptr self, register_job& m) {
  auto& st = cx::state(self);
  if (is_stopping(st)) {
    return to_caf(stopping_error(st));
  }
  if (auto ok = validate(m.spec); !ok) {
    return to_caf(ok.error());
  }
  if (!m.code) {
    return caf::make_error(errc::invalid_config, "job \"" + m.spec.id + "\" has no code");
  }
  if (auto known = st.jobs.find(m.spec.id); known != st.jobs.end()) {
    return caf::make_error(errc::duplicate_job,
                           "job \"" + m.spec.id + "\" is registered on node \"" + st.config.id + "\" already" +
                             (known->second.leaving ? " and on its way out; unregister_job is answered when it is free"
                                                    : ""));
  }
  if (const auto most = longest_stop_grace(st.config, st.config.store.session_timeout); m.spec.stop_grace > most) {
    return caf::make_error(errc::invalid_config,
                           "job \"" + m.spec.id + "\": stop_grace " + format_duration(m.spec.stop_grace) +
                             " leaves no time to run under the session timeout and detach tolerance of node \"" +
                             st.config.id + "\"; at most " + format_duration(most));
  }
  store::pool_payload stored;
  stored.attributes = m.spec.attributes;
  if (const auto size = store::encode(stored).size(); size > max_attributes_size) {
    return caf::make_error(errc::too_large, "job \"" + m.spec.id + "\": its attributes take " + std::to_string(size) +
                                              " bytes in the store; at most " + std::to_string(max_attributes_size) +
                                              " are possible");
  }
  auto& j = st.jobs[m.spec.id];
  j.spec = std::move(m.spec);
  j.code = std::move(m.code);
  // The keeper must know the job before the runner sends it the pool.
  self->send(st.now->keeper, msg::offer{j.spec});
  start_runner(self, j);
  return caf::unit;
}

caf::error unknown(const node_state& st, const job_id& job) {
  return caf::make_error(errc::unknown_job, "job \"" + job + "\" is not registered on node \"" + st.config.id + "\"");
}

node_impl::behavior_type node_behavior(self_ptr self, node_config config, node_parts parts) {
  init_part(self);
  auto& st = cx::state(self);
  st.config = std::move(config);
  st.parts = std::move(parts);
  st.timer.init(st.parts.env, caf::weak_actor_ptr{self->ctrl()});
  self->set_down_handler([self](caf::down_msg& dm) { on_down(self, dm); });
  self->set_exit_handler([self](caf::exit_msg& em) {
    if (cx::state(self).own.erase(em.source.id()) == 0) {
      begin_stop(self, false);
    }
  });
  admin_core::settings a;
  a.node = st.config.id;
  a.incarnation = st.parts.incarnation;
  a.root = st.config.store.root;
  a.backoff_min = st.config.backoff_min;
  a.backoff_max = st.config.backoff_max;
  a.patience = st.config.registration_timeout;
  a.backlog_limit = st.config.backlog_limit;
  st.admin = std::make_unique<admin_core>(std::move(a));
  st.now = std::make_shared<peers>();
  st.now->node = supervisor_actor{self};
  for (auto p : {part::store, part::keeper, part::election, part::manager, part::worker}) {
    start_part(self, p, false);
  }
  introduce(self);
  self->send(st.now->store, msg::attach{});
  return {
    // CAF tries the handlers one after the other: what comes most often stands first.
    [self](msg::happened& m) { publish(self, std::move(m.what)); },
    [self](msg::wake) {
      auto& s = cx::state(self);
      s.timer.fired();
      carry_out(self, s.admin->on_wake(make_step(*s.parts.env)));
    },
    [self](register_job& m) -> caf::result<void> { return add_job(self, m); },
    [self](unregister_job& m) -> caf::result<void> {
      auto& s = cx::state(self);
      auto j = s.jobs.find(m.job);
      if (j == s.jobs.end()) {
        return unknown(s, m.job);
      }
      auto promise = self->make_response_promise<void>();
      j->second.waiting.push_back(promise);
      if (!j->second.leaving) {
        j->second.leaving = true;
        self->send(s.now->keeper, msg::withdraw{m.job});
        self->send(s.now->worker, msg::remove_job{m.job});
      }
      return promise;
    },
    [self](switch_job& m) -> caf::result<void> {
      if (auto ok = check_id(id_kind::job, m.job); !ok) {
        return to_caf(ok.error());
      }
      return wish(self, admin_core::set_job_enabled{m.job, m.enabled, cx::state(self).jobs.count(m.job) > 0});
    },
    [self](switch_all& m) -> caf::result<void> {
      return wish(self, admin_core::set_all_disabled{m.disabled});
    },
    [self](mark_worker& m) -> caf::result<void> {
      if (auto ok = check_id(id_kind::node, m.worker); !ok) {
        return to_caf(ok.error());
      }
      return wish(self, admin_core::set_marks{m.worker, m.draining, m.cordoned});
    },
    [self](trigger_job& m) -> caf::result<void> {
      auto& s = cx::state(self);
      if (is_stopping(s)) {
        return to_caf(stopping_error(s));
      }
      auto j = s.jobs.find(m.job);
      if (j == s.jobs.end()) {
        return unknown(s, m.job);
      }
      self->send(j->second.runner, msg::trigger{});
      return caf::unit;
    },
    [self](reschedule_job& m) -> caf::result<void> {
      auto& s = cx::state(self);
      if (is_stopping(s)) {
        return to_caf(stopping_error(s));
      }
      auto j = s.jobs.find(m.job);
      if (j == s.jobs.end()) {
        return unknown(s, m.job);
      }
      if (auto ok = validate(m.schedule); !ok) {
        return to_caf(ok.error());
      }
      j->second.spec.schedule = m.schedule;
      self->send(j->second.runner, msg::reschedule{m.schedule});
      return caf::unit;
    },
    [self](get_status) -> caf::result<node_status> { return collect_status(self); },
    [self](get_cluster) -> caf::result<cluster_view> {
      auto& s = cx::state(self);
      if (is_stopping(s)) {
        return to_caf(stopping_error(s));
      }
      auto promise = self->make_response_promise<cluster_view>();
      const auto id = s.next_wish++;
      s.views.emplace(id, promise);
      carry_out(self, s.admin->ask(id, admin_core::see_cluster{}, make_step(*s.parts.env)));
      return promise;
    },
    [self](get_job& m) -> caf::result<runner_status> {
      auto& s = cx::state(self);
      auto j = s.jobs.find(m.job);
      if (j == s.jobs.end()) {
        return unknown(s, m.job);
      }
      return self->delegate(j->second.runner, msg::get_part_status{});
    },
    [self](get_job_handle& m) -> caf::result<caf::actor> {
      auto& s = cx::state(self);
      auto j = s.jobs.find(m.job);
      if (j == s.jobs.end()) {
        return unknown(s, m.job);
      }
      return caf::actor_cast<caf::actor>(j->second.runner);
    },
    [self](explain_item& m) -> caf::result<item_explanation> {
      auto& s = cx::state(self);
      if (is_stopping(s)) {
        return to_caf(stopping_error(s));
      }
      return self->delegate(s.now->manager, std::move(m));
    },
    [self](subscribe& m) -> caf::result<void> {
      auto& s = cx::state(self);
      if (!m.listener) {
        return caf::make_error(errc::invalid_state, "subscribe: the listener is no actor");
      }
      if (s.listeners.emplace(m.listener.id(), m.listener).second) {
        self->monitor(m.listener);
      }
      return caf::unit;
    },
    [self](unsubscribe& m) -> caf::result<void> {
      auto& s = cx::state(self);
      if (m.listener && s.listeners.erase(m.listener.id()) > 0) {
        self->demonitor(m.listener.address());
      }
      return caf::unit;
    },
    [self](shutdown_node& m) -> caf::result<void> {
      auto& s = cx::state(self);
      auto promise = self->make_response_promise<void>();
      s.stoppers.push_back(promise);
      begin_stop(self, m.hurry);
      return promise;
    },
    // -- from the parts --
    [self](msg::left) {
      if (cx::state(self).phase == life::leaving) {
        proceed_stop(self);
      }
    },
    [self](msg::failed& m) {
      auto& s = cx::state(self);
      publish(self, problem{"keeper", m.why});
      s.verdict = to_caf(m.why);
      begin_stop(self, true);
    },
    [self](msg::drained) {
      if (cx::state(self).phase == life::draining) {
        proceed_stop(self);
      }
    },
    [self](msg::settled& m) {
      auto& s = cx::state(self);
      s.settled = m.settled;
      if (s.phase == life::starting && s.joined) {
        s.phase = life::running;
      }
    },
    [self](msg::job_free& m) {
      auto& s = cx::state(self);
      auto j = s.jobs.find(m.job);
      if (j == s.jobs.end() || !j->second.leaving) {
        return;
      }
      for (auto& p : j->second.waiting) {
        fulfil(p);
      }
      s.runner_ids.erase(j->second.runner.id());
      --s.alive_parts;
      self->demonitor(j->second.runner.address());
      self->send_exit(j->second.runner, caf::exit_reason::user_shutdown);
      s.jobs.erase(j);
    },
    [self](msg::joined&) {
      auto& s = cx::state(self);
      s.joined = true;
      if (s.phase == life::starting) {
        s.phase = life::running;
      }
      carry_out(self, s.admin->on_joined(true, make_step(*s.parts.env)));
    },
    [self](msg::unjoined) {
      auto& s = cx::state(self);
      s.joined = false;
      carry_out(self, s.admin->on_joined(false, make_step(*s.parts.env)));
    },
    [self](msg::store_closed) {
      if (cx::state(self).phase == life::closing) {
        proceed_stop(self);
      }
    },
    // -- from the store --
    [self](msg::commit_done& m) {
      auto& s = cx::state(self);
      carry_out(self, s.admin->on_commit(m.request, m.outcome, make_step(*s.parts.env)));
    },
    [self](msg::read_done& m) {
      auto& s = cx::state(self);
      carry_out(self, s.admin->on_read(m.request, m.outcome, make_step(*s.parts.env)));
    },
    [](msg::watch_fired&) {},
    [self](msg::session_changed& m) {
      auto& s = cx::state(self);
      s.session = m.view;
      if (m.view.phase == store::session_phase::expired || m.view.phase == store::session_phase::closed) {
        s.joined = false;
        carry_out(self, s.admin->on_joined(false, make_step(*s.parts.env)));
      }
      carry_out(self, s.admin->on_session(m.view, make_step(*s.parts.env)));
    },
    // -- own timers --
    [self](stop_timeout_over) {
      auto& s = cx::state(self);
      switch (s.phase) {
      case life::draining:
        if (!s.hurried) {
          begin_stop(self, true);
        } else {
          proceed_stop(self);
        }
        break;
      case life::leaving:
      case life::closing:
        proceed_stop(self);
        break;
      default:
        break;
      }
    },
    [self](drain_check) {
      auto& s = cx::state(self);
      if (s.phase != life::draining || s.hurried) {
        return;
      }
      const bool away = s.session.phase != store::session_phase::connected;
      const bool was_away = std::exchange(s.store_was_away, away);
      if (away && was_away && s.parts.env->exec().running({}).empty()) {
        begin_stop(self, true); // left to wait for is a store that may not come back; the leader breaks our locks
        return;
      }
      in_time(self, s.parts.env->now() + s.config.store.operation_deadline, drain_check{});
    },
    [self](env_closed) {
      auto& s = cx::state(self);
      s.phase = life::stopped;
      for (auto& [id, j] : s.jobs) {
        for (auto& p : j.waiting) {
          p.deliver(to_caf(stopping_error(s)));
        }
      }
      for (auto& c : s.statuses) {
        deliver_status(*c); // what the parts still had to say is lost with them
      }
      s.statuses.clear();
      for (auto& p : s.stoppers) {
        fulfil(p);
      }
      auto verdict = s.verdict;
      s.now.reset(); // the parts' handles, and with them ours
      if (verdict) {
        self->quit(verdict);
      } else {
        self->quit(caf::exit_reason::user_shutdown);
      }
    },
    [self](rebuild_now) { rebuild(self); },
  };
}

} // namespace

node_actor spawn_node_in(caf::actor_system& system, node_config config, node_parts parts) {
  if (parts.incarnation.empty()) {
    static const char digits[] = "0123456789abcdef";
    auto bits = parts.env->random();
    for (int i = 0; i < 16; ++i) {
      parts.incarnation.push_back(digits[bits & 15]);
      bits >>= 4;
    }
  }
  if (!parts.strategies) {
    parts.strategies = std::make_shared<const strategy_registry>();
  }
  return system.spawn(node_behavior, std::move(config), std::move(parts));
}

} // namespace djm
