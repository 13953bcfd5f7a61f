#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "djm/test/cluster.hpp"
#include "testkit/user_cluster.hpp"

namespace djm::test {

/// Names, rules and what the test has asked for; the rest is up to the virtual cluster.
struct cluster::impl {
  explicit impl(cluster_options o);

  struct machine {
    std::size_t number = 0;
    node_config config;
    /// Null: those of the cluster.
    std::shared_ptr<const strategy_registry> strategies;
    user_cluster::handle life = 0;
    /// Which ways of its link are cut.
    bool up_cut = false;
    bool down_cut = false;
  };

  machine& of(const node_id& id);
  const machine& of(const node_id& id) const { return const_cast<impl*>(this)->of(id); }
  const sim::host& life_of(const node_id& id) const { return sim->host_of(of(id).life); }
  node_state state_of(const node_id& id) const { return sim->state_of(of(id).life); }
  /// `failure` unless the node is up or paused.
  machine& running(const node_id& id, const char* wish);
  /// Up, and linked to the store.
  bool within_reach(const node_id& id) const;
  /// `failure` within user code.
  void may_act(const char* wish) const;
  /// The same for what lets time pass: not from within an event either.
  void may_pass_time(const char* wish) const;
  void check_job(const job_id& job) const;
  void add_jobs(const node_id& id);
  void add_job(const node_id& id, const std::function<job_definition(const node_id&)>& make, const job_id& job);
  void throw_refusals();

  /// What keeps the cluster from being settled, one line each; without a look at the nodes themselves.
  std::vector<std::string> missing() const;
  std::vector<std::string> missing_of(const std::string& key) const;
  /// The same as the nodes say themselves.
  std::vector<std::string> missing_in_nodes(cluster& c) const;
  /// Adds why items have no owner, as the leader says.
  void add_reasons(cluster& c, std::vector<std::string>& missing) const;
  /// How long nothing must have changed.
  duration settle_pause() const;
  std::string picture() const;

  /// `cluster_node` has given the node a job, or asked it to let go of one.
  void note_given(const node_id& id, const job_id& job);
  void note_taken(const node_id& id, const job_id& job);

  cluster_options options;
  std::unique_ptr<user_cluster> sim;
  std::map<node_id, machine> machines;
  /// Jobs for all nodes.
  std::map<job_id, std::function<job_definition(const node_id&)>> jobs;
  /// Jobs that this life of a node was given and has kept.
  std::map<user_cluster::handle, std::set<job_id>> given;
  std::set<job_id> known_jobs;
};

/// "job/item" in two.
std::pair<job_id, item_id> split_key(const std::string& key);

} // namespace djm::test
