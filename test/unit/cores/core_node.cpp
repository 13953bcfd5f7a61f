#include "test/unit/cores/core_cluster.hpp"

namespace djm::test {

namespace {

keeper_core::settings keeper_settings(const node_id& name, const std::string& life) {
  keeper_core::settings s;
  s.config.id = name;
  s.config.store.root = "/djm";
  s.config.store.connect = "sim";
  s.config.store.session_timeout = core_cluster::session_timeout;
  s.config.store.operation_deadline = milliseconds{100};
  s.config.detach_tolerance = core_cluster::detach;
  s.config.stop_grace = core_cluster::grace;
  s.config.backoff_min = milliseconds{10};
  s.config.backoff_max = milliseconds{200};
  s.incarnation = life;
  s.max_transaction_ops = 20; // small, so that work is split
  return s;
}

election_core::settings election_settings(const node_id& name, const std::string& life) {
  return {name, life, "/djm", milliseconds{10}, milliseconds{200}};
}

manager_core::settings manager_settings(const node_id& name, const std::string& life) {
  manager_core::settings s;
  s.node = name;
  s.incarnation = life;
  s.debounce = milliseconds{20};
  s.max_wait = milliseconds{200};
  s.sweep_period = milliseconds{1500};
  s.clean_period = seconds{4};
  s.backoff_min = milliseconds{10};
  s.backoff_max = milliseconds{200};
  s.max_transaction_ops = 20;
  s.pipeline = 3;
  s.lock_batch = 4;
  return s;
}

worker_core::settings worker_settings(const node_id& name, const std::string& life) {
  worker_core::settings s;
  s.node = name;
  s.incarnation = life;
  s.detach_tolerance = core_cluster::detach;
  s.stop_grace = core_cluster::grace;
  s.backoff_min = milliseconds{10};
  s.backoff_max = milliseconds{200};
  s.max_transaction_ops = 6;
  s.max_lock_watches = 3;
  s.read_batch = 4;
  return s;
}

} // namespace

core_node::core_node(core_cluster& c, node_id name, std::string incarnation)
  : all(c),
    id(std::move(name)),
    life(std::move(incarnation)),
    keeper(keeper_settings(id, life)),
    election(election_settings(id, life)),
    manager(manager_settings(id, life)),
    worker(worker_settings(id, life)) {
  view.timeout = core_cluster::session_timeout;
}

step core_node::now_step() {
  return {all.now, all.random(), 0};
}

void core_node::post(std::function<void()> f) {
  mailbox_.push_back(std::move(f));
  if (working_) {
    return;
  }
  working_ = true;
  while (!mailbox_.empty()) {
    auto next = std::move(mailbox_.front());
    mailbox_.pop_front();
    next();
  }
  working_ = false;
}

void core_node::start() {
  for (const auto& [name, j] : all.jobs) {
    job_runner_core::settings s;
    s.spec = j.spec;
    s.stop_grace = core_cluster::grace;
    auto& r = runners.emplace(name, s).first->second;
    post([this, &r] { carry_out(r, r.on_start(now_step())); });
    post([this, spec = j.spec] { carry_out(keeper, keeper.on_offer(spec, false, 0, now_step())); });
    post([this, job = name] { carry_out(worker, worker.on_job_added(job, now_step())); });
  }
  connect();
}

// -- session --------------------------------------------------------------------

void core_node::tell_session() {
  post([this] { carry_out(worker, worker.on_session(view, now_step())); });
  post([this] { carry_out(election, election.on_session(view, now_step())); });
  post([this] { carry_out(keeper, keeper.on_session(view, now_step())); });
}

void core_node::connect() {
  ++view.number;
  view.id = all.tree.open();
  view.connects = 1;
  view.asked_at = all.now;
  view.phase = store::session_phase::connected;
  session_open = true;
  last_touch = all.now;
  probed_.reset();
  all.note(id + " connects, session " + std::to_string(view.id));
  tell_session();
}

void core_node::suspend() {
  all.note(id + " is cut off");
  view.phase = store::session_phase::suspended;
  probed_.reset();
  const bool told_first = all.chance(50);
  if (told_first) {
    tell_session();
  }
  // What was answered but not heard, and what was asked but not answered, is unknown to this node.
  auto unheard = std::exchange(answers, {});
  auto open = std::exchange(requests, {});
  for (auto& a : unheard) {
    a(); // answers that reached the client before the connection broke
  }
  for (auto& r : open) {
    auto copy = r;
    late.push_back(std::move(copy));
    r.serve(false, "unknown")();
  }
  if (!told_first) {
    tell_session();
  }
}

void core_node::reconnect() {
  all.note(id + " is back");
  late.clear();
  view.phase = store::session_phase::connected;
  ++view.connects;
  last_touch = all.now;
  tell_session();
}

void core_node::hear_of_expiry() {
  all.note(id + " hears that its session has expired");
  late.clear();
  view.phase = store::session_phase::expired;
  tell_session();
  connect();
}

// -- network --------------------------------------------------------------------

void core_node::fetch_events() {
  for (const auto& e : all.tree.take_events(view.id)) {
    answers.push_back([this, e] {
      post([this, e] { carry_out(worker, worker.on_watch(e, now_step())); });
      post([this, e] { carry_out(election, election.on_watch(e, now_step())); });
      post([this, e] { carry_out(keeper, keeper.on_watch(e, now_step())); });
      post([this, e] { carry_out(manager, manager.on_watch(e, now_step())); });
    });
  }
}

void core_node::step_network() {
  fetch_events();
  if (!answers.empty() && (requests.empty() || all.chance(50))) {
    auto a = std::move(answers.front());
    answers.pop_front();
    a();
  } else if (!requests.empty()) {
    auto r = std::move(requests.front());
    requests.pop_front();
    last_touch = all.now;
    const char* verdict = "truth";
    bool work = true;
    if (all.outcomes_go_wrong && all.chance(4)) {
      verdict = "unknown";
      work = all.chance(50);
    }
    auto hear = r.serve(work, verdict);
    fetch_events(); // events reach a client before the answer that was given after them
    answers.push_back(std::move(hear));
  }
}

template <class Core>
void core_node::one(Core& core, commit_effect& x) {
  auto serve = [this, &core, x, session = view.id, number = view.number](bool work, const char* verdict) {
    store::commit_outcome outcome = store::unknown{};
    if (work) {
      auto real = all.tree.commit(session, x.txn);
      if (std::holds_alternative<store::committed>(real)) {
        all.note(id + " commits " + show(x.txn));
        all.check_tree();
      }
      if (std::string{verdict} == "truth") {
        outcome = real;
      }
    }
    return std::function<void()>{[this, &core, request = x.request, outcome, number] {
      if (number == view.number) {
        post([this, &core, request, outcome] { carry_out(core, core.on_commit(request, outcome, now_step())); });
      }
    }};
  };
  if (connected()) {
    requests.push_back({show(x), serve});
  } else {
    post([this, &core, request = x.request] {
      carry_out(core, core.on_commit(request, store::rejected{{errc::not_connected, "sim"}}, now_step()));
    });
  }
}

template <class Core>
void core_node::one(Core& core, read_effect& x) {
  auto serve = [this, &core, x, session = view.id, number = view.number](bool work, const char* verdict) {
    store::read_outcome outcome{store::read_status::failed, {}, {}};
    if (work && std::string{verdict} == "truth") {
      outcome = all.tree.read(session, x.reads);
    }
    return std::function<void()>{[this, &core, request = x.request, outcome, number] {
      if (number == view.number) {
        post([this, &core, request, outcome] { carry_out(core, core.on_read(request, outcome, now_step())); });
      }
    }};
  };
  if (connected()) {
    requests.push_back({show(x), serve});
  } else {
    post([this, &core, request = x.request] {
      carry_out(core, core.on_read(request, {store::read_status::failed, {}, {}}, now_step()));
    });
  }
}

template <class Core>
void core_node::one(Core&, emit_effect& x) {
  if (const auto* p = std::get_if<problem>(&x.what); p != nullptr && !p->about.empty()) {
    problems[p->component + ": " + p->about] = p->why.text;
  } else if (const auto* o = std::get_if<problem_over>(&x.what)) {
    problems.erase(o->component + ": " + o->about);
  }
}
template <class Core>
void core_node::one(Core&, log_effect&) {}

template <class Core>
void core_node::carry_out(Core& core, std::vector<typename Core::effect> effects) {
  for (auto& e : effects) {
    std::visit([&](auto& x) { one(core, x); }, e);
  }
}

void core_node::probe() {
  if (!probing_ || !connected() || all.now < next_probe_) {
    return;
  }
  next_probe_ = all.now + core_cluster::session_timeout / 3;
  auto serve = [this, sent = all.now, session = view.id, number = view.number](bool work, const char*) {
    store::transaction txn;
    txn.ops.push_back(store::check_op{"/djm/alive/" + id});
    store::commit_outcome outcome = store::unknown{};
    if (work) {
      outcome = all.tree.commit(session, txn);
    }
    return std::function<void()>{[this, outcome, sent, number] {
      if (number != view.number || !probing_) {
        return;
      }
      if (std::holds_alternative<store::committed>(outcome)) {
        // Contact is the probe before the latest (protocol §1).
        if (probed_) {
          post(
            [this, contact = *probed_, number] { carry_out(worker, worker.on_contact(number, contact, now_step())); });
        }
        probed_ = sent;
      } else if (std::holds_alternative<store::conflict>(outcome)) {
        post([this] { carry_out(keeper, keeper.on_not_alive(now_step())); });
      }
    }};
  };
  requests.push_back({"probe", serve});
}

// -- time -----------------------------------------------------------------------

std::optional<time_point> core_node::wake_at() const {
  auto t = earliest(keeper.wake_at(), earliest(election.wake_at(), earliest(manager.wake_at(), worker.wake_at())));
  for (const auto& [name, r] : runners) {
    t = earliest(t, r.wake_at());
  }
  return probing_ && connected() ? earliest(t, next_probe_) : t;
}

void core_node::wake() {
  auto due = [&](const std::optional<time_point>& t) { return t && *t <= all.now; };
  for (auto& [name, r] : runners) {
    if (due(r.wake_at())) {
      post([this, &core = r] { carry_out(core, core.on_wake(now_step())); });
    }
  }
  if (due(worker.wake_at())) {
    post([this] { carry_out(worker, worker.on_wake(now_step())); });
  }
  if (due(keeper.wake_at())) {
    post([this] { carry_out(keeper, keeper.on_wake(now_step())); });
  }
  if (due(election.wake_at())) {
    post([this] { carry_out(election, election.on_wake(now_step())); });
  }
  if (due(manager.wake_at())) {
    post([this] { carry_out(manager, manager.on_wake(now_step())); });
  }
  probe();
}

void core_node::drain() {
  post([this] { carry_out(worker, worker.on_drain(now_step())); });
}

void core_node::leave() {
  post([this] { carry_out(keeper, keeper.on_leave(now_step())); });
  post([this] { carry_out(election, election.on_resign(now_step())); });
}

// -- what the cores ask of each other ---------------------------------------------

void core_node::one(keeper_core&, keeper_core::joined& x) {
  all.note(id + " has joined as " + life);
  post([this, x] { carry_out(worker, worker.on_joined(x.number, x.alive_data, now_step())); });
  post([this, x] { carry_out(election, election.on_joined(x.number, now_step())); });
}

void core_node::one(keeper_core&, keeper_core::unjoined&) {
  post([this] { carry_out(worker, worker.on_unjoined(now_step())); });
  post([this] { carry_out(election, election.on_unjoined(now_step())); });
}

void core_node::one(keeper_core&, keeper_core::start_probing&) {
  probing_ = true;
  probed_.reset();
  next_probe_ = all.now;
}

void core_node::one(keeper_core&, keeper_core::stop_probing&) {
  probing_ = false;
}
void core_node::one(keeper_core&, keeper_core::follow& x) {
  if (const auto r = runners.find(x.what.job); r != runners.end()) {
    post([this, r, what = x.what] { carry_out(r->second, r->second.on_follow(what, now_step())); });
  }
}
void core_node::one(keeper_core&, keeper_core::left&) {
  if (std::exchange(left, true)) {
    return;
  }
  // A node that has left closes its session, and with it its latch goes.
  if (session_open) {
    session_open = false;
    all.tree.end(view.id);
  }
  view.phase = store::session_phase::closed;
  view.closed_at = all.now;
  requests.clear();
  answers.clear();
  tell_session();
}
void core_node::one(keeper_core&, keeper_core::failed& x) {
  all.broken(id + " failed: " + to_string(x.why));
}

void core_node::one(election_core&, election_core::granted& x) {
  all.note(id + " leads, epoch " + std::to_string(x.epoch));
  post([this, x] { carry_out(manager, manager.on_granted(x.epoch, x.latch, x.session, now_step())); });
}

void core_node::one(election_core&, election_core::revoked&) {
  post([this] { carry_out(manager, manager.on_revoked(now_step())); });
}

void core_node::one(manager_core&, manager_core::plan_request& x) {
  answers.push_back([this, x] {
    post([this, x] {
      auto made = plan_without_users(*x.problem, strategy_registry{}, *x.answers);
      carry_out(manager, manager.on_planned(x.request, made, now_step()));
    });
  });
}

void core_node::one(manager_core&, manager_core::strategy_request& x) {
  all.broken(id + " asks a strategy of a user, and there is none: " + x.question.strategy);
}

void core_node::one(worker_core&, worker_core::grant& x) {
  post([this, x] {
    auto& r = runners.at(x.job);
    carry_out(r, r.on_items(x.items, x.more_to_come, now_step()));
  });
}

void core_node::one(worker_core&, worker_core::revoke& x) {
  post([this, x] {
    auto& r = runners.at(x.job);
    carry_out(r, r.on_revoked(x.items, x.reason, now_step()));
  });
}

void core_node::one(worker_core&, worker_core::renew_lease& x) {
  run_until_ = x.run_until;
  for (auto& [name, r] : runners) {
    post([this, x, &core = r] { carry_out(core, core.on_lease(x.run_until, x.deadline, now_step())); });
  }
}

void core_node::one(worker_core&, worker_core::not_alive&) {
  post([this] { carry_out(keeper, keeper.on_not_alive(now_step())); });
}

void core_node::one(worker_core&, worker_core::drained&) {
  drained = true;
}
void core_node::one(worker_core&, worker_core::settled_changed&) {}
void core_node::one(worker_core&, state_answer&) {} // these runs have no states
void core_node::one(worker_core&, slots_told&) {}   // nor slots

job_id core_node::job_of(const job_runner_core& r) const {
  for (const auto& [name, x] : runners) {
    if (&x == &r) {
      return name;
    }
  }
  return {};
}

void core_node::one(job_runner_core& r, job_runner_core::start_run& x) {
  const auto job = job_of(r);
  all.note(id + " runs " + job + " " + show(x));
  ++all.runs_started;
  if (x.items.empty()) {
    all.broken("an empty run");
  }
  if (!run_until_ || all.now >= *run_until_) {
    all.broken(id + " starts a run after its lease");
  }
  for (const auto& item : x.items) {
    for (const auto& [key, other] : all.runs) {
      if (std::get<1>(key) != job) {
        continue;
      }
      for (const auto& o : other.items) {
        if (o.id == item.id) {
          all.broken("I1: " + job + ":" + item.id + " runs on " + std::get<0>(key) + " and on " + life);
        }
      }
    }
    auto& highest = all.tokens[{job, item.id}];
    if (item.token < highest.first || (item.token == highest.first && highest.second != life)) {
      all.broken("I2: " + job + ":" + item.id + " runs on " + life + " with token " + std::to_string(item.token) +
                 " after " + std::to_string(highest.first));
    }
    highest = {item.token, life};
  }
  all.runs[{life, job, x.id}] = {this, x.items, all.now + milliseconds{all.random() % 900}};
}

void core_node::one(job_runner_core& r, job_runner_core::stop_run& x) {
  auto i = all.runs.find({life, job_of(r), x.id});
  if (i != all.runs.end()) {
    // Obedient, at the last moment if need be.
    i->second.ends = std::min(i->second.ends, all.now + milliseconds{all.random() % 95});
  }
}

void core_node::one(job_runner_core& r, job_runner_core::released& x) {
  post([this, job = job_of(r), x] { carry_out(worker, worker.on_released(job, x.items, now_step())); });
}

void core_node::one(job_runner_core& r, job_runner_core::cut_share& x) {
  post([this, &r, x] {
    std::vector<std::vector<item_id>> halves(2);
    for (std::size_t i = 0; i < x.share.size(); ++i) {
      halves[i % 2].push_back(x.share[i]);
    }
    carry_out(r, r.on_cut(x.request, halves, now_step()));
  });
}

void core_node::one(job_runner_core& r, job_runner_core::call_pool& x) {
  post([this, &r, x] { carry_out(r, r.on_pool(x.request, all.jobs.at(job_of(r)).items, now_step())); });
}

void core_node::one(job_runner_core& r, job_runner_core::pool_ready& x) {
  post([this, job = job_of(r), x] { carry_out(keeper, keeper.on_pool(job, x.items, now_step())); });
}

// The cluster tells runners of the end of their runs.
template void core_node::carry_out<job_runner_core>(job_runner_core&, std::vector<job_runner_core::effect>);

} // namespace djm::test
