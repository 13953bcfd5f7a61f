#include <algorithm>
#include <utility>

#include "actors/node/node_state.hpp"

namespace djm {

namespace {

std::string text_of(const run_overrun& o) {
  return "job \"" + o.job + "\": run " + std::to_string(o.run) +
         (o.past_deadline ? " goes on beyond the deadline: its items may run elsewhere"
                          : " goes on although it was asked to stop stop_grace ago");
}

/// What the log says of an event; most events are for those who subscribe.
std::optional<log_record> log_of(const event& what, const node_config& c) {
  if (const auto* p = std::get_if<problem>(&what)) {
    return log_record{log_level::warning, c.id, p->component, to_string(p->why), {}};
  }
  if (const auto* o = std::get_if<problem_over>(&what)) {
    return log_record{log_level::info, c.id, o->component, "over: " + o->about, {}};
  }
  if (const auto* x = std::get_if<connection_changed>(&what)) {
    return log_record{log_level::info, c.id, "keeper", to_string(x->state) + " (" + c.store.connect + ")", {}};
  }
  if (const auto* q = std::get_if<pool_problem>(&what)) {
    return log_record{log_level::warning, c.id, "runner", to_string(q->why), {}};
  }
  if (const auto* f = std::get_if<run_failed>(&what)) {
    return log_record{log_level::warning, c.id, "runner", "job \"" + f->job + "\": run failed: " + f->what, {}};
  }
  if (const auto* l = std::get_if<lease_ended>(&what)) {
    return log_record{log_level::warning,
                      c.id,
                      "runner",
                      "job \"" + l->job + "\": the store has been out of reach for too long: " +
                        std::to_string(l->runs.size()) + " runs were asked to stop",
                      {}};
  }
  if (const auto* o = std::get_if<run_overrun>(&what)) {
    return log_record{log_level::error, c.id, "runner", text_of(*o), {}};
  }
  return std::nullopt;
}

/// A job whose runs fail all the time has its lines, and not the whole log.
bool may_say(node_state& st, const event& what) {
  const auto now = st.parts.env->now();
  const auto ask = [&](const char* kind, const job_id& job) {
    const bool may = st.limiter.may_say(kind, job, now);
    set_timer(st);
    return may;
  };
  if (const auto* f = std::get_if<run_failed>(&what)) {
    return ask("failed runs", f->job);
  }
  if (const auto* o = std::get_if<run_overrun>(&what)) {
    return ask("overruns", o->job);
  }
  if (const auto* l = std::get_if<lease_ended>(&what)) {
    return ask("ends of the lease", l->job);
  }
  if (const auto* q = std::get_if<pool_problem>(&what)) {
    return ask("problems of the pool function", q->job);
  }
  return true;
}

void tell(node_state& st, event what);

/// What the status says of problems. False: those who listen know it already.
bool note_problem(node_state& st, const event& what, std::int64_t now_ms) {
  if (const auto* p = std::get_if<problem>(&what)) {
    return st.problems.happened(*p, now_ms);
  }
  if (const auto* o = std::get_if<problem_over>(&what)) {
    return st.problems.over(o->component, o->about, now_ms);
  }
  if (const auto* q = std::get_if<pool_problem>(&what)) {
    static_cast<void>(st.problems.happened({"job_runner", q->why, about_job(pool_function, q->job)}, now_ms));
  }
  if (const auto* i = std::get_if<item_starved>(&what)) {
    for (const auto& item : i->items) {
      const auto about = about_job("item \"" + item + "\"", i->job);
      if (i->over) {
        if (st.problems.over("job_runner", about, now_ms)) {
          tell(st, problem_over{"job_runner", about}); // whoever came later has heard of a problem
        }
      } else {
        static_cast<void>(st.problems.happened(
          {"job_runner", {errc::timed_out, "job \"" + i->job + "\": item \"" + item + "\" is in no run"}, about},
          now_ms));
      }
    }
  }
  if (const auto* r = std::get_if<run_overrun>(&what)) {
    static_cast<void>(st.problems.happened({"job_runner", {errc::user_code_hangs, text_of(*r)}, {}}, now_ms));
  }
  return true;
}

void finish_status(node_ptr self, const std::shared_ptr<status_collector>& c) {
  if (--c->open == 0) {
    self->state().statuses.erase(c);
    deliver_status(*c);
  }
}

template <class Status, class Part, class Put>
void ask_part(node_ptr self, const std::shared_ptr<status_collector>& c, const Part& part, Put put) {
  ++c->open;
  self->mail(msg::get_part_status{})
    .request(part, std::chrono::seconds{2})
    .then(
      [self, c, put](Status& s) {
        put(c->status, s);
        finish_status(self, c);
      },
      [self, c](caf::error&) { finish_status(self, c); });
}

void send(const node_state& st, const caf::actor& listener, event what) {
  cx::anon_mail(node_event{st.identity.config.id, now_ms(st), std::move(what)}).send(listener);
}

void tell(node_state& st, event what) {
  if (const auto* c = std::get_if<connection_changed>(&what)) {
    st.connection = *c;
  } else if (const auto* l = std::get_if<leader_changed>(&what)) {
    st.leader = *l;
  }
  if (auto line = log_of(what, st.identity.config); line && may_say(st, what)) {
    st.parts.env->log(*line);
  }
  if (st.listeners.empty()) {
    return;
  }
  const node_event e{st.identity.config.id, now_ms(st), std::move(what)};
  for (auto& [id, listener] : st.listeners) {
    cx::anon_mail(e).send(listener.handle);
  }
}

} // namespace

void publish(node_ptr self, event what) {
  auto& st = self->state();
  if (!note_problem(st, what, now_ms(st))) {
    return;
  }
  tell(st, std::move(what));
}

void add_listener(node_ptr self, const caf::actor& listener) {
  auto& st = self->state();
  const auto [l, added] = st.listeners.try_emplace(listener.id());
  if (!added) {
    return;
  }
  l->second = {listener, watch_child(self, listener)};
  if (st.connection) {
    send(st, listener, *st.connection);
  }
  if (st.leader) {
    send(st, listener, *st.leader);
  }
  for (auto& p : st.problems.status()) {
    if (p.ended_ms == 0) {
      send(st, listener, problem{std::move(p.component), {p.code, std::move(p.text)}, std::move(p.about)});
    }
  }
}

void all_over(node_ptr self, std::vector<problem_over> what) {
  for (auto& o : what) {
    tell(self->state(), std::move(o));
  }
}

void log_left_out(node_state& st) {
  for (const auto& x : st.limiter.due(st.parts.env->now())) {
    st.parts.env->log({log_level::warning,
                       st.identity.config.id,
                       "runner",
                       "job \"" + x.job + "\": " + std::to_string(x.lines) + " more " + x.kind +
                         " in the last minute were left out of the log",
                       {},
                       {}});
  }
}

void deliver_status(status_collector& c) {
  std::sort(c.status.jobs.begin(), c.status.jobs.end(),
            [](const runner_status& a, const runner_status& b) { return a.job < b.job; });
  c.promise.deliver(std::move(c.status));
}

caf::result<node_status> collect_status(node_ptr self) {
  auto& st = self->state();
  auto c = std::make_shared<status_collector>();
  c->promise = self->make_response_promise<node_status>();
  auto promise = c->promise;
  c->status.node = st.identity.config.id;
  c->status.state = st.life->state();
  c->status.ready = st.life->ready();
  c->status.restarts = st.life->restarts();
  c->status.problems = st.problems.status();
  const auto pool = st.parts.env->exec().stats();
  c->status.executor = {pool.threads, pool.max_threads, pool.busy,         pool.waiting,     pool.finished,
                        pool.failed,  pool.dropped,     pool.longest_wait, pool.lease_stops, pool.lease_stop_lateness};
  c->status.log = st.parts.env->log_load();
  st.statuses.insert(c);
  ask_part<store_status>(self, c, st.now->store, [](node_status& n, store_status& x) { n.store = x; });
  ask_part<keeper_status>(self, c, st.now->keeper, [](node_status& n, keeper_status& x) { n.connection = x; });
  ask_part<election_status>(self, c, st.now->election, [](node_status& n, election_status& x) { n.election = x; });
  ask_part<manager_status>(self, c, st.now->manager, [](node_status& n, manager_status& x) { n.manager = x; });
  ask_part<worker_status>(self, c, st.now->worker, [](node_status& n, worker_status& x) { n.worker = x; });
  for (auto& [id, j] : st.jobs) {
    if (j.runner) {
      ask_part<runner_status>(self, c, j.runner, [](node_status& n, runner_status& x) { n.jobs.push_back(x); });
    }
  }
  return promise;
}

} // namespace djm
