#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "test/sim/coverage.hpp"
#include "test/sim/judge.hpp"

namespace djm::sim {

/// What kind of life a cluster has.
///
/// - calm: nothing but short blips; no item may move.
/// - chaos: everything below, drawn at random: 5 nodes, 60 items, 30 s, T = D = 2 s, 200 ms period, at least 8 faults.
/// - churn: nodes and jobs come, go and change; the network is sound.
/// - partition: links, servers, sessions and lost answers.
/// - scale: more nodes and items, few faults.
/// - calendar: jobs by calendar in zones whose clocks are changed every few seconds, under crashes, moves, outages and
///   wall clocks that jump.
enum class profile : std::uint8_t { calm, chaos, churn, partition, scale, calendar };

constexpr auto enum_names(profile) {
  return name_enum("profile", "calm", "chaos", "churn", "partition", "scale", "calendar");
}

struct scenario_options {
  std::uint64_t seed = 1;
  profile kind = profile::chaos;
  bool trace = false;
  bool trace_messages = false;
  /// Only faults of this name, for experiments; empty: all of the profile.
  std::string only;
  /// Somebody outside of the cluster gives orders; empty: in every third seed of the profiles with such faults.
  std::optional<bool> outsider{};
  /// Workers have a capacity, and jobs of several priorities and sizes want more than there is.
  bool short_room = false;
  /// Slots of jobs by calendar are remembered in the store.
  bool remember = false;
};

struct scenario_result {
  std::vector<violation> violations;
  std::uint64_t trace_hash = 0;
  std::uint64_t steps = 0;
  /// Of the first violation.
  std::uint64_t runs = 0;
  duration simulated{};
  djm::sim::coverage coverage;
  /// Latest lines, when asked for.
  std::vector<std::string> trace;
};

/// One seed's life, from the first node to the judgement at quiescence.
scenario_result run_scenario(const scenario_options& options);

/// What a person needs to see of a failed seed: seed, step, virtual time, invariant, the latest events, how to replay
/// it.
std::string describe_failure(const scenario_options& options, const scenario_result& result, std::size_t lines = 60);

} // namespace djm::sim
