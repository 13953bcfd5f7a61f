#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "djm/events.hpp"
#include "simulation/tree_image.hpp"
#include "zkstore/payloads.hpp"

namespace djm::sim {

/// What is noted down of the cluster as a whole (protocol, section 4.15):
///
/// - it is written by the leader alone, and never without something that is different;
/// - each difference that is written has been told by who wrote it, unless that has died meanwhile;
/// - at rest it is there, and another cluster has another hash than the one at the rest before.
class model_rules {
public:
  using say = std::function<void(const char* invariant, std::string text)>;

  explicit model_rules(const std::string& root = "/djm") : path_(store::tree_schema{root}.model()) {}

  /// `leads`: the session holds the lowest latch. `lawless`: whoever writes is nobody of the cluster's.
  void sees(const store::node_change& change, bool leads, bool lawless, const say& f);
  void told(const model_changed& what);
  /// What this leader has told is not known: it has died.
  void died(std::int64_t epoch) { dead_.insert(epoch); }
  void quiescent(const tree_image& image, const say& f);
  /// The epoch of what is noted down now; 0: nothing is.
  std::int64_t epoch() const { return noted_ ? noted_->epoch : 0; }
  std::uint64_t changes() const { return changes_; }

private:
  using part_of_term = std::pair<std::int64_t, model_part>;

  std::string path_;
  std::optional<store::model_payload> noted_;
  std::map<part_of_term, std::uint64_t> written_, told_;
  std::set<std::int64_t> dead_;
  std::string cluster_; ///< at the latest rest
  std::string hash_;    ///< of it
  bool meddled_ = false;
  std::uint64_t changes_ = 0;
};

} // namespace djm::sim
