#include "test/sim/world.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <caf/all.hpp>

#include "actors/node/node_shell.hpp"
#include "test/sim/sim_env.hpp"

namespace djm::sim {

namespace {

constexpr time_point start_of_time{std::chrono::hours{1}};
constexpr std::size_t trace_limit = 200'000;
using steady = caf::actor_clock::time_point;

steady to_caf_time(time_point t) {
  return steady{std::chrono::duration_cast<steady::duration>(t.time_since_epoch())};
}

std::string seconds(time_point t) {
  return fmt::format("{:10.6f}", std::chrono::duration<double>(t - start_of_time).count());
}

} // namespace

node_config world_options::default_config() {
  using namespace std::chrono_literals;
  node_config c;
  c.id = "n";
  c.store.session_timeout = 2s;
  c.store.operation_deadline = 1s;
  c.detach_tolerance = 2s;
  c.stop_grace = 300ms;
  c.stop_timeout = 5s;
  c.rebalance_debounce = 50ms;
  c.rebalance_max_wait = 500ms;
  c.sweep_period = 2s;
  c.clean_period = 2s;
  c.backoff_min = 50ms;
  c.backoff_max = 800ms;
  c.registration_timeout = 10s;
  c.strategy_timeout = 2s;
  return c;
}

store::ensemble_options world_options::default_ensemble() {
  using namespace std::chrono_literals;
  store::ensemble_options e;
  e.tick = 100ms;
  e.min_session_timeout = 200ms;
  e.election_time = 200ms;
  return e;
}

world::world(world_options options)
  : options_(std::move(options)),
    chance_(options_.seed, "world"),
    timeline_{start_of_time, {}},
    ensemble_(
      [&] {
        auto e = options_.ensemble;
        e.servers = options_.servers;
        return e;
      }(),
      start_of_time),
    system_(config_),
    coordinator_(&system_.coordinator()) {
  forget_logger(); // CAF's own, which books every actor that runs and writes nothing here
  coordinator_->seed(options_.seed);
  coordinator_->set_observer(this);
  if (options_.trace_messages) {
    coordinator_->on_step = [this](sim_coordinator::owner o, const char* actor, const std::string& message) {
      note(fmt::format("#{} {} <- {}", o, actor, message));
    };
  }
  coordinator_->clock().current_time = to_caf_time(timeline_.now);
  ensemble_.set_observer([this](const store::committed_transaction& txn, time_point t) {
    mix_in(static_cast<std::uint64_t>(txn.zxid));
    for (const auto& c : txn.changes) {
      mix_in(hash_text(c.path));
    }
    if (options_.trace && !txn.changes.empty()) {
      std::string line = fmt::format("zxid {:x} session {:x}:", txn.zxid, txn.session);
      for (std::size_t i = 0; i < txn.changes.size() && i < 8; ++i) {
        line += fmt::format(" {}{}", "+=-"[static_cast<int>(txn.changes[i].what)], txn.changes[i].path);
      }
      if (txn.changes.size() > 8) {
        line += fmt::format(" and {} more", txn.changes.size() - 8);
      }
      note(line);
    }
    notice_new_lives(txn);
    judge_.committed(txn, t);
  });
  network_ = std::make_unique<network>(timeline_, ensemble_, *this, options_.seed, options_.machines + 1);
  for (std::size_t m = 0; m < options_.machines; ++m) {
    network_->set_delay(m, options_.least_delay, options_.most_delay);
  }
  ensemble_.advance(timeline_.now);
  network_->settle();
}

world::~world() {
  for (auto& [h, host] : hosts_) {
    if (host.up) {
      crash(h);
    }
  }
  // Whoever waits for an answer will not get one.
  coordinator_->kill(sim_coordinator::nobody);
  while (coordinator_->step()) {
  }
  ensemble_.set_observer({});
  coordinator_->set_observer(nullptr);
}

world::handle world::start(std::size_t machine, std::optional<node_id> name,
                           const std::function<void(node_config&)>& change) {
  const auto h = ++last_;
  process::clock clock;
  clock.offset = chance_.between(duration::zero(), std::chrono::hours{1000});
  const auto ppm = static_cast<std::int64_t>(chance_.below(2 * static_cast<std::uint64_t>(options_.skew_ppm) + 1));
  clock.ppm = ppm - options_.skew_ppm;
  auto config = options_.config;
  config.id = name ? *name : node_id{"n" + std::to_string(machine)};
  if (change) {
    change(config);
  }
  auto& host = hosts_[h];
  host.p = std::make_unique<process>(timeline_, h, machine, config.id, clock);
  host.detach = config.detach_tolerance;
  auto* p = host.p.get();
  host.env = std::make_shared<sim_env>(
    timeline_, *p, *network_, *this, options_.seed ^ mix(h), config.max_threads, [this, p](const log_record& r) {
      if (options_.trace && r.level >= options_.least_log) {
        note(fmt::format("{}#{} {} {}: {}", p->node(), p->number(), to_string(r.level), r.component, r.text));
      }
    });
  host.env->runs().share_hanging(&hanging_);
  judge_.started(*p, config.detach_tolerance, timeline_.now);
  note(fmt::format("{}#{} starts on machine {}", p->node(), h, machine));
  node_parts parts;
  parts.env = host.env;
  parts.host = "m" + std::to_string(machine);
  parts.pid = h;
  parts.incarnation = p->incarnation();
  parts.strategies = options_.strategies;
  parts.on_part = [&host](auto& part, auto a) { host.parts[part] = caf::actor_cast<caf::weak_actor_ptr>(a); };
  coordinator_->act_for(h);
  host.node = spawn_node_in(system_, config, std::move(parts));
  coordinator_->act_for(sim_coordinator::nobody);
  host.listener = system_.spawn([this, h, node = host.node](cx::event_based_actor* self) -> caf::behavior {
    self->monitor(node, [this, h](const caf::error&) { on_down(h); });
    return {[this, h](const node_event& e) { told(h, e); }};
  });
  cx::anon_mail(subscribe{host.listener}).send(host.node);
  enters(h, node_phase::starting);
  return h;
}

void world::listen(handle h, bool on) {
  auto& second = hosts_.at(h).second_listener;
  if (!second) {
    second = system_.spawn([](cx::event_based_actor*) -> caf::behavior { return {[](const node_event&) {}}; });
  }
  if (on) {
    tell(h, subscribe{second});
  } else {
    tell(h, unsubscribe{second});
  }
}

void world::enters(handle h, node_phase phase) {
  hosts_.at(h).phase = phase;
  if (on_phase) {
    on_phase(h, phase);
  }
}

void world::stop(handle h, bool hurry) {
  enters(h, node_phase::stopping);
  note(fmt::format("{}#{} is told to stop{}", hosts_.at(h).p->node(), h, hurry ? " now" : ""));
  judge_.stops(*hosts_.at(h).p);
  tell(h, shutdown_node{hurry});
}

bool world::up(handle h) const {
  return hosts_.at(h).up;
}

bool world::is_paused(handle h) const {
  return hosts_.at(h).p->paused();
}

bool world::is_held(handle h) const {
  return hosts_.at(h).held;
}

sim_executor& world::executor_of(handle h) {
  return hosts_.at(h).env->runs();
}

std::vector<world::handle> world::processes() const {
  std::vector<handle> result;
  for (const auto& [h, host] : hosts_) {
    if (host.up) {
      result.push_back(h);
    }
  }
  return result;
}

std::optional<world::handle> world::on(std::size_t machine) const {
  for (const auto& [h, host] : hosts_) {
    if (host.up && host.p->machine() == machine) {
      return h;
    }
  }
  return std::nullopt;
}

std::unique_ptr<process> world::make_stranger() {
  return std::make_unique<process>(timeline_, ++last_, options_.machines, "stranger", process::clock{});
}

void world::run_until(time_point t) {
  run_actors();
  while (judge_.violations().empty() && advance(t)) {
    run_actors();
  }
  timeline_.now = std::max(timeline_.now, t);
}

bool world::run_until(const std::function<bool()>& condition, duration limit) {
  const auto end = timeline_.now + limit;
  run_actors();
  while (!condition()) {
    if (!judge_.violations().empty() || !advance(end)) {
      return false;
    }
    run_actors();
  }
  return true;
}

void world::run_actors() {
  // Whoever goes on for ever without waiting for anything keeps everybody from everything.
  constexpr std::uint64_t most_steps_at_once = 200'000;
  if (instant_ != timeline_.now) {
    instant_ = timeline_.now;
    instant_began_ = coordinator_->steps();
  }
  while (coordinator_->step()) {
    if (coordinator_->steps() - instant_began_ >= most_steps_at_once) {
      judge_.report("I10", fmt::format("{} messages were handled and time does not move", most_steps_at_once),
                    timeline_.now);
      return;
    }
    if (doomed_ && coordinator_->steps() >= doomed_->second) {
      const auto h = doomed_->first;
      doomed_.reset();
      crash(h);
    }
  }
}

bool world::advance(time_point limit) {
  const auto event = timeline_.events.next();
  auto& clock = coordinator_->clock();
  const auto timeout = clock.next();
  const auto caf_limit = to_caf_time(event ? std::min(*event, limit) : limit);
  if (timeout && *timeout <= caf_limit) {
    timeline_.now = std::max(timeline_.now, time_point{timeout->time_since_epoch()});
    clock.current_time = to_caf_time(timeline_.now);
    clock.trigger_timeout();
    return true;
  }
  if (!event || *event > limit) {
    return false;
  }
  timeline_.now = *event;
  clock.current_time = to_caf_time(timeline_.now);
  timeline_.events.pop()();
  return true;
}

void world::on_down(handle h) {
  auto& host = hosts_.at(h);
  host.node = nullptr;
  caf::anon_send_exit(host.listener, caf::exit_reason::kill);
  host.listener = nullptr;
  host.second_listener = nullptr;
  if (!host.up) {
    return;
  }
  host.up = false;
  note(fmt::format("{}#{} has ended", host.p->node(), h));
  judge_.ended(*host.p);
  network_->vanish(*host.p);
}

std::uint64_t world::trace_hash() const {
  return mix(hash_ ^ coordinator_->hash());
}

void world::note(const std::string& line) {
  if (!options_.trace) {
    return;
  }
  trace_.push_back(fmt::format("{} [{}] {}", seconds(timeline_.now), coordinator_->steps(), line));
  if (trace_.size() > trace_limit) {
    trace_.pop_front();
  }
}

} // namespace djm::sim
