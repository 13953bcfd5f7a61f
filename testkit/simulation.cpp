#include "testkit/simulation.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "actors/node/node_shell.hpp"
#include "testkit/moment.hpp"

namespace djm::test {

namespace {

constexpr time_point first_moment{std::chrono::hours{1}};
constexpr std::size_t log_limit = 100'000;

using steady = caf::actor_clock::time_point;

steady to_caf_time(time_point t) {
  return steady{std::chrono::duration_cast<steady::duration>(t.time_since_epoch())};
}

store::ensemble_options ensemble_options_of(const cluster_options& o) {
  using namespace std::chrono_literals;
  store::ensemble_options e;
  e.servers = o.servers;
  // As ZooKeeper grants what lies between 2 and 20 ticks: a tick that lets every configured timeout through.
  e.tick = std::clamp(duration{o.config.store.session_timeout / 20}, duration{10ms}, duration{2s});
  e.min_session_timeout = 100ms;
  e.max_session_timeout = 1h;
  return e;
}

/// Sets a flag for as long as it lives.
struct during {
  explicit during(bool& f) : flag(f) { flag = true; }
  ~during() { flag = false; }
  bool& flag;
};

} // namespace

simulation::simulation(cluster_options options, std::size_t machines)
  : options_(std::move(options)),
    chance_(options_.seed, "kit"),
    start_(first_moment),
    timeline_{first_moment, {}},
    ensemble_(ensemble_options_of(options_), first_moment),
    tree_(options_.config.store.root),
    lockstep_(options_.real_time_limit),
    system_(config_),
    coordinator_(&system_.coordinator()) {
  coordinator_->seed(options_.seed);
  coordinator_->clock().current_time = to_caf_time(timeline_.now);
  ensemble_.set_observer([this](const store::committed_transaction& txn, time_point) { committed(txn); });
  network_ = std::make_unique<sim::network>(timeline_, ensemble_, *this, options_.seed, machines);
  for (std::size_t m = 0; m < machines; ++m) {
    network_->set_delay(m, options_.least_delay, options_.most_delay);
  }
  ensemble_.advance(timeline_.now);
  network_->settle();
  // The servers have elected their leader before the first node looks for them.
  while (!ensemble_.leader() && advance(time_point::max())) {
  }
  start_ = timeline_.now;
}

simulation::~simulation() {
  // Whoever waits for an answer will not get one.
  coordinator_->kill(sim::sim_coordinator::nobody);
  while (coordinator_->step()) {
  }
  ensemble_.set_observer({});
}

bool simulation::close() {
  for (auto& [h, x] : hosts_) {
    if (x.state == node_state::up || x.state == node_state::paused) {
      crash(h);
    }
    // Of nodes that have stopped runs may be left.
    x.p->die();
  }
  return lockstep_.close();
}

simulation::handle simulation::start(std::size_t machine, node_config config,
                                     std::shared_ptr<const strategy_registry> strategies) {
  const auto h = ++last_;
  const auto skew = options_.clock_skew_ppm;
  sim::process::clock clock;
  clock.offset = chance_.between(duration::zero(), std::chrono::hours{1000});
  clock.ppm = static_cast<std::int64_t>(chance_.below(2 * static_cast<std::uint64_t>(skew) + 1)) - skew;
  auto& x = hosts_[h];
  x.machine = machine;
  x.config = config;
  x.p = std::make_unique<sim::process>(timeline_, h, machine, config.id, clock);
  kit_env::hooks hooks;
  hooks.log = [this](const log_record& r) { logged(r); };
  if (config.abort_on_overrun) {
    hooks.end = [this, h] {
      coordinator_->hold(h, true); // none of its actors goes on
      timeline_.events.at(timeline_.now, [this, h] { crash(h); });
    };
  }
  x.env = std::make_shared<kit_env>(timeline_, *x.p, *network_, lockstep_, *this, options_.seed ^ sim::mix(h),
                                    config.max_threads, std::move(hooks));
  note(config.id + " starts");
  node_parts parts;
  parts.env = x.env;
  parts.host = "host-of-" + config.id;
  parts.pid = h;
  parts.incarnation = x.p->incarnation();
  parts.strategies = std::move(strategies);
  coordinator_->act_for(h);
  x.node = spawn_node_in(system_, std::move(config), std::move(parts));
  coordinator_->act_for(sim::sim_coordinator::nobody);
  x.listener = system_.spawn([this, h, node = x.node](cx::event_based_actor* self) -> caf::behavior {
    self->monitor(node, [this, h](const caf::error& why) { on_down(h, why); });
    return {[this](const node_event& e) { events_.push_back({now(), e.node, e.what}); }};
  });
  cx::anon_mail(subscribe{x.listener}).send(x.node);
  return h;
}

void simulation::crash(handle h) {
  auto& x = hosts_.at(h);
  if (x.state != node_state::up && x.state != node_state::paused) {
    return;
  }
  x.state = node_state::crashed;
  note(x.config.id + " crashes");
  runs_.crashed(h, now());
  x.env->runs().shut();
  x.p->die();
  network_->vanish(*x.p);
  x.node = nullptr;
  x.listener = nullptr;
  coordinator_->kill(h);
}

void simulation::crash_after(handle h, std::uint64_t steps) {
  doomed_ = {h, coordinator_->steps() + steps};
}

void simulation::pause(handle h) {
  auto& x = hosts_.at(h);
  x.state = node_state::paused;
  note(x.config.id + " is paused");
  x.p->pause();
  runs_.paused(h, now());
  coordinator_->hold(h, true);
}

void simulation::resume(handle h) {
  auto& x = hosts_.at(h);
  x.state = node_state::up;
  note(x.config.id + " is resumed");
  runs_.resumed(h, now(), x.config.stop_grace);
  coordinator_->hold(h, false);
  const during event{busy_};
  x.p->resume([this](std::uint64_t n) { return chance_.below(n); });
  network_->wake(*x.p);
}

void simulation::cut(std::size_t machine, way w, bool broken) {
  for (std::size_t s = 0; s < ensemble_.servers(); ++s) {
    if (w != way::from_store) {
      network_->set_cut(machine, s, sim::network::direction::up, broken);
    }
    if (w != way::to_store) {
      network_->set_cut(machine, s, sim::network::direction::down, broken);
    }
  }
}

void simulation::expire(handle h) {
  for (const auto s : network_->sessions_of(*hosts_.at(h).p)) {
    ensemble_.expire(s, timeline_.now);
  }
  network_->settle();
}

std::optional<store::checked_multi> simulation::intrude(const store::transaction& txn, const std::string& identity,
                                                        const std::string& note_line) {
  note(note_line);
  auto done = ensemble_.intrude(txn, identity, timeline_.now);
  network_->settle();
  return done;
}

bool simulation::set_access(const std::string& path, std::string acl) {
  note("somebody changes who may use " + path);
  const bool done = ensemble_.set_access(path, std::move(acl), timeline_.now);
  network_->settle();
  return done;
}

void simulation::stop_store() {
  for (std::size_t s = 0; s < ensemble_.servers(); ++s) {
    ensemble_.crash(s, timeline_.now);
  }
  network_->settle();
}

void simulation::start_store() {
  for (std::size_t s = 0; s < ensemble_.servers(); ++s) {
    ensemble_.restart(s, timeline_.now);
  }
  network_->settle();
}

void simulation::run_for(duration d) {
  lockstep_.check();
  const auto end = timeline_.now + d;
  run_actors();
  while (advance(end)) {
    run_actors();
  }
  timeline_.now = std::max(timeline_.now, end);
}

bool simulation::run_until(const std::function<bool()>& condition, duration limit) {
  lockstep_.check();
  const auto end = timeline_.now + limit;
  run_actors();
  while (!condition()) {
    if (!advance(end)) {
      timeline_.now = std::max(timeline_.now, end);
      return false;
    }
    run_actors();
  }
  return true;
}

void simulation::after(duration d, std::function<void()> f) {
  timeline_.events.at(timeline_.now + d, std::move(f));
}

void simulation::run_actors() {
  const during event{busy_};
  while (coordinator_->step()) {
    if (doomed_ && coordinator_->steps() >= doomed_->second) {
      const auto h = doomed_->first;
      doomed_.reset();
      crash(h);
    }
  }
}

bool simulation::advance(time_point limit) {
  const during event{busy_};
  const auto next = timeline_.events.next();
  auto& clock = coordinator_->clock();
  const auto timeout = clock.next();
  const auto caf_limit = to_caf_time(next ? std::min(*next, limit) : limit);
  if (timeout && *timeout <= caf_limit) {
    timeline_.now = std::max(timeline_.now, time_point{timeout->time_since_epoch()});
    clock.current_time = to_caf_time(timeline_.now);
    clock.trigger_timeout();
    return true;
  }
  if (!next || *next > limit) {
    return false;
  }
  timeline_.now = *next;
  clock.current_time = to_caf_time(timeline_.now);
  timeline_.events.pop()();
  return true;
}

void simulation::on_down(handle h, const caf::error& why) {
  auto& x = hosts_.at(h);
  x.node = nullptr;
  caf::anon_send_exit(x.listener, caf::exit_reason::kill);
  x.listener = nullptr;
  if (x.state != node_state::up && x.state != node_state::paused) {
    return;
  }
  x.state = node_state::stopped;
  const bool asked = why == caf::exit_reason::user_shutdown;
  note(x.config.id + " has ended" + (asked ? std::string{} : ": " + to_string(from_caf(why))));
  network_->vanish(*x.p);
}

void simulation::committed(const store::committed_transaction& txn) {
  mix_in(static_cast<std::uint64_t>(txn.zxid));
  for (const auto& c : txn.changes) {
    mix_in(sim::hash_text(c.path));
    tree_.apply(c, tree_.read(c), txn.zxid);
    last_change_ = now();
  }
}

void simulation::logged(const log_record& r) {
  note(fmt::format("{} {} {}: {}", r.node, djm::to_string(r.level), r.component, r.text));
  if (options_.log) {
    options_.log(r);
  }
}

void simulation::note(const std::string& line) {
  log_.push_back(moment(now()) + ' ' + line);
  if (log_.size() > log_limit) {
    log_.pop_front();
  }
}

std::uint64_t simulation::hash() const {
  return sim::mix(hash_ ^ coordinator_->hash());
}

void simulation::run_began(const sim::process& p, const running_info& r) {
  mix_in(r.id ^ static_cast<std::uint64_t>(now().count()));
  runs_.began(p.number(), p.node(), r.id, r.job, r.items, now());
}

void simulation::stop_asked(const sim::process& p, run_id run, stop_reason reason) {
  runs_.stop_asked(p.number(), run, reason, now());
}

void simulation::item_released(const sim::process& p, run_id run, const item_id& item) {
  runs_.released(p.number(), run, item, now());
}

void simulation::run_ended(const sim::process& p, const run_result& r) {
  mix_in(~r.id ^ static_cast<std::uint64_t>(now().count()));
  runs_.ended(p.number(), r.id, r.failed ? run_end::threw : run_end::returned, r.failure, now());
}

} // namespace djm::test
