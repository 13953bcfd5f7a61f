#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

#include "djm/events.hpp"
#include "djm/ids.hpp"

namespace djm::bench {

/// What each node of this process has locked, by the events that it tells: who waits for that need not ask the nodes,
/// which would cost more than what is measured. Thread-safe.
class ledger {
public:
  void note(const node_event& e);

  /// Until each of `nodes` has locked what one of `members` gets of so many items when they are shared out evenly; ends
  /// the program when that takes longer than `limit`.
  void wait_for_shares(const std::vector<node_id>& nodes, std::size_t items, std::size_t members,
                       std::chrono::seconds limit = std::chrono::seconds{600});

private:
  bool even(const std::vector<node_id>& nodes, std::size_t items, std::size_t members) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<node_id, std::size_t> held_;
};

} // namespace djm::bench
