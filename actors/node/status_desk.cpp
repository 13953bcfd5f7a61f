#include "actors/node/status_desk.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/node/node_state.hpp"
#include "actors/node/report_feed.hpp"
#include "actors/node/status_teller.hpp"

namespace djm {

void status_desk::start() {
  started_ = at_.env().now();
}

// -- who asks regularly -------------------------------------------------------------

caf::actor status_desk::spawn_teller(duration period, std::function<void(node_status&)> tell) {
  return at_.self->system().spawn(status_teller_behavior, node_actor{at_.self}, at_.parts.env, period, std::move(tell));
}

void status_desk::start_tellers() {
  if (const duration period = at_.identity.config.status_period; period > duration::zero()) {
    teller_ = spawn_teller(period, [env = at_.parts.env](node_status& s) { log_status_line(*env, s); });
  }
  if (at_.parts.reports) {
    reporting_ =
      spawn_teller(at_.parts.report_period, [to = at_.parts.reports](node_status& s) { to->push(std::move(s)); });
  }
}

// -- one status out of many ---------------------------------------------------------

void status_desk::collector::deliver() {
  std::sort(status.jobs.begin(), status.jobs.end(),
            [](const runner_status& a, const runner_status& b) { return a.job < b.job; });
  status.unanswered = {unanswered.begin(), unanswered.end()};
  done(std::move(status));
}

/// What the node knows of itself without its parts.
void status_desk::look_at_node(node_status& s) const {
  s.node = at_.id();
  s.state = at_.life->state();
  s.ready = at_.life->ready();
  s.restarts = at_.life->restarts();
  s.problems = events_.problems();
  if (first_joined_) {
    s.joined_after = *first_joined_ - started_;
  }
  if (asked_to_stop_) {
    s.stopping_for = at_.env().now() - *asked_to_stop_;
  }
  const auto pool = at_.env().exec().stats();
  s.executor = {pool.threads, pool.max_threads, pool.busy,         pool.waiting,     pool.finished,
                pool.failed,  pool.dropped,     pool.longest_wait, pool.lease_stops, pool.lease_stop_lateness};
  s.log = at_.env().log_load();
  if (at_.parts.reports) {
    const auto told = at_.parts.reports->look();
    s.reports = told.made;
    s.reports_failed = told.failed;
    s.reports_skipped = told.skipped;
  }
}

void status_desk::answered(const collector_ptr& c) {
  if (--c->open == 0) {
    under_way_.erase(c);
    c->deliver();
  }
}

template <class Status, class Part, class Put>
void status_desk::ask_part(const collector_ptr& c, const std::string& name, const Part& part, Put put) {
  ++c->open;
  c->unanswered.insert(name);
  at_.self->mail(msg::get_part_status{})
    .request(part, std::chrono::seconds{2})
    .then(
      [this, c, put, name](Status& s) {
        put(c->status, s);
        c->unanswered.erase(name);
        answered(c);
      },
      [this, c](caf::error&) { answered(c); });
}

/// Asks all parts; `done` is called with what they and the node know.
void status_desk::ask_parts(std::function<void(node_status)> done) {
  const auto& who = *at_.who;
  auto c = std::make_shared<collector>();
  c->done = std::move(done);
  look_at_node(c->status);
  under_way_.insert(c);
  ask_part<store_status>(c, "store", who.store, [](node_status& n, store_status& x) { n.store = x; });
  ask_part<keeper_status>(c, "keeper", who.keeper, [](node_status& n, keeper_status& x) { n.connection = x; });
  ask_part<election_status>(c, "election", who.election, [](node_status& n, election_status& x) { n.election = x; });
  ask_part<manager_status>(c, "manager", who.manager, [](node_status& n, manager_status& x) { n.manager = x; });
  ask_part<worker_status>(c, "worker", who.worker, [](node_status& n, worker_status& x) { n.worker = x; });
  for (const auto& [id, j] : jobs_) {
    if (j.runner) {
      ask_part<runner_status>(c, about_job("job_runner", id), j.runner,
                              [](node_status& n, runner_status& x) { n.jobs.push_back(x); });
    }
  }
}

caf::result<node_status> status_desk::collect() {
  auto promise = at_.self->make_response_promise<node_status>();
  ask_parts([promise](node_status s) mutable { promise.deliver(std::move(s)); });
  return promise;
}

void status_desk::answer_all() {
  for (const auto& c : under_way_) {
    c->deliver();
  }
  under_way_.clear();
}

// -- the last one -------------------------------------------------------------------

void status_desk::ask_for_the_last() {
  if (at_.parts.reports && !std::exchange(last_asked_, true)) {
    ask_parts([this](node_status s) { last_ = std::move(s); });
  }
}

void status_desk::report_the_end() {
  if (at_.parts.reports) {
    auto last = std::move(last_).value_or(node_status{});
    look_at_node(last);
    at_.parts.reports->finish(std::move(last));
  }
}

} // namespace djm
