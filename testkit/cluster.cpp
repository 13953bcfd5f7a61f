#include "djm/test/cluster.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "djm/test/ask.hpp"
#include "testkit/cluster_impl.hpp"
#include "testkit/moment.hpp"

namespace djm::test {

namespace {

/// How often `settle` looks.
constexpr duration look_period = std::chrono::milliseconds{100};

cluster_options with(std::size_t nodes, std::uint64_t seed) {
  cluster_options o;
  o.nodes = nodes;
  o.seed = seed;
  return o;
}

job_definition built(const job_builder& b) {
  auto d = b.build();
  if (!d) {
    throw failure("register_job: " + to_string(d.error()));
  }
  return std::move(*d);
}

} // namespace

cluster::cluster(cluster_options options) : impl_(std::make_unique<impl>(std::move(options))) {
  for (std::size_t i = 0; i < impl_->options.nodes; ++i) {
    start(node_id{"n" + std::to_string(i)});
  }
}

cluster::cluster(std::size_t nodes, std::uint64_t seed) : cluster(with(nodes, seed)) {}

cluster::~cluster() {
  if (impl_->sim->close()) {
    return;
  }
  std::fputs("djm::test::cluster: user code has been left behind on its thread, and with it its cluster\n", stderr);
  // The thread may go on at any time and touch what it knows, even while the process ends.
  static auto& left_behind = *new std::vector<std::unique_ptr<impl>>;
  left_behind.push_back(std::move(impl_));
}

// -- nodes ---------------------------------------------------------------------

cluster_node cluster::start(const node_id& id) {
  const auto m = impl_->machines.find(id);
  auto config = m == impl_->machines.end() ? impl_->options.config : m->second.config;
  config.id = id;
  return start(std::move(config));
}

cluster_node cluster::start(node_config config, std::shared_ptr<const strategy_registry> strategies) {
  auto& x = *impl_;
  x.may_act("start");
  const auto id = config.id;
  config.store.connect = "embedded";
  config.store.root = x.options.config.store.root;
  if (const auto ok = validate(config); !ok) {
    throw failure("start: " + to_string(ok.error()));
  }
  const auto known = x.machines.find(id);
  if (known != x.machines.end() && (is_up(id) || state(id) == node_state::paused)) {
    throw failure(fmt::format("start: node \"{}\" is {}", id, to_string(state(id))));
  }
  if (known == x.machines.end() && x.machines.size() >= 500) {
    throw failure(fmt::format("start: there are 500 nodes already, no room for \"{}\"", id));
  }
  auto& m = x.machines[id];
  if (known == x.machines.end()) {
    m.number = x.machines.size() - 1;
  }
  m.config = config;
  if (strategies) {
    m.strategies = std::move(strategies);
  }
  m.life = x.sim->start(m.number, std::move(config), m.strategies ? m.strategies : x.options.strategies);
  x.add_jobs(id);
  return node(id);
}

void cluster::begin_stop(const node_id& id, bool hurry) {
  auto& x = *impl_;
  const auto life = x.running(id, "stop").life;
  x.given.erase(life);
  x.sim->stop(life, hurry);
}

void cluster::stop(const node_id& id) {
  begin_stop(id);
  const auto limit = impl_->of(id).config.stop_timeout + std::chrono::minutes{1};
  if (!run_until([&] { return state(id) == node_state::stopped; }, limit)) {
    throw failure(fmt::format("stop: node \"{}\" has not ended within {}\n{}", id, format_duration(limit), describe()));
  }
}

void cluster::crash(const node_id& id) {
  impl_->sim->crash(impl_->running(id, "crash").life);
}

void cluster::crash_after(const node_id& id, std::uint64_t steps) {
  impl_->sim->crash_after(impl_->running(id, "crash_after").life, steps);
}

void cluster::pause(const node_id& id) {
  impl_->sim->pause(impl_->running(id, "pause").life);
}

void cluster::resume(const node_id& id) {
  impl_->sim->resume(impl_->running(id, "resume").life);
}

cluster_node cluster::node(const node_id& id) {
  static_cast<void>(impl_->of(id));
  return {*this, id};
}

node_state cluster::state(const node_id& id) const {
  return impl_->state_of(id);
}

std::vector<node_id> cluster::nodes() const {
  std::vector<node_id> result;
  for (const auto& [id, m] : impl_->machines) {
    result.push_back(id);
  }
  return result;
}

node_id cluster::leader() const {
  const auto& tree = impl_->sim->tree();
  for (const auto& [id, a] : tree.alive()) {
    if (a.session == tree.lowest_latch()) {
      return id;
    }
  }
  return {};
}

// -- faults --------------------------------------------------------------------

void cluster::cut(const node_id& id, way w) {
  impl_->may_act("cut");
  auto& m = impl_->of(id);
  m.up_cut = m.up_cut || w != way::from_store;
  m.down_cut = m.down_cut || w != way::to_store;
  impl_->sim->note(id + " is cut off");
  impl_->sim->cut(m.number, w, true);
}

void cluster::heal(const node_id& id) {
  impl_->may_act("heal");
  auto& m = impl_->of(id);
  m.up_cut = m.down_cut = false;
  impl_->sim->note(id + " is healed");
  impl_->sim->cut(m.number, way::both, false);
}

void cluster::delay(const node_id& id, any_duration from, any_duration to) {
  const duration least = from;
  const duration most = to;
  impl_->may_act("delay");
  if (least < duration::zero() || most < least || most > max_schedule_duration) {
    throw failure(fmt::format("delay: from {} to {} is no range within 0s to {}", describe_duration(least),
                              describe_duration(most), describe_duration(max_schedule_duration)));
  }
  impl_->sim->net().set_delay(impl_->of(id).number, least, most);
}

void cluster::break_connections(const node_id& id) {
  impl_->may_act("break_connections");
  impl_->sim->note("connections of " + id + " break");
  impl_->sim->net().break_connections(impl_->of(id).number);
}

void cluster::expire_session(const node_id& id) {
  const auto life = impl_->running(id, "expire_session").life;
  impl_->sim->note("the session of " + id + " expires");
  impl_->sim->expire(life);
}

void cluster::store_down() {
  impl_->may_act("store_down");
  impl_->sim->note("the store goes down");
  impl_->sim->stop_store();
}

void cluster::store_up() {
  impl_->may_act("store_up");
  impl_->sim->note("the store comes back");
  impl_->sim->start_store();
}

void cluster::heal_all() {
  for (const auto& [id, m] : impl_->machines) {
    heal(id);
    delay(id, impl_->options.least_delay, impl_->options.most_delay);
    if (state(id) == node_state::paused) {
      resume(id);
    }
  }
  store_up();
}

// -- time ----------------------------------------------------------------------

namespace {

/// Virtual time is cheap, but no number has room for all of it.
void check_span(const char* what, duration d) {
  if (d < duration::zero() || d > max_schedule_duration) {
    throw failure(fmt::format("{}: {} is no time to pass; from 0s to {}", what, describe_duration(d),
                              describe_duration(max_schedule_duration)));
  }
}

} // namespace

duration cluster::now() const {
  return impl_->sim->since_start();
}

void cluster::advance(any_duration d) {
  impl_->may_pass_time("advance");
  check_span("advance", d);
  impl_->sim->run_for(d);
}

bool cluster::run_until(const std::function<bool()>& condition, any_duration limit) {
  impl_->may_pass_time("run_until");
  check_span("run_until", limit);
  return impl_->sim->run_until(condition, limit);
}

void cluster::settle(any_duration at_most) {
  auto& x = *impl_;
  const duration limit = at_most;
  check_span("settle", limit);
  const auto end = now() + limit;
  advance(duration::zero());
  for (;;) {
    x.throw_refusals();
    auto missing = x.missing();
    if (missing.empty() && now() >= x.sim->last_change() + x.settle_pause()) {
      missing = x.missing_in_nodes(*this);
      if (missing.empty()) {
        return;
      }
    }
    if (now() >= end) {
      if (missing.empty()) {
        missing = {fmt::format("the cluster goes on changing, the last time at {}", moment(x.sim->last_change()))};
      }
      x.add_reasons(*this, missing);
      std::string text = fmt::format("settle: after {} something is missing:", format_duration(limit));
      for (const auto& m : missing) {
        text += "\n  " + m;
      }
      throw failure(text + "\n" + describe());
    }
    advance(std::min(look_period, end - now()));
  }
}

void cluster::after(any_duration d, std::function<void()> f) {
  check_span("after", d);
  impl_->sim->at(impl_->sim->now() + duration{d}, std::move(f));
}

// -- jobs ----------------------------------------------------------------------

void cluster::register_job(job_definition definition) {
  if (const auto ok = validate(definition.spec); !ok) {
    throw failure("register_job: " + to_string(ok.error()));
  }
  register_job([definition = std::move(definition)](const node_id&) { return definition; });
}

void cluster::register_job(const job_builder& builder) {
  register_job(built(builder));
}

void cluster::register_job(std::function<job_definition(const node_id&)> make) {
  auto& x = *impl_;
  x.may_pass_time("register_job");
  const auto job = make({}).spec.id;
  if (!x.jobs.emplace(job, make).second) {
    throw failure(fmt::format("register_job: job \"{}\" is registered already", job));
  }
  x.known_jobs.insert(job);
  for (const auto& [id, m] : x.machines) {
    if (is_up(id) || state(id) == node_state::paused) {
      x.add_job(id, make, job);
    }
  }
  advance(duration::zero());
  x.throw_refusals();
}

// -- who owns what -------------------------------------------------------------

node_id cluster::owner(const job_id& job, const item_id& item) const {
  impl_->check_job(job);
  const auto& all = impl_->sim->tree().assigned();
  const auto i = all.find(job + '/' + item);
  return i == all.end() ? node_id{} : *i->second.begin();
}

node_id cluster::holder(const job_id& job, const item_id& item) const {
  impl_->check_job(job);
  const auto& all = impl_->sim->tree().locks();
  const auto i = all.find(job + '/' + item);
  return i == all.end() ? node_id{} : i->second.worker;
}

std::map<item_id, node_id> cluster::owners(const job_id& job) const {
  std::map<item_id, node_id> result;
  impl_->check_job(job);
  for (const auto& key : impl_->sim->tree().pool()) {
    if (const auto [j, item] = split_key(key); j == job) {
      result[item] = owner(job, item);
    }
  }
  return result;
}

std::map<job_id, std::vector<item_id>> cluster::items_of(const node_id& id) const {
  static_cast<void>(impl_->of(id));
  std::map<job_id, std::vector<item_id>> result;
  for (const auto& [key, owners] : impl_->sim->tree().assigned()) {
    if (owners.count(id) > 0) {
      auto [job, item] = split_key(key);
      if (item != preparation_item) {
        result[job].push_back(std::move(item));
      }
    }
  }
  return result;
}

} // namespace djm::test
