#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "djm/prepare_context.hpp"
#include "zkstore/embedded/embedded_ensemble.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm::sim {

/// What one committed change means for the cluster.
struct tree_event {
  enum class kind : std::uint8_t {
    other,
    lock_made,
    lock_gone,
    alive_made,
    alive_gone,
    latch_made,
    latch_gone,
    assigned,
    unassigned,
    assignment_bumped,
    pool_item_made,
    pool_item_gone,
    pool_changed,
  };
  kind what = kind::other;
  /// "job/item", worker, latch or job.
  std::string key;
  std::string worker;
};

/// Whether "job/item" is what a job has to do before its items run.
inline bool is_hidden_item(std::string_view key) {
  const auto slash = key.find('/');
  return slash != std::string_view::npos && key.substr(slash + 1) == preparation_item;
}

/// The cluster as its committed history says, built from nothing but that history.
class tree_image {
public:
  struct lock {
    store::zxid_t token = 0;
    node_id worker;
    std::string incarnation;
    duration detach{};
  };
  struct presence {
    std::string incarnation;
    store::session_id_t session = 0;
  };

  /// Whose wish a job's pool is.
  struct wish {
    node_id writer;
    std::string incarnation;
    std::int64_t number = 0;
  };

  explicit tree_image(std::string root = "/djm");

  /// What the change means, before it is applied.
  tree_event read(const store::node_change& change) const;
  void apply(const store::node_change& change, const tree_event& e, store::zxid_t zxid);

  const std::map<std::string, lock>& locks() const { return locks_; }
  const std::map<node_id, presence>& alive() const { return alive_; }
  /// Owners of each item; more than one is a violation.
  const std::map<std::string, std::set<node_id>>& assigned() const { return assigned_; }
  const std::set<std::string>& pool() const { return pool_; }
  /// Jobs that have a node in the pool, and whether they are enabled.
  const std::map<job_id, bool>& jobs() const { return jobs_; }
  const std::map<job_id, wish>& wishes() const { return wishes_; }
  bool all_disabled() const { return all_disabled_; }
  /// The session of the candidate that leads; 0 without any.
  store::session_id_t lowest_latch() const;
  /// Jobs a worker has announced.
  bool offers(const node_id& worker, const job_id& job) const { return offers_.count({worker, job}) > 0; }
  /// What lives of workers have refused and not taken back, by the names of the nodes.
  struct refusal {
    node_id worker;
    std::string incarnation;
    std::set<std::string> items; ///< "job/item"
    duration length{};
  };
  const std::map<std::string, refusal>& refusals() const { return refusals_; }
  /// Whether the life of the worker that is there has refused the item ("job/item").
  bool refuses(const node_id& worker, const std::string& key) const;
  /// Whether it may be kept from items by a mark.
  bool marked(const node_id& worker) const { return marked_.count(worker) > 0; }

private:
  std::string root_;
  store::tree_schema schema_;
  std::map<std::string, lock> locks_;
  std::map<node_id, presence> alive_;
  std::map<std::int64_t, store::session_id_t> latches_;
  std::map<std::string, std::set<node_id>> assigned_;
  std::set<std::string> pool_;
  std::map<job_id, bool> jobs_;
  std::map<job_id, wish> wishes_;
  std::set<std::pair<node_id, job_id>> offers_;
  std::set<node_id> marked_;
  std::map<std::string, refusal> refusals_;
  bool all_disabled_ = false;
};

} // namespace djm::sim
