#include <algorithm>

#include <fmt/format.h>

#include "djm/test/ask.hpp"
#include "testkit/cluster_impl.hpp"
#include "testkit/moment.hpp"

/// What is still missing until a cluster is settled.
namespace djm::test {

duration cluster::impl::settle_pause() const {
  // Longer than the leader collects changes and than one message each way.
  duration longest = duration::zero();
  for (const auto& [id, m] : machines) {
    longest = std::max(longest, m.config.rebalance_max_wait + m.config.backoff_min);
  }
  return longest + 4 * options.most_delay + std::chrono::milliseconds{100};
}

std::vector<std::string> cluster::impl::missing() const {
  std::vector<std::string> result;
  const auto& tree = sim->tree();
  std::set<job_id> offered;
  for (const auto& [id, m] : machines) {
    if (!within_reach(id)) {
      continue;
    }
    const auto alive = tree.alive().find(id);
    if (alive == tree.alive().end() || alive->second.incarnation != sim->process_of(m.life).incarnation()) {
      result.push_back(fmt::format("node {} has not joined", id));
      continue;
    }
    if (const auto g = given.find(m.life); g != given.end()) {
      for (const auto& job : g->second) {
        offered.insert(job);
        if (!tree.offers(id, job)) {
          result.push_back(fmt::format("node {} has not announced job {}", id, job));
        }
      }
    }
  }
  for (const auto& job : offered) {
    if (tree.jobs().count(job) == 0) {
      result.push_back(fmt::format("the pool of job {} is not known", job));
    }
  }
  for (const auto& key : tree.pool()) {
    if (offered.count(split_key(key).first) > 0) {
      for (auto& text : missing_of(key)) {
        result.push_back(std::move(text));
      }
    }
  }
  return result;
}

std::vector<std::string> cluster::impl::missing_of(const std::string& key) const {
  const auto& tree = sim->tree();
  const auto job = tree.jobs().find(split_key(key).first);
  const bool wanted = job != tree.jobs().end() && job->second && !tree.all_disabled();
  const auto owners = tree.assigned().find(key);
  if (!wanted) {
    return owners == tree.assigned().end() ? std::vector<std::string>{}
                                           : std::vector<std::string>{fmt::format(
                                               "{} is disabled and still belongs to {}", key, *owners->second.begin())};
  }
  if (owners == tree.assigned().end()) {
    return {fmt::format("{} has no owner", key)};
  }
  const auto& owner = *owners->second.begin();
  if (machines.count(owner) == 0 || !within_reach(owner)) {
    return {fmt::format("{} still belongs to {}, which is out of reach", key, owner)};
  }
  const auto lock = tree.locks().find(key);
  if (lock == tree.locks().end()) {
    return {fmt::format("{} belongs to {}, which has not locked it", key, owner)};
  }
  if (lock->second.worker != owner ||
      lock->second.incarnation != sim->process_of(machines.at(owner).life).incarnation()) {
    return {fmt::format("{} belongs to {}, its lock to {}", key, owner,
                        lock->second.worker == owner ? "a former life of it" : lock->second.worker)};
  }
  return {};
}

/// Whether an item gets its turn is waited for when that shows within this time.
constexpr duration soon = std::chrono::seconds{30};

std::vector<std::string> cluster::impl::missing_in_nodes(cluster& c) const {
  std::vector<std::string> result;
  const auto& tree = sim->tree();
  for (const auto& [id, m] : machines) {
    if (!within_reach(id)) {
      continue;
    }
    const auto status = ask(c, id, get_status{}, duration::zero());
    if (!status || !status->ready) {
      result.push_back(fmt::format("node {} is not ready", id));
      continue;
    }
    std::map<std::string, fencing_token> granted;
    for (const auto& job : status->jobs) {
      for (const auto& item : job.items) {
        granted[job.job + '/' + item.id] = item.token;
      }
      for (const auto& item : job.starved) {
        result.push_back(fmt::format(
          "{}/{} is held by {} and has been in no run for too long: the run of its share goes on without it", job.job,
          item, id));
      }
      if (job.starved.empty() && job.starves_in && *job.starves_in <= soon) {
        result.push_back(fmt::format("items of {} on {} wait for a run of their share to end, and starve in {}",
                                     job.job, id, format_duration(*job.starves_in)));
      }
      const bool due = job.next_start && *job.next_start <= duration::zero() && job.active_runs == 0;
      if (!job.items.empty() && (!job.leased || due)) {
        result.push_back(
          fmt::format("runs of {} on {} have not started: {}", job.job, id,
                      job.leased ? "they are due" : "the node has no contact with the store for long enough"));
      }
    }
    for (const auto& [key, owners] : tree.assigned()) {
      if (const auto lock = tree.locks().find(key); owners.count(id) > 0 && lock != tree.locks().end()) {
        if (const auto g = granted.find(key); g == granted.end() || g->second != lock->second.token) {
          result.push_back(fmt::format("{} is not granted to the runs of {}", key, id));
        }
      }
    }
  }
  return result;
}

void cluster::impl::add_reasons(cluster& c, std::vector<std::string>& missing) const {
  for (const auto& [id, m] : machines) {
    if (sim->state_of(m.life) != node_state::up) {
      continue;
    }
    const auto status = ask(c, id, get_status{}, duration::zero());
    if (!status || !status->manager.leading) {
      continue;
    }
    for (const auto& p : status->manager.unassigned) {
      missing.push_back(fmt::format("the leader {} says of {}/{}: {}", id, p.job, p.item, p.reason));
    }
  }
}

std::string cluster::impl::picture() const {
  auto text = fmt::format("at {} (seed {})", moment(sim->since_start()), options.seed);
  const auto& tree = sim->tree();
  for (const auto& [id, m] : machines) {
    text += fmt::format("\n  node {}: {}", id, to_string(sim->state_of(m.life)));
    if (m.up_cut || m.down_cut) {
      text += m.up_cut && m.down_cut ? ", cut off" : ", cut one way";
    }
    if (const auto a = tree.alive().find(id); a == tree.alive().end()) {
      text += ", not alive in the store";
    } else if (a->second.session == tree.lowest_latch()) {
      text += ", leads";
    }
  }
  for (const auto& key : tree.pool()) {
    const auto owners = tree.assigned().find(key);
    const auto lock = tree.locks().find(key);
    text += fmt::format("\n  item {}: owner {}, lock {}", key,
                        owners == tree.assigned().end() ? "nobody" : *owners->second.begin(),
                        lock == tree.locks().end() ? "nobody's" : lock->second.worker);
  }
  return text;
}

} // namespace djm::test
