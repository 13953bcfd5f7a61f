#include <algorithm>
#include <utility>

#include "actors/node/node_jobs.hpp"
#include "actors/node/node_state.hpp"

namespace djm {

namespace {

using core = supervisor_core;
using part = core::part;

/// Whoever kills the node kills its children, and it hears of their end.
template <class Handle>
cx::watch adopt(node_ptr self, const std::string& name, const Handle& child) {
  auto& st = self->state();
  auto end = watch_child(self, child);
  self->link_to(child);
  st.own.insert(child.id());
  if (st.parts.on_part) {
    st.parts.on_part(name, caf::actor_cast<caf::actor>(child));
  }
  return end;
}

/// The handles of one store. A node that is killed closes them by letting go of them; the lease has to know first.
std::shared_ptr<session_ports> make_ports(const node_state& st) {
  const auto last_session = (st.stores_started << 32) - 1; // of this store
  return {new session_ports, [env = st.parts.env, last_session](session_ports* ports) {
            if (!ports->empty()) {
              env->exec().session_ends(last_session, env->now());
            }
            delete ports;
          }};
}

store_actor start_store(node_ptr self) {
  auto& st = self->state();
  const auto& c = st.identity.config;
  store_args args;
  args.env = st.parts.env;
  args.config = c.store;
  args.limits.operation_deadline = c.store.operation_deadline;
  args.limits.backoff_min = c.backoff_min;
  args.limits.backoff_max = c.backoff_max;
  args.limits.scout_after = c.detach_tolerance;
  args.number_base = st.stores_started++ << 32;
  args.ports = st.ports = make_ports(st);
  return spawn_store(self->system(), std::move(args));
}

void start_part(node_ptr self, part which, bool rebuilt) {
  auto& st = self->state();
  auto& system = self->system();
  const auto& env = st.parts.env;
  const auto take = [&](auto& place, auto child) {
    place = std::move(child);
    st.part_ids[place.id()] = which;
    adopt(self, core::name_of(which), place);
  };
  if (rebuilt) {
    component_over(self, core::name_of(which));
  }
  switch (which) {
  case part::store: return take(st.now->store, start_store(self));
  case part::keeper: {
    auto s = keeper_settings(st.identity);
    s.started_at_ms = env->wall_ms();
    s.has_joined = st.has_joined;
    return take(st.now->keeper, spawn_keeper(system, env, std::move(s)));
  }
  case part::election: return take(st.now->election, spawn_election(system, env, election_settings(st.identity)));
  case part::manager:
    return take(st.now->manager, spawn_manager(system, env, manager_settings(st.identity), st.parts.strategies));
  case part::worker: {
    auto s = worker_settings(st.identity);
    s.rebuilt = rebuilt;
    return take(st.now->worker, spawn_worker(system, env, std::move(s)));
  }
  case part::deployer: return take(st.now->deployer, start_deployer(self));
  }
}

/// A copy, because whoever gets it keeps it.
msg::introduce who_is_who(const node_state& st) {
  return {std::make_shared<const peers>(*st.now)};
}

void introduce_all(node_ptr self) {
  auto& st = self->state();
  const auto now = who_is_who(st);
  self->mail(now).send(now.who->worker);
  self->mail(now).send(now.who->manager);
  self->mail(now).send(now.who->election);
  self->mail(now).send(now.who->keeper);
  tell_deployer(self, now);
  for (auto& [id, j] : st.jobs) {
    if (j.runner) {
      self->mail(now).send(j.runner);
    }
  }
  self->mail(now).send(now.who->store);
}

void start_runner(node_ptr self, job_entry& j) {
  auto& st = self->state();
  auto s = runner_settings(st.identity, j.spec);
  s.table = j.table;
  s.run_base = st.parts.env->exec().next_run_id();
  j.runner = spawn_runner(self->system(), st.parts.env, std::move(s), j.code);
  st.runner_ids[j.runner.id()] = j.spec.id;
  j.end = adopt(self, "runner " + j.spec.id, j.runner);
  for (const auto* what : {pool_function, running_strategy}) { // a new runner finds out anew
    publish(self, problem_over{"job_runner", about_job(what, j.spec.id)});
  }
  self->mail(who_is_who(st)).send(j.runner);
  if (j.followed) {
    self->mail(msg::follow{*j.followed}).send(j.runner); // a runner that takes the place of another
  }
  self->mail(add_runner{j.spec.id, j.runner}).send(st.now->worker);
}

void let_go(node_ptr self, const job_id& job) {
  auto& st = self->state();
  auto& j = st.jobs.at(job);
  st.runner_ids.erase(j.runner.id());
  j.end.dispose();
  self->send_exit(j.runner, caf::exit_reason::user_shutdown);
  j.runner = nullptr;
  j.code = nullptr;
}

void free_job(node_ptr self, const job_id& job) {
  auto& st = self->state();
  auto j = st.jobs.find(job);
  for (auto& p : j->second.waiting) {
    cx::deliver(p);
  }
  const bool submitted = j->second.submitted != 0;
  st.jobs.erase(j);
  job_over(self, job);
  if (submitted) {
    tell_deployer(self, msg::undeployed{job});
  }
}

void give_up_job(node_ptr self, const job_id& job) {
  auto& st = self->state();
  const auto why = hanging_error(st, job);
  for (auto& p : std::exchange(st.jobs.at(job).waiting, {})) {
    p.deliver(to_caf(why));
  }
  publish(self, problem{"node", why, about_job(job_end, job)});
}

/// The session of a store that has died is ended for it, and everyone who relied on it hears so first, because the
/// lease counts from the moment at which the end was asked for. What the session still had under way cannot harm: the
/// keeper joins again only when the server has taken away the `alive` of the old session, and with it its voice.
void end_orphaned_session(node_ptr self) {
  auto& st = self->state();
  auto gone = st.session;
  gone.phase = store::session_phase::closed;
  gone.number = st.stores_started << 32; // no session of any store has this number
  gone.closed_at = st.parts.env->now();
  self->mail(msg::session_changed{gone}).send(st.now->worker);
  self->mail(msg::session_changed{gone}).send(st.now->keeper);
  self->mail(msg::session_changed{gone}).send(st.now->election);
  self->mail(msg::session_changed{gone}).send(st.now->manager);
  tell_deployer(self, msg::session_changed{gone});
  tell(self, &admin_core::on_joined, false);
  tell(self, &admin_core::on_session, gone);
  st.parts.env->exec().session_ends(gone.number, gone.closed_at); // the worker may be late to hear of it
  for (auto& [handle, port] : *st.ports) {
    port->close();
  }
  st.ports->clear();
}

/// Everybody but the store, which is dead already, ends without a word: what they know and what they have under way is
/// of a store that does not exist any more. Whoever comes after them has another incarnation.
void forget_life(node_ptr self) {
  auto& st = self->state();
  const auto end = [&](const auto& child) {
    if (st.part_ids.erase(child.id()) > 0) {
      self->send_exit(child, caf::exit_reason::user_shutdown);
    }
  };
  end(st.now->worker);
  end(st.now->manager);
  end(st.now->election);
  end(st.now->keeper);
  if (st.now->deployer) {
    end(st.now->deployer);
  }
  for (auto& [id, j] : st.jobs) {
    j.followed.reset(); // what the store says now has another history
    j.pool = {};
  }
  st.identity.incarnation = make_incarnation(*st.parts.env);
  st.has_joined = false;
}

void end_parts(node_ptr self) {
  auto& st = self->state();
  constexpr auto why = caf::exit_reason::user_shutdown;
  for (auto& [id, j] : st.jobs) {
    if (j.runner) {
      self->send_exit(j.runner, why);
    }
    j.code = nullptr;
  }
  self->send_exit(st.now->worker, why);
  self->send_exit(st.now->manager, why);
  self->send_exit(st.now->election, why);
  self->send_exit(st.now->keeper, why);
  if (st.now->deployer) {
    self->send_exit(st.now->deployer, why);
  }
  self->send_exit(st.now->store, why);
}

void close_environment(node_ptr self) {
  caf::weak_actor_ptr weak{self->ctrl()};
  self->state().parts.env->close([weak] { post_to<node_impl>(weak, env_closed{}); });
}

/// Everyone who still waits is answered.
void finish(node_ptr self) {
  auto& st = self->state();
  std::optional<error> left_behind;
  for (auto& [id, j] : st.jobs) {
    left_behind = hanging_error(st, id);
    for (auto& p : j.waiting) {
      p.deliver(to_caf(*left_behind));
    }
  }
  for (auto& c : st.statuses) {
    deliver_status(*c); // what the parts still had to say is lost with them
  }
  st.statuses.clear();
  report_the_end(st);
  for (auto& p : st.stoppers) {
    if (left_behind) {
      p.deliver(to_caf(*left_behind));
    } else {
      cx::deliver(p);
    }
  }
  st.now.reset(); // the parts' handles, and with them ours
  if (const auto& why = st.life->verdict()) {
    self->quit(to_caf(*why));
  } else {
    self->quit(caf::exit_reason::user_shutdown);
  }
}

// -- what the supervisor wants, an `apply` each ----------------------------------

void apply(node_ptr self, core::start_part& x) {
  start_part(self, x.which, x.rebuilt);
}
void apply(node_ptr self, core::start_runner& x) {
  start_runner(self, self->state().jobs.at(x.job));
}
void apply(node_ptr self, core::introduce_all&) {
  introduce_all(self);
}
void apply(node_ptr self, core::introduce_worker&) {
  const auto& st = self->state();
  self->mail(who_is_who(st)).send(st.now->worker);
}
void apply(node_ptr self, core::adopt_runner& x) {
  const auto& st = self->state();
  const auto& runner = st.jobs.at(x.job).runner;
  self->mail(who_is_who(st)).send(runner);
  self->mail(msg::worker_restarted{}).send(runner);
  self->mail(add_runner{x.job, runner}).send(st.now->worker);
}
void apply(node_ptr self, core::offer& x) {
  const auto& st = self->state();
  const auto& j = st.jobs.at(x.job);
  self->mail(msg::offer{j.spec, j.followed.has_value(), j.submitted}).send(st.now->keeper);
}
void apply(node_ptr self, core::withdraw& x) {
  self->mail(msg::withdraw{x.job}).send(self->state().now->keeper);
}
void apply(node_ptr self, core::remove_job& x) {
  self->mail(msg::remove_job{x.job}).send(self->state().now->worker);
}
void apply(node_ptr self, core::let_go& x) {
  let_go(self, x.job);
}
void apply(node_ptr self, core::free_job& x) {
  free_job(self, x.job);
}
void apply(node_ptr self, core::give_up_job& x) {
  give_up_job(self, x.job);
}
void apply(node_ptr self, core::open_session&) {
  self->mail(msg::attach{}).send(self->state().now->store);
}
void apply(node_ptr self, core::end_session&) {
  end_orphaned_session(self);
}
void apply(node_ptr self, core::forget_life&) {
  forget_life(self);
}
void apply(node_ptr self, core::refuse_wishes&) {
  carry_out(self, self->state().admin->on_stop());
  tell_deployer(self, msg::stop_deploying{});
}
void apply(node_ptr self, core::stop_runs& x) {
  self->mail(msg::stop_runs{stop_reason::shutdown}).send(self->state().jobs.at(x.job).runner);
}
void apply(node_ptr self, core::drain_worker&) {
  self->mail(msg::drain{}).send(self->state().now->worker);
}
void apply(node_ptr self, core::hurry_worker&) {
  self->mail(msg::hurry{}).send(self->state().now->worker);
}
void apply(node_ptr self, core::leave&) {
  ask_for_last_status(self);
  self->mail(msg::leave{}).send(self->state().now->keeper);
}
void apply(node_ptr self, core::close_session&) {
  ask_for_last_status(self);
  self->mail(msg::resign{}).send(self->state().now->election);
  self->mail(msg::close_session{}).send(self->state().now->store);
}
void apply(node_ptr self, core::end_parts&) {
  end_parts(self);
}
void apply(node_ptr self, core::close_environment&) {
  close_environment(self);
}
void apply(node_ptr self, core::finish&) {
  finish(self);
}
void apply(node_ptr self, core::report& x) {
  publish(self, problem{std::move(x.component), std::move(x.why)});
}

} // namespace

std::string make_incarnation(node_env& env) {
  static const char digits[] = "0123456789abcdef";
  std::string result;
  auto bits = env.random();
  for (int i = 0; i < 16; ++i) {
    result.push_back(digits[bits & 15]);
    bits >>= 4;
  }
  return result;
}

void carry_out(node_ptr self, core::effects fx) {
  for (auto& e : fx) {
    std::visit([&](auto& x) { apply(self, x); }, e);
  }
  set_timer(self->state());
}

void on_down(node_ptr self, caf::actor_id id, const caf::error& why) {
  auto& st = self->state();
  if (st.listeners.erase(id) > 0) {
    count_listeners(st);
    return;
  }
  if (auto p = st.part_ids.find(id); p != st.part_ids.end()) {
    const auto which = p->second;
    st.part_ids.erase(p);
    tell(self, &supervisor_core::on_part_down, which, from_caf(why));
  } else if (auto r = st.runner_ids.find(id); r != st.runner_ids.end()) {
    const auto job = r->second;
    st.runner_ids.erase(r);
    tell(self, &supervisor_core::on_runner_down, job, from_caf(why));
  }
}

} // namespace djm
