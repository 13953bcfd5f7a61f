#include "simulation/virtual_cluster.hpp"

#include <algorithm>

#include <caf/all.hpp>

namespace djm::sim {

namespace {

constexpr std::size_t trace_limit = 100'000;
/// Whoever goes on for ever without waiting for anything keeps everybody from everything.
constexpr std::uint64_t most_steps_at_once = 200'000;

using steady = caf::actor_clock::time_point;

steady to_caf_time(time_point t) {
  return steady{std::chrono::duration_cast<steady::duration>(t.time_since_epoch())};
}

store::ensemble_options with_clock(store::ensemble_options o) {
  if (!o.wall_ms) {
    o.wall_ms = [](time_point t) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(process::right_wall(t)).count();
    };
  }
  return o;
}

} // namespace

virtual_cluster::virtual_cluster(cluster_setup setup)
  : setup_(std::move(setup)),
    chance_(setup_.seed, "world"),
    timeline_{start_of_time, {}},
    ensemble_(with_clock(setup_.ensemble), start_of_time),
    system_(config_),
    coordinator_(&system_.coordinator()) {
  forget_logger(); // CAF's own, which books every actor that runs and writes nothing here
  coordinator_->seed(setup_.seed);
  coordinator_->clock().current_time = to_caf_time(timeline_.now);
  ensemble_.set_observer([this](const store::committed_transaction& txn, time_point t) { note_commit(txn, t); });
  network_ = std::make_unique<network>(timeline_, ensemble_, *this, setup_.seed, setup_.machines + 3);
  for (std::size_t m = 0; m < setup_.machines; ++m) {
    network_->set_delay(m, setup_.least_delay, setup_.most_delay);
  }
  ensemble_.advance(timeline_.now);
  network_->settle();
}

void virtual_cluster::end() {
  for (auto& [h, x] : hosts_) {
    crash(h);
    x.p->die(); // also where the node has stopped: runs may be left
  }
  // Whoever waits for an answer will not get one.
  coordinator_->kill(sim_coordinator::nobody);
  while (coordinator_->step()) {
  }
  ensemble_.set_observer({});
  coordinator_->set_observer(nullptr);
  coordinator_->on_step = nullptr;
}

virtual_cluster::handle virtual_cluster::launch(std::size_t machine, node_config config, node_parts parts) {
  const auto h = ++last_;
  process::clock clock;
  clock.offset = chance_.between(duration::zero(), std::chrono::hours{1000});
  const auto ppm = static_cast<std::int64_t>(chance_.below(2 * static_cast<std::uint64_t>(setup_.skew_ppm) + 1));
  clock.ppm = ppm - setup_.skew_ppm;
  auto& x = hosts_[h];
  x.config = config;
  x.p = std::make_unique<process>(timeline_, h, machine, config.id, clock);
  auto* p = x.p.get();
  const auto seed = setup_.seed ^ mix(h);
  x.env = std::make_shared<virtual_env>(timeline_, *p, *network_, make_executor(h, *p, config, seed), seed,
                                        [this, p](const log_record& r) { logged(*p, r); });
  x.env->use_zones(setup_.zones);
  happens(x, happening::starts, {});
  parts.env = x.env;
  parts.pid = h;
  parts.incarnation = p->incarnation();
  parts.on_part = [&x](auto& part, auto a) { x.parts[part] = caf::actor_cast<caf::weak_actor_ptr>(a); };
  coordinator_->act_for(h);
  x.node = spawn_node_in(system_, std::move(config), std::move(parts));
  coordinator_->act_for(sim_coordinator::nobody);
  x.listener = system_.spawn([this, h, node = x.node](cx::event_based_actor* self) -> caf::behavior {
    self->monitor(node, [this, h](const caf::error& why) { on_down(h, why); });
    return {[this, h](const node_event& e) { told(h, e); }};
  });
  cx::anon_mail(subscribe{x.listener}).send(x.node);
  return h;
}

void virtual_cluster::on_down(handle h, const caf::error& why) {
  auto& x = hosts_.at(h);
  x.node = nullptr;
  caf::anon_send_exit(x.listener, caf::exit_reason::kill);
  x.listener = nullptr;
  if (!x.up) {
    return;
  }
  x.up = false;
  happens(x, happening::ends, why == caf::exit_reason::user_shutdown ? std::string{} : to_string(from_caf(why)));
  network_->vanish(*x.p);
}

void virtual_cluster::run_until(time_point t) {
  run_actors();
  while (!over() && advance(t)) {
    run_actors();
  }
  timeline_.now = std::max(timeline_.now, t);
}

bool virtual_cluster::run_until(const std::function<bool()>& condition, duration limit) {
  const auto end = timeline_.now + limit;
  run_actors();
  while (!condition()) {
    if (over()) {
      return false;
    }
    if (!advance(end)) {
      timeline_.now = std::max(timeline_.now, end);
      return false;
    }
    run_actors();
  }
  return true;
}

void virtual_cluster::run_actors() {
  const during event{busy_};
  if (instant_ != timeline_.now) {
    instant_ = timeline_.now;
    instant_began_ = coordinator_->steps();
  }
  while (coordinator_->step()) {
    if (coordinator_->steps() - instant_began_ >= most_steps_at_once && runs_away(most_steps_at_once)) {
      return;
    }
    if (doomed_ && coordinator_->steps() >= doomed_->second) {
      const auto h = doomed_->first;
      doomed_.reset();
      crash(h);
    }
  }
}

bool virtual_cluster::advance(time_point limit) {
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

void virtual_cluster::note_commit(const store::committed_transaction& txn, time_point t) {
  mix_in(static_cast<std::uint64_t>(txn.zxid));
  for (const auto& c : txn.changes) {
    mix_in(hash_text(c.path));
  }
  notice_new_lives(txn);
  committed(txn, t);
}

void virtual_cluster::keep(std::string line) {
  trace_.push_back(std::move(line));
  if (trace_.size() > trace_limit) {
    trace_.pop_front();
  }
}

std::vector<virtual_cluster::handle> virtual_cluster::processes() const {
  std::vector<handle> result;
  for (const auto& [h, x] : hosts_) {
    if (x.up) {
      result.push_back(h);
    }
  }
  return result;
}

std::optional<virtual_cluster::handle> virtual_cluster::on(std::size_t machine) const {
  for (const auto& [h, x] : hosts_) {
    if (x.up && x.p->machine() == machine) {
      return h;
    }
  }
  return std::nullopt;
}

bool virtual_cluster::up_as(const std::string& incarnation) const {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const auto& x) { return x.second.up && x.second.p->incarnation() == incarnation; });
}

std::unique_ptr<process> virtual_cluster::make_stranger(node_id name, std::size_t other) {
  return std::make_unique<process>(timeline_, ++last_, setup_.machines + other, std::move(name), process::clock{});
}

} // namespace djm::sim
