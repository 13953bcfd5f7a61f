#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "djm/events.hpp"
#include "djm/timetable.hpp"

namespace djm::sim {

/// Whether the slots of calendars are kept, from what the nodes tell of themselves. Without a memory in the store that
/// is promised for one turn of an item on one node, from its grant to its release:
///
/// - S1: slots only grow, and none before the grant comes;
/// - S2: one start per slot and attempt, and attempts count up;
/// - S4: where each item has runs of its own, every slot has a run or is told of, once: none is missing in between.
///
/// Nothing is promised across a wall clock that was set back by a day or more.
class slot_book {
public:
  using host = std::uint32_t;
  /// Which promise, and what broke it.
  using complaint = std::function<void(const char* invariant, std::string)>;

  /// Slots of this job; `own`: each item has runs of its own. From now on runs of another schedule mean nothing.
  void expect(const job_id& job, const timetable& table, bool own) {
    jobs_.erase(job);
    jobs_.emplace(job, rule{table, own});
  }
  /// `wall_ms`: what the clock of the host shows.
  void told(host h, const event& what, std::int64_t wall_ms, const complaint& say);
  /// The wall clock of the host shows this from now on.
  void clock_set(host h, std::int64_t wall_ms);
  void gone(host h);
  std::uint64_t starts() const { return starts_; }
  std::uint64_t skips() const { return skips_; }

private:
  struct rule {
    timetable table;
    bool own = false;
  };
  using key = std::tuple<host, job_id, item_id>;
  /// One turn of an item.
  struct turn {
    std::int64_t granted_ms = 0;
    std::optional<std::int64_t> last{}; ///< the latest slot that had a run or was told of
    std::optional<std::int64_t> started{};
    std::uint32_t attempt = 0; ///< of the slot that was started last
    bool loose = false;        ///< slots may begin anew
    bool clock_moved = false;  ///< since the grant
  };

  void started(const key& k, std::int64_t slot, std::uint32_t attempt, const rule& r, const complaint& say);
  void skipped(const key& k, const slots_skipped& x, const rule& r, const complaint& say);
  static bool is_missing(const rule& r, const turn& t, std::int64_t last, std::int64_t slot);
  static std::optional<std::int64_t> next(const rule& r, std::int64_t slot);
  static std::string name_of(const key& k);

  std::map<job_id, rule> jobs_;
  std::map<key, turn> turns_;
  std::uint64_t starts_ = 0;
  std::uint64_t skips_ = 0;
};

} // namespace djm::sim
