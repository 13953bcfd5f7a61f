#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/cluster_view.hpp"
#include "djm/enum_names.hpp"
#include "djm/export.hpp"
#include "djm/fields.hpp"

namespace djm {

/// How a cluster is, in one word.
enum class health_state : std::uint8_t {
  /// Every item that should run has its node, and nothing stands in the way.
  healthy,
  /// What should run runs, as far as can be seen, and something wants to be looked at.
  degraded,
  /// Something that should run does not, or would not when anything happens.
  failing,
};

/// The names of the states, in their order.
constexpr auto enum_names(health_state) {
  return name_enum("health_state", "healthy", "degraded", "failing");
}

/// How a cluster is, and why.
struct cluster_health {
  /// The worst of all reasons.
  health_state state = health_state::healthy;
  /// Each in a sentence without its period, the worst first; empty when it is healthy.
  std::vector<std::string> reasons;
};
DJM_FIELDS(cluster_health, state, reasons)

/// Judges what the tree shows. What operators have switched off or paused is no fault, and no reason. An item whose
/// owner does not hold its lock counts only while somebody else holds it: it takes a moment to be locked. Takes time in
/// proportion to the items.
DJM_EXPORT cluster_health health_of(const cluster_view& view);

} // namespace djm
