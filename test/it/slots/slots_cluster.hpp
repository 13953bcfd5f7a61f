#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "harness.hpp"
#include "slot_journal.hpp"
#include "slots_judge.hpp"
#include "temp_dir.hpp"
#include "zookeeper_server.hpp"

namespace djm::test {

/// See `slots_node.cpp`.
struct slots_options {
  std::size_t nodes = 3;
  int jobs = 10;
  int items = 60;
  milliseconds gap{10'000};
  milliseconds busy{100};
  int threads = 16;
  int fails = 0;
  std::string poison;
  int park = 0;
};

/// Nodes in processes of their own around a real server of their own; what they wrote is kept when they are gone.
class slots_cluster {
public:
  explicit slots_cluster(slots_options options = {});

  void start_all();
  void start(std::size_t node);
  void kill(std::size_t node);
  void pause(std::size_t node) { at(node).pause(); }
  void resume(std::size_t node) { at(node).resume(); }
  /// SIGTERM, its gentle end, and another process in its place. Throws when it does not end.
  void restart(std::size_t node);
  /// Whether its process has ended by itself.
  bool has_died(std::size_t node) { return !at(node).running(); }
  zookeeper_server& server() { return server_; }

  /// Waits until each item has been started for a slot after `since_ms` (by the wall clock); false after `limit`.
  bool all_started_after(std::int64_t since_ms, milliseconds limit);
  /// What the processes have written so far.
  const std::vector<slot_line>& lines();
  /// Judges the slots up to this one.
  slots_verdict verdict(std::int64_t until_ms);
  std::size_t processes() const { return readers_.size(); }
  /// Journals and logs, for a person who wants to know more.
  std::string folder() const { return dir_.path().string(); }

private:
  child_process& at(std::size_t node) { return nodes_.at(node).value(); }
  std::vector<std::string> arguments(std::size_t node, const std::string& journal) const;

  slots_options options_;
  zookeeper_server server_;
  temp_dir dir_{"djm-slots"};
  std::vector<std::optional<child_process>> nodes_;
  std::vector<slot_journal_reader> readers_;
  slots_story story_;
};

/// Lets time pass up to a moment of the wall clock.
void let_pass_until(std::int64_t wall_ms);

/// A seed from the environment, as `./dev faults` sets it; without one another each time.
std::uint64_t seed_of_faults();

/// When every item has been started once more: prints the figures under this name, and checks that the judge has
/// nothing to say about the slots up to now.
void conclude(slots_cluster& c, const std::string& name);

} // namespace djm::test
