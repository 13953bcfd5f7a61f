#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "djm/history.hpp"

namespace djm {

/// What a node remembers of its runs: of each item the last ones, and apart from these the last that failed, in bounded
/// memory. Pure; not thread-safe.
class history_ring {
public:
  struct limits {
    std::size_t bytes = 8u << 20;
    std::size_t of_item = 10;
    std::size_t failures = 1000;
  };

  explicit history_ring(limits l) : limits_(l) {}

  void add(past_run run);
  /// The latest first. The limit of the question has to be in its range.
  run_history find(const get_history& which) const;
  std::size_t bytes() const { return bytes_; }

private:
  using number = std::uint64_t;
  struct entry {
    past_run run;
    std::size_t bytes = 0;
    std::size_t held_by = 0; ///< lists in which it is
  };
  using list = std::deque<number>;
  using lists = std::map<std::pair<job_id, item_id>, list>;

  void drop_first(list& from);
  void forget_oldest();

  limits limits_;
  number last_ = 0;
  std::map<number, entry> runs_;
  lists of_item_;
  list failures_;
  std::size_t bytes_ = 0;
  std::uint64_t forgotten_ = 0;
};

} // namespace djm
