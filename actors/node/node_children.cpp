#include "actors/node/node_children.hpp"

#include "actors/deployer/deployer_shell.hpp"
#include "actors/node/node_state.hpp"

namespace djm {

/// Whoever kills the node kills its children, and it hears of their end.
template <class Handle>
cx::watch node_children::adopt(const std::string& name, const Handle& child) {
  auto end = at_.self->monitor(child, [this, id = child.id()](const caf::error& why) { on_down_(id, why); });
  at_.self->link_to(child);
  own_.insert(child.id());
  if (at_.parts.on_part) {
    at_.parts.on_part(name, caf::actor_cast<caf::actor>(child));
  }
  return end;
}

// -- the parts ----------------------------------------------------------------------

/// The handles of one store. A node that is killed closes them by letting go of them; the lease has to know first.
std::shared_ptr<session_ports> node_children::make_ports() const {
  const auto last_session = (stores_started_ << 32) - 1; // of this store
  return {new session_ports, [env = at_.parts.env, last_session](session_ports* ports) {
            if (!ports->empty()) {
              env->exec().session_ends(last_session, env->now());
            }
            delete ports;
          }};
}

store_actor node_children::start_store() {
  const auto& c = at_.identity.config;
  store_args args;
  args.env = at_.parts.env;
  args.config = c.store;
  args.limits.operation_deadline = c.store.operation_deadline;
  args.limits.backoff_min = c.backoff_min;
  args.limits.backoff_max = c.backoff_max;
  args.limits.scout_after = c.detach_tolerance;
  args.number_base = stores_started_++ << 32;
  args.ports = ports_ = make_ports();
  return spawn_store(at_.self->system(), std::move(args));
}

deployer_actor node_children::start_deployer() {
  auto s = deployer_settings(at_.identity);
  s.kinds = known_kinds(*at_.parts.kinds);
  s.deployed = jobs_.submitted();
  return spawn_deployer(at_.self->system(), at_.parts.env, std::move(s), at_.parts.kinds);
}

void node_children::start_part(part which, bool rebuilt) {
  auto& system = at_.self->system();
  auto& who = *at_.who;
  const auto& env = at_.parts.env;
  const auto take = [&](auto& place, auto child) {
    place = std::move(child);
    parts_[place.id()] = which;
    adopt(supervisor_core::name_of(which), place);
  };
  if (rebuilt) {
    events_.component_over(supervisor_core::name_of(which));
  }
  switch (which) {
  case part::store: return take(who.store, start_store());
  case part::keeper: {
    auto s = keeper_settings(at_.identity);
    s.started_at_ms = env->wall_ms();
    s.has_joined = has_joined_;
    return take(who.keeper, spawn_keeper(system, env, std::move(s)));
  }
  case part::election: return take(who.election, spawn_election(system, env, election_settings(at_.identity)));
  case part::manager:
    return take(who.manager, spawn_manager(system, env, manager_settings(at_.identity), at_.parts.strategies));
  case part::worker: {
    auto s = worker_settings(at_.identity);
    s.rebuilt = rebuilt;
    return take(who.worker, spawn_worker(system, env, std::move(s)));
  }
  case part::deployer: return take(who.deployer, start_deployer());
  }
}

std::optional<supervisor_core::part> node_children::take_part(caf::actor_id id) {
  const auto p = parts_.extract(id);
  return p ? std::optional{p.mapped()} : std::nullopt;
}

void node_children::introduce_all() {
  const auto now = at_.who_is_who();
  at_.self->mail(now).send(now.who->worker);
  at_.self->mail(now).send(now.who->manager);
  at_.self->mail(now).send(now.who->election);
  at_.self->mail(now).send(now.who->keeper);
  tell_deployer(at_.self, at_.who, now);
  for (const auto& [id, j] : jobs_) {
    if (j.runner) {
      at_.self->mail(now).send(j.runner);
    }
  }
  at_.self->mail(now).send(now.who->store);
}

// -- the runners --------------------------------------------------------------------

void node_children::start_runner(const job_id& job) {
  auto& j = jobs_.at(job);
  auto s = runner_settings(at_.identity, j.spec);
  s.table = j.table;
  s.run_base = at_.env().exec().next_run_id();
  j.runner = spawn_runner(at_.self->system(), at_.parts.env, std::move(s), j.code);
  runners_[j.runner.id()] = j.spec.id;
  j.end = adopt("runner " + j.spec.id, j.runner);
  for (const auto* what : {pool_function, running_strategy}) { // a new runner finds out anew
    events_.publish(problem_over{"job_runner", about_job(what, j.spec.id)});
  }
  at_.self->mail(at_.who_is_who()).send(j.runner);
  if (const auto& followed = j.record.last()) {
    at_.self->mail(msg::follow{*followed}).send(j.runner); // a runner that takes the place of another
  }
  at_.self->mail(add_runner{j.spec.id, j.runner}).send(at_.who->worker);
}

void node_children::adopt_runner(const job_id& job) {
  const auto& runner = jobs_.at(job).runner;
  at_.self->mail(at_.who_is_who()).send(runner);
  at_.self->mail(msg::worker_restarted{}).send(runner);
  at_.self->mail(add_runner{job, runner}).send(at_.who->worker);
}

void node_children::let_go(const job_id& job) {
  auto& j = jobs_.at(job);
  runners_.erase(j.runner.id());
  j.end.dispose();
  at_.self->send_exit(j.runner, caf::exit_reason::user_shutdown);
  j.runner = nullptr;
  j.code = nullptr;
}

std::optional<job_id> node_children::take_runner(caf::actor_id id) {
  auto r = runners_.extract(id);
  return r ? std::optional{std::move(r.mapped())} : std::nullopt;
}

// -- their end ----------------------------------------------------------------------

/// The session of a store that has died is ended for it, and everyone who relied on it hears so first, because the
/// lease counts from the moment at which the end was asked for. What the session still had under way cannot harm: the
/// keeper joins again only when the server has taken away the `alive` of the old session, and with it its voice.
store::session_view node_children::tell_of_orphaned_session() {
  auto gone = session_;
  gone.phase = store::session_phase::closed;
  gone.number = stores_started_ << 32; // no session of any store has this number
  gone.closed_at = at_.env().now();
  at_.self->mail(msg::session_changed{gone}).send(at_.who->worker);
  at_.self->mail(msg::session_changed{gone}).send(at_.who->keeper);
  at_.self->mail(msg::session_changed{gone}).send(at_.who->election);
  at_.self->mail(msg::session_changed{gone}).send(at_.who->manager);
  tell_deployer(at_.self, at_.who, msg::session_changed{gone});
  return gone;
}

void node_children::close_orphaned_session(const store::session_view& gone) {
  at_.env().exec().session_ends(gone.number, gone.closed_at); // the worker may be late to hear of it
  for (auto& [handle, port] : *ports_) {
    port->close();
  }
  ports_->clear();
}

/// They end without a word: what they know and what they have under way is of a store that does not exist any more.
void node_children::forget_life() {
  const auto& who = *at_.who;
  const auto end = [&](const auto& child) {
    if (parts_.erase(child.id()) > 0) {
      at_.self->send_exit(child, caf::exit_reason::user_shutdown);
    }
  };
  end(who.worker);
  end(who.manager);
  end(who.election);
  end(who.keeper);
  if (who.deployer) {
    end(who.deployer);
  }
  has_joined_ = false;
}

void node_children::end_all() {
  const auto& who = *at_.who;
  constexpr auto why = caf::exit_reason::user_shutdown;
  for (auto& [id, j] : jobs_) {
    if (j.runner) {
      at_.self->send_exit(j.runner, why);
    }
    j.code = nullptr;
  }
  at_.self->send_exit(who.worker, why);
  at_.self->send_exit(who.manager, why);
  at_.self->send_exit(who.election, why);
  at_.self->send_exit(who.keeper, why);
  if (who.deployer) {
    at_.self->send_exit(who.deployer, why);
  }
  at_.self->send_exit(who.store, why);
}

} // namespace djm
