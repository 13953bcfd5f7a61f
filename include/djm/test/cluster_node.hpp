#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "djm/error.hpp"
#include "djm/history.hpp"
#include "djm/item_answer.hpp"
#include "djm/item_state.hpp"
#include "djm/job.hpp"
#include "djm/status.hpp"

namespace djm::test {

class cluster;

/// What has become of a node.
enum class node_state : std::uint8_t {
  /// It works.
  up,
  /// Nothing in it runs, time passes.
  paused,
  /// Its process is gone; `cluster::start` starts it again.
  crashed,
  /// It has left, or ended by itself; the cluster's log says why.
  stopped,
};

/// The names of the states, in their order.
constexpr auto enum_names(node_state) {
  return name_enum("node_state", "up", "paused", "crashed", "stopped");
}

/// The name of the state.
std::string to_string(node_state s);

/// One node of a test cluster, as `djm::node` offers it. Each request lets virtual time pass until it is answered, at
/// most a minute (`timed_out` then); most are answered at once. `shutting_down` when the node is crashed or stopped,
/// `invalid_state` while it is paused. Valid as long as its cluster.
class cluster_node {
public:
  /// Its id.
  const node_id& id() const noexcept { return id_; }
  /// What has become of it.
  node_state state() const;

  /// Only on this node; `cluster::register_job` is for all.
  expected<void> register_job(job_definition definition);
  /// The same with what the builder builds, or its complaint.
  expected<void> register_job(const job_builder& builder);
  /// As `djm::node::unregister_job`.
  expected<void> unregister_job(const job_id& job);
  /// As `djm::node::enable_job`.
  expected<void> enable_job(const job_id& job);
  /// As `djm::node::disable_job`.
  expected<void> disable_job(const job_id& job);
  /// As `djm::node::enable_all`.
  expected<void> enable_all();
  /// As `djm::node::disable_all`.
  expected<void> disable_all();
  /// As `djm::node::delete_job`.
  expected<void> delete_job(const job_id& job);
  /// As `djm::node::update_job`.
  expected<std::int64_t> update_job(const job_id& job, user_config overrides, std::optional<std::int64_t> rev = {});
  /// As `djm::node::configure_job`.
  expected<std::int64_t> configure_job(const job_id& job, user_config config, std::optional<std::int64_t> rev = {});
  /// As `djm::node::pause_job`.
  expected<std::int64_t> pause_job(const job_id& job);
  /// As `djm::node::resume_job`.
  expected<std::int64_t> resume_job(const job_id& job);
  /// As `djm::node::prepare_again`.
  expected<std::int64_t> prepare_again(const job_id& job);
  /// As `djm::node::remove_job`.
  expected<std::int64_t> remove_job(const job_id& job);
  /// As `djm::node::trigger_job`.
  expected<std::int64_t> trigger_job(const job_id& job, std::string request = {});
  /// As `djm::node::item_state`.
  expected<djm::item_state> item_state(const job_id& job, const item_id& item);
  /// As `djm::node::set_item_state`.
  expected<djm::item_state> set_item_state(const job_id& job, const item_id& item, std::optional<bytes> state,
                                           std::optional<std::int64_t> version = {});
  /// As `djm::node::trigger_here`.
  expected<std::uint64_t> trigger_here(const job_id& job);
  /// As `djm::node::cancel`.
  expected<void> cancel(const job_id& job, run_id run);
  /// As `djm::node::release`.
  expected<void> release(const job_id& job, const item_id& item);
  /// As `djm::node::resume`.
  expected<void> resume(const job_id& job);
  /// As `djm::node::ask`.
  expected<item_answer> ask(const job_id& job, const item_id& item, bytes question,
                            any_duration timeout = std::chrono::seconds{10}) const;
  /// As `djm::node::history`.
  expected<run_history> history(const get_history& which = {}) const;
  /// As `djm::node::reschedule`.
  expected<void> reschedule(const job_id& job, schedule s);
  /// As `djm::node::drain`.
  expected<void> drain(const node_id& worker);
  /// As `djm::node::undrain`.
  expected<void> undrain(const node_id& worker);
  /// As `djm::node::cordon`.
  expected<void> cordon(const node_id& worker);
  /// As `djm::node::uncordon`.
  expected<void> uncordon(const node_id& worker);
  /// As `djm::node::status`.
  expected<node_status> status() const;
  /// What this node reads in the store.
  expected<cluster_view> view() const;
  /// As `djm::node::job`.
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
