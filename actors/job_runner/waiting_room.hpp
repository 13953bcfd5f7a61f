#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/job_runner/lane_table.hpp"
#include "actors/job_runner/moment_queue.hpp"
#include "actors/job_runner/runner_effects.hpp"

namespace djm {

/// The granted items that are in no run, by the moment from which on that is too long: so that no event looks at all.
class waiting_room {
public:
  waiting_room(item_table& items, const lane_table& lanes, const runner_config& cfg)
    : items_(items), lanes_(lanes), cfg_(cfg) {}

  /// The item waits from now on, if it does at all.
  void enter(item_no no, step s);
  /// It is in a run, or gone. Where it starved its name is appended to `fed`.
  void leave(item_no no, std::vector<item_id>& fed);
  /// The time that is too long counts anew: nothing could start, or the schedule is another one.
  void count_anew(step s, runner_effects::all& out);
  /// Tells of those that have waited for too long. Without a lane waits only who a cut that is open may give one.
  void check(bool cut_open, step s, runner_effects::all& out);
  /// Nothing starts any more: nobody waits.
  void close();

  void tell_fed(std::vector<item_id> fed, runner_effects::all& out) const;
  /// When the next item has waited for too long.
  std::optional<time_point> first() const;
  /// The same of one item.
  std::optional<time_point> starves_at(item_no no) const;
  std::uint64_t starved() const { return starved_; }
  std::uint64_t looks() const { return queue_.looks(); }

private:
  bool may_starve() const;
  bool by_calendar() const { return cfg_.spec.schedule.kind == schedule_kind::calendar; }
  /// Until when it need not have been in a run; nothing where that is over.
  std::optional<time_point> not_before(const held_item& it, step s) const;

  item_table& items_;
  const lane_table& lanes_;
  const runner_config& cfg_;
  moment_queue queue_;
  bool closed_ = false;
  std::uint64_t starved_ = 0;
};

} // namespace djm
