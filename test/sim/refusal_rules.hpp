#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "simulation/tree_image.hpp"

namespace djm::sim {

/// What a life has refused is not run by that life before its time is over, on that node's own clock, and nobody takes
/// a refusal back but its node, and whoever cleans up after a life that is over.
class refusal_rules {
public:
  using complaint = std::function<void(std::string)>;

  /// `to_world`: how long a duration of the node of that incarnation takes in the world; nothing: nobody knows the
  /// node.
  void sees(const store::node_change& change, const tree_event& e, const tree_image& image,
            const std::function<duration(const std::string& incarnation, duration length)>& to_world, bool own,
            bool lawless, time_point now, const complaint& say);
  void declined(const std::string& incarnation, const std::string& key, time_point now) {
    declined_[{incarnation, key}] = now;
  }
  void run_began(const std::string& incarnation, const std::string& key, time_point now, const complaint& say) const;
  /// Another history begins.
  void forget() { until_.clear(); }
  std::uint64_t counted() const { return counted_; }

private:
  std::map<std::pair<std::string, std::string>, time_point> declined_, until_; ///< by life and item
  std::uint64_t counted_ = 0;
};

} // namespace djm::sim
