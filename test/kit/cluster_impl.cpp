#include "test/kit/cluster_impl.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace djm::test {

namespace {

constexpr std::size_t max_nodes = 500;
constexpr std::size_t max_servers = 7;
constexpr std::int64_t max_skew = 20'000;

cluster_options checked(cluster_options o) {
  const auto check = [](bool ok, const std::string& text) {
    if (!ok) {
      throw failure("cluster_options: " + text);
    }
  };
  check(o.nodes <= max_nodes, fmt::format("nodes is {}: at most {}", o.nodes, max_nodes));
  check(o.servers >= 1 && o.servers <= max_servers, fmt::format("servers is {}: 1 to {}", o.servers, max_servers));
  check(o.least_delay >= duration::zero() && o.least_delay <= o.most_delay && o.most_delay <= max_schedule_duration,
        fmt::format("least_delay is {} and most_delay {}: from 0 to {}, in this order",
                    describe_duration(o.least_delay), describe_duration(o.most_delay),
                    describe_duration(max_schedule_duration)));
  check(o.clock_skew_ppm >= 0 && o.clock_skew_ppm <= max_skew,
        fmt::format("clock_skew_ppm is {}: 0 to {}", o.clock_skew_ppm, max_skew));
  check(o.real_time_limit > duration::zero() && o.real_time_limit <= std::chrono::hours{24},
        fmt::format("real_time_limit is {}: above zero and at most a day", describe_duration(o.real_time_limit)));
  auto c = o.config;
  c.id = "n0";
  c.store.connect = "embedded";
  if (const auto ok = validate(c); !ok) {
    throw failure("cluster_options: config: " + to_string(ok.error()));
  }
  return o;
}

template <class Map>
std::string keys_of(const Map& all) {
  std::string text;
  for (const auto& [key, value] : all) {
    text += (text.empty() ? "" : ", ") + key;
  }
  return text.empty() ? "none" : text;
}

} // namespace

std::pair<job_id, item_id> split_key(const std::string& key) {
  const auto slash = key.find('/');
  return {job_id{key.substr(0, slash)}, item_id{key.substr(slash + 1)}};
}

cluster::impl::impl(cluster_options o)
  : options(checked(std::move(o))), sim(std::make_unique<simulation>(options, max_nodes)) {}

cluster::impl::machine& cluster::impl::of(const node_id& id) {
  const auto i = machines.find(id);
  if (i == machines.end()) {
    throw failure(fmt::format("no node \"{}\" in this cluster; there are: {}", id, keys_of(machines)));
  }
  return i->second;
}

cluster::impl::machine& cluster::impl::running(const node_id& id, const char* wish) {
  may_act(wish);
  auto& m = of(id);
  const auto s = sim->at(m.life).state;
  if (s != node_state::up && s != node_state::paused) {
    throw failure(fmt::format("{}: node \"{}\" is {}", wish, id, to_string(s)));
  }
  return m;
}

bool cluster::impl::within_reach(const node_id& id) const {
  const auto& m = of(id);
  return sim->at(m.life).state == node_state::up && !m.up_cut && !m.down_cut;
}

void cluster::impl::may_act(const char* wish) const {
  if (in_user_code()) {
    throw failure(fmt::format("{} within user code: leave it to the test, or to cluster::after", wish));
  }
}

void cluster::impl::may_pass_time(const char* wish) const {
  may_act(wish);
  if (sim->busy()) {
    throw failure(fmt::format("{} within a function given to cluster::after: no time may pass in it", wish));
  }
}

void cluster::impl::check_job(const job_id& job) const {
  if (known_jobs.count(job) > 0 || sim->tree().jobs().count(job) > 0) {
    return;
  }
  std::string text;
  for (const auto& j : known_jobs) {
    text += (text.empty() ? "" : ", ") + j;
  }
  throw failure(fmt::format("nobody has registered a job \"{}\" in this cluster; there are: {}", job,
                            text.empty() ? "none" : text));
}

void cluster::impl::add_jobs(const node_id& id) {
  for (const auto& [job, make] : jobs) {
    add_job(id, make, job);
  }
}

void cluster::impl::add_job(const node_id& id, const std::function<job_definition(const node_id&)>& make,
                            const job_id& job) {
  auto d = make(id);
  if (d.spec.id != job) {
    throw failure(fmt::format("register_job: the function has made job \"{}\" and now makes \"{}\" for node \"{}\"",
                              job, d.spec.id, id));
  }
  const auto life = of(id).life;
  given[life].insert(job);
  sim->tell(life, djm::register_job{std::move(d.spec), std::move(d.code)});
}

void cluster::impl::throw_refusals() {
  auto refusals = std::exchange(sim->refusals(), {});
  if (!refusals.empty()) {
    throw failure("register_job: " + refusals.front());
  }
}

void cluster::impl::note_given(const node_id& id, const job_id& job) {
  known_jobs.insert(job);
  given[of(id).life].insert(job);
}

void cluster::impl::note_taken(const node_id& id, const job_id& job) {
  given[of(id).life].erase(job);
}

} // namespace djm::test
