#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "simulation/tree_image.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm::sim {

/// What may happen to the records of jobs (protocol, section 4.11), from the committed history alone:
///
/// - each change raises the rev by one, and keeps what operators have set;
/// - which specification rules, and that a job is removed, is said by the leader alone, and never one that is not in
/// the lineage;
/// - a specification is added by a node that is there, changes none of the others, and never the one that rules;
/// - a record that is removed is made anew whole, by one node with its own specification.
class record_rules {
public:
  using say = std::function<void(std::string text)>;

  explicit record_rules(const std::string& root = "/djm") : tree_(root) {}

  /// `leads`: the session holds the lowest latch. `lawless`: whoever writes is nobody of the cluster's.
  void sees(const store::node_change& change, store::session_id_t session, bool leads, bool lawless,
            const tree_image& image, const say& f);
  /// At rest: the record of the job is open, and rules by what living nodes offer.
  void quiescent(const job_id& job, const tree_image& image, const say& f) const;
  /// Changes so far.
  std::uint64_t changes() const { return changes_; }

private:
  void changed(const job_id& job, const store::job_payload& before, const store::job_payload& now,
               store::session_id_t session, bool leads, const tree_image& image, const say& f);

  store::tree_schema tree_;
  std::map<job_id, store::job_payload> records_;
  std::map<std::pair<node_id, job_id>, std::string> offers_; ///< hashes
  std::uint64_t changes_ = 0;
};

} // namespace djm::sim
