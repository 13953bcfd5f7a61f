#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "djm/error.hpp"
#include "djm/job.hpp"
#include "djm/status.hpp"

namespace djm::test {

class cluster;

enum class node_state : std::uint8_t {
  up,
  /// Nothing in it runs, time passes.
  paused,
  crashed,
  /// It has left, or ended by itself; the cluster's log says why.
  stopped,
};

constexpr auto enum_names(node_state) {
  return name_enum("node_state", "up", "paused", "crashed", "stopped");
}

std::string to_string(node_state s);

/// One node of a test cluster, as `djm::node` offers it. Each request lets virtual time pass until it is answered, at
/// most a minute (`timed_out` then); most are answered at once. `shutting_down` when the node is crashed or stopped,
/// `invalid_state` while it is paused. Valid as long as its cluster.
class cluster_node {
public:
  const node_id& id() const noexcept { return id_; }
  node_state state() const;

  /// Only on this node; `cluster::register_job` is for all.
  expected<void> register_job(job_definition definition);
  expected<void> register_job(const job_builder& builder);
  expected<void> unregister_job(const job_id& job);
  expected<void> enable_job(const job_id& job);
  expected<void> disable_job(const job_id& job);
  expected<void> enable_all();
  expected<void> disable_all();
  expected<void> delete_job(const job_id& job);
  expected<std::uint64_t> trigger(const job_id& job);
  expected<void> reschedule(const job_id& job, schedule s);
  expected<void> drain(const node_id& worker);
  expected<void> undrain(const node_id& worker);
  expected<void> cordon(const node_id& worker);
  expected<void> uncordon(const node_id& worker);
  expected<node_status> status() const;
  /// What this node reads in the store.
  expected<cluster_view> view() const;
  expected<runner_status> job(const job_id& id) const;
  /// The leader answers from its last plan, another node plans by what it reads first.
  expected<item_explanation> explain(const job_id& job, const item_id& item) const;

private:
  friend class cluster;
  cluster_node(cluster& c, node_id id) : cluster_(&c), id_(std::move(id)) {}

  cluster* cluster_;
  node_id id_;
};

} // namespace djm::test
