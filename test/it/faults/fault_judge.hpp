#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "node_journal.hpp"
#include "transaction_log.hpp"

namespace djm::test {

/// One process of the cluster: what it wrote, and what was done to it.
struct process_story {
  node_id node;
  duration detach{};
  std::vector<journal_line> journal;
  struct act {
    enum class kind : std::uint8_t { paused, resumed, died };
    kind what = kind::died;
    std::int64_t us = 0;
  };
  std::vector<act> acts;
};

/// All that is known about a cluster that lived through faults. Times are microseconds of the boot clock.
struct cluster_story {
  std::string root;
  std::vector<process_story> processes;
  std::map<store::zxid_t, logged_transaction> history;
  /// The wall clock's distance from the boot clock.
  std::int64_t wall_minus_boot_us = 0;
  /// "job/item" of everything that has to run.
  std::map<job_id, std::vector<item_id>> jobs;
  /// Causes and healings: what may stop an item, or let it run again.
  std::vector<std::int64_t> edges;
  std::int64_t begin = 0;
  /// When the cluster was whole and calm again; nothing later is looked at.
  std::int64_t end = 0;
};

/// Hands the story to the judge of the simulator, event by event in the order of time, and returns what it has to say:
/// I1, I2, I6 and I7 all along, I3, I8 and I9 at the end. Also complains of every item that is silent for longer than
/// `limit_us` after the latest cause or healing. Empty when all is well.
std::vector<std::string> judge_story(const cluster_story& story, std::int64_t limit_us);

/// Every time between two starts of an item that is longer than `limit_us`: "job/item: from to", in ms since `begin`.
std::string silences(const cluster_story& story, std::int64_t limit_us);

/// The longest time between two starts of an item, from `begin` to `end`.
std::int64_t longest_silence(const cluster_story& story);

} // namespace djm::test
