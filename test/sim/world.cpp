#include "test/sim/world.hpp"

#include <utility>

#include <fmt/format.h>

#include <caf/all.hpp>

namespace djm::sim {

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
  c.max_clock_skew = 3s;
  return c;
}

store::ensemble_options world_options::default_ensemble() {
  using namespace std::chrono_literals;
  store::ensemble_options e;
  e.servers = 3;
  e.tick = 100ms;
  e.min_session_timeout = 200ms;
  e.election_time = 200ms;
  return e;
}

namespace {

const world_options& dated_by_leader(world_options& o) {
  o.ensemble.wall_ms = [clocks = o.clocks](time_point t) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(process::right_wall(t) + clocks->error()).count();
  };
  return o;
}

} // namespace

world::world(world_options options) : virtual_cluster(dated_by_leader(options)), options_(std::move(options)) {
  options_.clocks->ensemble = &ensemble();
  coordinator().set_observer(this);
  if (options_.trace_messages) {
    coordinator().on_step = [this](sim_coordinator::owner o, const char* actor, const std::string& message) {
      note(fmt::format("#{} {} <- {}", o, actor, message));
    };
  }
}

world::~world() {
  end();
  options_.clocks->ensemble = nullptr;
}

void world::set_server_clock(std::size_t server, duration error) {
  options_.clocks->errors[server] = error;
  server_clocks_were_set_ = server_clocks_were_set_ || error != duration::zero();
  note(fmt::format("server {} has its wall clock wrong by {} ms", server,
                   std::chrono::duration_cast<std::chrono::milliseconds>(error).count()));
}

world::handle world::start(std::size_t machine, std::optional<node_id> name,
                           const std::function<void(node_config&)>& change) {
  auto config = options_.config;
  config.id = name ? *name : node_id{"n" + std::to_string(machine)};
  if (const auto r = options_.room.find(machine); r != options_.room.end()) {
    config.capacity["cpu"] = r->second;
  }
  if (change) {
    change(config);
  }
  node_parts parts;
  parts.host = "m" + std::to_string(machine);
  parts.strategies = options_.strategies;
  const auto h = launch(machine, std::move(config), std::move(parts));
  enters(h, node_phase::starting);
  return h;
}

std::unique_ptr<virtual_executor> world::make_executor(handle, process& p, const node_config& config,
                                                       std::uint64_t seed) {
  return std::make_unique<sim_executor>(line(), p, *this, seed, config.max_threads, hanging_);
}

void world::release(const std::string& owner) {
  hanging_.erase(owner);
  for (const auto h : processes()) {
    executor_of(h).release(owner);
  }
}

void world::listen(handle h, bool on) {
  auto& second = second_listeners_[h];
  if (!second) {
    second = system().spawn([](cx::event_based_actor*) -> caf::behavior { return {[](const node_event&) {}}; });
  }
  if (on) {
    tell(h, subscribe{second});
  } else {
    tell(h, unsubscribe{second});
  }
}

void world::enters(handle h, node_phase phase) {
  phases_.at(h) = phase;
  if (on_phase) {
    on_phase(h, phase);
  }
}

bool world::outlived_history(handle h) const {
  const auto& p = *host_of(h).p;
  return former_lives_.count(p.incarnation()) > 0 && net().is_connected(p);
}

void world::go_back(const store::embedded_ensemble::backup& b, store::embedded_ensemble::numbers n) {
  note("the ensemble goes back");
  ensemble().go_back(b, n, now());
  judge_.history_begins(ensemble().committed().tree(), ensemble().committed().zxid(), now());
  went_back_at_ = now();
  touched_ensemble();
  for (const auto h : processes()) {
    former_lives_.insert(process_of(h).incarnation());
  }
}

bool world::runs_away(std::uint64_t steps) {
  judge_.report("I10", fmt::format("{} messages were handled and time does not move", steps), now());
  return true;
}

void world::note(const std::string& line) {
  if (options_.trace) {
    const auto since = std::chrono::duration<double>(now() - start_of_time).count();
    keep(fmt::format("{:10.6f} [{}] {}", since, steps(), line));
  }
}

} // namespace djm::sim
