#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "djm/prepare_context.hpp"
#include "simulation/tree_image.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm::sim {

/// What may happen where jobs are prepared (protocol, section 4.14), from the committed history and the runs:
///
/// - the state of a hidden item rises with each save: what is done is not done again;
/// - a record says that a preparation is done only when that is saved, and says so for good;
/// - a run of a generation begins after the preparation of that generation was saved.
class prepare_rules {
public:
  using say = std::function<void(std::string text)>;

  explicit prepare_rules(const std::string& root = "/djm") : tree_(root) {}

  void sees(const store::node_change& change, bool lawless, const say& f);
  void run_began(const job_id& job, const std::vector<work_item>& items, std::int64_t generation, const say& f) const;
  /// At rest: nothing waits for a preparation.
  void quiescent(const job_id& job, const say& f) const;
  /// Preparations that were done.
  std::uint64_t counted() const { return counted_; }

private:
  void state_changed(const job_id& job, const store::node_change& change, bool lawless, const say& f);
  void record_changed(const job_id& job, const store::node_change& change, bool lawless, const say& f);

  store::tree_schema tree_;
  std::map<job_id, std::int64_t> saved_;
  std::map<job_id, store::job_payload> records_;
  std::uint64_t counted_ = 0;
};

} // namespace djm::sim
