#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "djm/time.hpp"

namespace djm::sim {

/// What is going to happen in the world, in the order of time and, at the same time, of being announced.
class event_queue {
public:
  /// Never 0.
  using id = std::uint64_t;

  id at(time_point when, std::function<void()> f);
  /// Unknown ids are ignored.
  void cancel(id which);
  /// When the next event is due.
  std::optional<time_point> next();
  /// Takes the next event out; empty when there is none.
  std::function<void()> pop();

private:
  struct entry {
    time_point when;
    std::uint64_t sequence;
    std::uint32_t slot;
  };
  struct slot {
    std::uint64_t sequence = 0;
    std::function<void()> f;
  };
  static bool later(const entry& a, const entry& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
  void drop_cancelled();
  void free(std::uint32_t slot);

  static constexpr unsigned slot_bits = 24;
  std::vector<entry> heap_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t last_ = 0;
};

} // namespace djm::sim
