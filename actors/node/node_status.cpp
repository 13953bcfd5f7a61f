#include <algorithm>
#include <utility>

#include "actors/node/node_state.hpp"
#include "actors/node/report_feed.hpp"

namespace djm {

namespace {

void finish_status(node_ptr self, const std::shared_ptr<status_collector>& c) {
  if (--c->open == 0) {
    self->state().statuses.erase(c);
    deliver_status(*c);
  }
}

template <class Status, class Part, class Put>
void ask_part(node_ptr self, const std::shared_ptr<status_collector>& c, const std::string& name, const Part& part,
              Put put) {
  ++c->open;
  c->unanswered.insert(name);
  self->mail(msg::get_part_status{})
    .request(part, std::chrono::seconds{2})
    .then(
      [self, c, put, name](Status& s) {
        put(c->status, s);
        c->unanswered.erase(name);
        finish_status(self, c);
      },
      [self, c](caf::error&) { finish_status(self, c); });
}

/// Events are made once for all who listen.
void tell_listeners(node_state& st, event what) {
  if (st.listeners.empty()) {
    return;
  }
  const node_event e{st.identity.config.id, now_ms(st), std::move(what)};
  for (auto& [id, listener] : st.listeners) {
    cx::anon_mail(e).send(listener.handle);
  }
}

void carry_out(node_state& st, event_desk::outcome todo) {
  const bool logs = !todo.log.empty();
  for (auto& line : todo.log) {
    st.parts.env->log(std::move(line));
  }
  for (auto& what : todo.tell) {
    tell_listeners(st, std::move(what));
  }
  if (logs) {
    set_timer(st); // for the lines that are left out from now on
  }
}

event_desk::moment moment_of(const node_state& st) {
  return {st.parts.env->now(), now_ms(st)};
}

} // namespace

void publish(node_ptr self, event what) {
  auto& st = self->state();
  carry_out(st, st.desk->happened(std::move(what), moment_of(st)));
}

void component_over(node_ptr self, const std::string& component) {
  auto& st = self->state();
  carry_out(st, st.desk->component_over(component, moment_of(st)));
}

void job_over(node_ptr self, const job_id& job) {
  auto& st = self->state();
  carry_out(st, st.desk->job_over(job, moment_of(st)));
}

void log_left_out(node_state& st) {
  for (auto& line : st.desk->left_out(st.parts.env->now())) {
    st.parts.env->log(std::move(line));
  }
}

void add_listener(node_ptr self, const caf::actor& listener) {
  auto& st = self->state();
  const auto [l, added] = st.listeners.try_emplace(listener.id());
  if (!added) {
    return;
  }
  l->second = {listener, watch_child(self, listener)};
  count_listeners(st);
  for (auto& what : st.desk->how_things_stand()) {
    cx::anon_mail(node_event{st.identity.config.id, now_ms(st), std::move(what)}).send(listener);
  }
}

void deliver_status(status_collector& c) {
  std::sort(c.status.jobs.begin(), c.status.jobs.end(),
            [](const runner_status& a, const runner_status& b) { return a.job < b.job; });
  c.status.unanswered = {c.unanswered.begin(), c.unanswered.end()};
  c.done(std::move(c.status));
}

namespace {

/// What the node knows of itself without its parts.
void look_at_node(const node_state& st, node_status& s) {
  s.node = st.identity.config.id;
  s.state = st.life->state();
  s.ready = st.life->ready();
  s.restarts = st.life->restarts();
  s.problems = st.desk->problems();
  if (st.first_joined) {
    s.joined_after = *st.first_joined - st.started;
  }
  if (st.asked_to_stop) {
    s.stopping_for = st.parts.env->now() - *st.asked_to_stop;
  }
  const auto pool = st.parts.env->exec().stats();
  s.executor = {pool.threads, pool.max_threads, pool.busy,         pool.waiting,     pool.finished,
                pool.failed,  pool.dropped,     pool.longest_wait, pool.lease_stops, pool.lease_stop_lateness};
  s.log = st.parts.env->log_load();
  if (st.parts.reports) {
    const auto told = st.parts.reports->look();
    s.reports = told.made;
    s.reports_failed = told.failed;
    s.reports_skipped = told.skipped;
  }
}

/// Asks all parts; `done` is called with what they and the node know.
void ask_parts(node_ptr self, std::function<void(node_status)> done) {
  auto& st = self->state();
  auto c = std::make_shared<status_collector>();
  c->done = std::move(done);
  look_at_node(st, c->status);
  st.statuses.insert(c);
  ask_part<store_status>(self, c, "store", st.now->store, [](node_status& n, store_status& x) { n.store = x; });
  ask_part<keeper_status>(self, c, "keeper", st.now->keeper,
                          [](node_status& n, keeper_status& x) { n.connection = x; });
  ask_part<election_status>(self, c, "election", st.now->election,
                            [](node_status& n, election_status& x) { n.election = x; });
  ask_part<manager_status>(self, c, "manager", st.now->manager,
                           [](node_status& n, manager_status& x) { n.manager = x; });
  ask_part<worker_status>(self, c, "worker", st.now->worker, [](node_status& n, worker_status& x) { n.worker = x; });
  for (auto& [id, j] : st.jobs) {
    if (j.runner) {
      ask_part<runner_status>(self, c, about_job("job_runner", id), j.runner,
                              [](node_status& n, runner_status& x) { n.jobs.push_back(x); });
    }
  }
}

} // namespace

caf::result<node_status> collect_status(node_ptr self) {
  auto promise = self->make_response_promise<node_status>();
  ask_parts(self, [promise](node_status s) mutable { promise.deliver(std::move(s)); });
  return promise;
}

void ask_for_last_status(node_ptr self) {
  auto& st = self->state();
  if (st.parts.reports && !std::exchange(st.last_status_asked, true)) {
    ask_parts(self, [self](node_status s) { self->state().last_status = std::move(s); });
  }
}

void report_the_end(node_state& st) {
  if (st.parts.reports) {
    auto last = std::move(st.last_status).value_or(node_status{});
    look_at_node(st, last);
    st.parts.reports->finish(std::move(last));
  }
}

} // namespace djm
