#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/membership/ledger.hpp"
#include "bench/membership/workload.hpp"
#include "djm/node.hpp"

namespace djm::bench {

/// What nodes have asked the store, and whose transactions met others: those that register nodes, that lock, and those
/// of the leader.
struct questions {
  std::uint64_t commits = 0, reads = 0;
  std::uint64_t keepers_met = 0, workers_met = 0, leader_met = 0;
};

questions operator-(const questions& a, const questions& b);

/// What every node of the benchmark is started with, beside its id.
node_config config_of(const node_id& id, const store_config& at);
/// A tree at a server.
store_config tree_at(const std::string& connect, const std::string& root = "/bench");

/// Nodes of this process that share the jobs of a workload.
class fleet {
public:
  fleet(store_config at, const workload& work) : at_(std::move(at)), work_(work) {}
  /// In a hurry, all nodes together.
  ~fleet();
  fleet(const fleet&) = delete;
  fleet& operator=(const fleet&) = delete;

  /// Starts a node with every job. Does not wait for it.
  void add(const node_id& id) { add(id, work_.definitions()); }
  /// The same with jobs that were made before.
  void add(const node_id& id, std::vector<job_definition> jobs);
  /// Hands the latest one over.
  node take_last();
  /// Until these nodes hold what they get when there are so many `members`, who need not be of this process.
  void wait_for_shares(std::size_t members) { ledger_->wait_for_shares(ids_, work_.items, members); }

  const workload& work() const { return work_; }
  const node& at(std::size_t n) const { return nodes_.at(n); }
  std::size_t size() const { return nodes_.size(); }
  /// Which one leads.
  std::size_t leader() const;
  /// Changes of owners that nodes which are there have written, the first owner included.
  std::uint64_t owners_written() const;
  /// Of all nodes together.
  questions asked() const;
  /// Items that are locked, by the status of the nodes.
  std::uint64_t locked() const;

private:
  store_config at_;
  workload work_;
  std::shared_ptr<ledger> ledger_ = std::make_shared<ledger>();
  std::vector<node_id> ids_;
  std::vector<node> nodes_;
};

} // namespace djm::bench
