#include "testkit/user_cluster.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "testkit/moment.hpp"

namespace djm::test {

namespace {

sim::cluster_setup setup_of(const cluster_options& o, std::size_t machines) {
  using namespace std::chrono_literals;
  sim::cluster_setup s;
  s.seed = o.seed;
  s.machines = machines;
  s.skew_ppm = o.clock_skew_ppm;
  s.least_delay = o.least_delay;
  s.most_delay = o.most_delay;
  s.ensemble.servers = o.servers;
  // As ZooKeeper grants what lies between 2 and 20 ticks: a tick that lets every configured timeout through.
  s.ensemble.tick = std::clamp(duration{o.config.store.session_timeout / 20}, duration{10ms}, duration{2s});
  s.ensemble.min_session_timeout = 100ms;
  s.ensemble.max_session_timeout = 1h;
  return s;
}

} // namespace

user_cluster::user_cluster(cluster_options options, std::size_t machines)
  : virtual_cluster(setup_of(options, machines)),
    options_(std::move(options)),
    start_(now()),
    tree_(options_.config.store.root),
    lockstep_(options_.real_time_limit) {
  while (!ensemble().leader() && advance(time_point::max())) {
  }
  start_ = now();
}

user_cluster::~user_cluster() {
  end();
}

bool user_cluster::close() {
  end();
  return lockstep_.close();
}

user_cluster::handle user_cluster::start(std::size_t machine, node_config config,
                                         std::shared_ptr<const strategy_registry> strategies) {
  node_parts parts;
  parts.host = "host-of-" + config.id;
  parts.strategies = std::move(strategies);
  return launch(machine, std::move(config), std::move(parts));
}

std::unique_ptr<sim::virtual_executor> user_cluster::make_executor(handle h, sim::process& p, const node_config& config,
                                                                   std::uint64_t seed) {
  const auto report = [this, h](const std::string& text) {
    host_of(h).env->log({log_level::error, {}, "executor", text, {}, {}});
  };
  lockstep_executor::overrun_fn overrun;
  if (config.abort_on_overrun) {
    overrun = [this, h, report](const running_info& r) {
      report(fmt::format("run {} of job \"{}\" ignores its stop request beyond the deadline; ending the process", r.id,
                         r.job));
      coordinator().hold(h, true); // none of its actors goes on
      at(now(), [this, h] { crash(h); });
    };
  }
  return std::make_unique<lockstep_executor>(line(), p, lockstep_, *this, seed, config.max_threads, report,
                                             std::move(overrun));
}

node_state user_cluster::state_of(handle h) const {
  const auto& x = host_of(h);
  if (x.up) {
    return x.p->paused() ? node_state::paused : node_state::up;
  }
  return x.p->dead() ? node_state::crashed : node_state::stopped;
}

void user_cluster::cut(std::size_t machine, way w, bool broken) {
  if (w != way::from_store) {
    net().set_cut(machine, sim::network::direction::up, broken);
  }
  if (w != way::to_store) {
    net().set_cut(machine, sim::network::direction::down, broken);
  }
}

void user_cluster::expire(handle h) {
  for (const auto s : net().sessions_of(process_of(h))) {
    ensemble().expire(s, now());
  }
  touched_ensemble();
}

std::optional<store::checked_multi> user_cluster::intrude(const store::transaction& txn, const std::string& identity,
                                                          const std::string& note_line) {
  note(note_line);
  auto done = ensemble().intrude(txn, identity, now());
  touched_ensemble();
  return done;
}

bool user_cluster::set_access(const std::string& path, std::string acl) {
  note("somebody changes who may use " + path);
  const bool done = ensemble().set_access(path, std::move(acl), now());
  touched_ensemble();
  return done;
}

void user_cluster::stop_store() {
  for (std::size_t s = 0; s < ensemble().servers(); ++s) {
    ensemble().crash(s, now());
  }
  touched_ensemble();
}

void user_cluster::start_store() {
  for (std::size_t s = 0; s < ensemble().servers(); ++s) {
    ensemble().restart(s, now());
  }
  touched_ensemble();
}

bool user_cluster::over() const {
  lockstep_.check();
  return false;
}

void user_cluster::happens(sim::host& x, sim::happening what, const std::string& detail) {
  const auto h = x.p->number();
  note(fmt::format("{} {}{}{}", x.config.id, enum_text(what), detail.empty() ? "" : ": ", detail));
  if (what == sim::happening::crashes) {
    runs_.crashed(h, since_start());
  } else if (what == sim::happening::pauses) {
    runs_.paused(h, since_start());
  } else if (what == sim::happening::resumes) {
    runs_.resumed(h, since_start(), x.config.stop_grace);
  }
}

void user_cluster::logged(const sim::process&, const log_record& r) {
  note(fmt::format("{} {} {}: {}", r.node, djm::to_string(r.level), r.component, r.text));
  if (options_.log) {
    options_.log(r);
  }
}

void user_cluster::committed(const store::committed_transaction& txn, time_point) {
  for (const auto& c : txn.changes) {
    tree_.apply(c, tree_.read(c), txn.zxid);
    // What jobs save goes on for as long as they run.
    if (c.path.find("/states/") == std::string::npos) {
      last_change_ = since_start();
    }
  }
}

void user_cluster::note(const std::string& line) {
  keep(moment(since_start()) + ' ' + line);
}

void user_cluster::run_began(const sim::process& p, const running_info& r) {
  mix_in(r.id ^ static_cast<std::uint64_t>(since_start().count()));
  runs_.began(p.number(), p.node(), r.id, r.job, r.items, since_start());
}

void user_cluster::stop_asked(const sim::process& p, run_id run, stop_reason reason) {
  runs_.stop_asked(p.number(), run, reason, since_start());
}

void user_cluster::item_released(const sim::process& p, run_id run, const item_id& item) {
  runs_.released(p.number(), run, item, since_start());
}

void user_cluster::run_ended(const sim::process& p, const run_result& r) {
  mix_in(~r.id ^ static_cast<std::uint64_t>(since_start().count()));
  runs_.ended(p.number(), r.id, r.failed ? run_end::threw : run_end::returned, r.failure, since_start());
}

} // namespace djm::test
