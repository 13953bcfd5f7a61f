#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/job_runner/lane_table.hpp"
#include "actors/job_runner/slot_clock.hpp"

namespace djm {

/// When the lanes of a job are due.
class job_rhythm {
public:
  job_rhythm(const item_table& items, const runner_config& cfg) : items_(items), cfg_(cfg) {}

  /// Items have come. The rhythm begins with the first that ever do. Where a run takes more than one item, and more of
  /// them are to come soon, the first run of a lane waits for them: one that never ends would be without them for ever.
  void items_came(lane_table& lanes, bool more_to_come, step s);
  /// A lane that has waited for the rest of its share, which is here, does so no longer.
  void share_is_here(lane_course& l, step s) const;
  bool began() const { return eligible_.has_value(); }
  /// The schedule in the settings is a new one.
  void count_anew();

  /// Slots are remembered: what came while nobody held the item is caught up on as well.
  /// Nothing up to `since_ms` starts, unless that is further in the future than a clock may be wrong.
  void remember(bool on, std::int64_t since_ms) {
    remembers_ = on;
    since_ms_ = since_ms;
  }
  /// The lane goes on after the slot that it was started for or that was left out last.
  void aim_after_last(lane_course& l, item_no own, step s) const;
  /// For a lane that is new.
  void set_first_due(lane_course& l, item_no own, step s) const;
  /// For a lane that is there when the schedule changes.
  void set_due_from_now_on(lane& l, step s) const;
  /// Nothing could start for a while, and what came due meanwhile is not made up for.
  void skip_missed(lane& l, step s);
  /// A run of the rhythm has started.
  void advance(lane& l, step s);
  /// Whether the item has a part in a run of the lane that starts now.
  bool takes_part(const lane& l, const held_item& it, step s) const;
  /// Follows the wall clock, and skips the moments that are missed.
  void follow(lane_table& lanes, step s, runner_effects::all& out);
  /// Which of the slots that have come the lane starts for, now that it can. True: for none, it is not due any more.
  bool choose_slot(lane_table& lanes, lane_no no, step s, runner_effects::all& out);
  /// What a run of the rhythm that starts now is for.
  run_purpose purpose(const lane& l) const;
  /// What was remembered of the lane's item counts for nothing: nobody knows which of the slots up to now have started.
  void tell_unknown(const lane& l, std::int64_t since_ms, step s, runner_effects::all& out);
  /// The next slot has come before this one, whose runs were not to go on, could start again.
  void tell_superseded(const lane& l, std::int64_t slot_ms, runner_effects::all& out);
  /// The job goes on after a pause: what has come meanwhile is left out.
  void skip_pause(lane_table& lanes, step s, runner_effects::all& out);
  /// Lanes whose runs have to give way to the next slot, each told once.
  std::vector<lane_no> take_superseded();
  /// When it has to look at a lane whose run goes on.
  std::optional<time_point> wake_at(const lane_table& lanes) const;

  /// Starts of a rate and slots of a calendar that were left out.
  std::uint64_t skipped() const { return skipped_; }
  std::uint64_t looks() const { return doubts_.looks(); }

private:
  bool counts_by_wall(const lane& l, const held_item& it, duration wall) const;
  void judge(lane_table& lanes, lane_no no, step s, runner_effects::all& out);
  void aim(lane_course& l, duration beat, step s) const;
  static void hold_back(lane_course& l, step s);
  void aim_at(lane_course& l, std::optional<slot_moment> m, step s) const;
  void set_first_slot(lane_course& l, item_no own, step s) const;
  void judge_slots(lane_table& lanes, lane_no no, step s, runner_effects::all& out);
  void follow_slots(lane_table& lanes, step s);
  void skip(const lane& l, wall_time first, wall_time last, skip_reason why, runner_effects::all& out);
  wall_time leave_window(lane_table& lanes, lane_no no, wall_time latest, step s, runner_effects::all& out);
  void leave_out(lane_table& lanes, lane_no no, wall_time latest, skip_reason why, step s, runner_effects::all& out);
  void pass_slot(lane_table& lanes, lane_no no, duration held_since, step s);
  slot_moment earliest_to_catch_up(const lane& l, wall_time first, slot_moment latest) const;
  skip_reason why_missed(const lane& l, step s) const;
  bool by_calendar() const { return cfg_.spec.schedule.kind == schedule_kind::calendar; }
  slot_clock slots(item_no own) const;
  duration phase(item_no own) const;
  time_point next_after(time_point due, time_point now) const;

  const item_table& items_;
  const runner_config& cfg_;
  std::optional<time_point> eligible_;      ///< when the first item came
  std::optional<time_point> origin_;        ///< the rhythm of fixed rate starts here
  bool gathers_ = false;                    ///< first runs wait for the rest of the share
  std::optional<time_point> gathers_until_; ///< so long at most; the latest time they did
  std::optional<time_point> last_start_;
  std::optional<duration> wall_offset_; ///< from our clock to the wall's, as the due times assume it
  duration wall_ = duration::zero();    ///< the wall's clock at the latest look
  moment_queue doubts_;                 ///< lanes by the time of the wall's clock at which they are to be judged again
  std::uint64_t skipped_ = 0;
  std::vector<lane_no> superseded_;
  bool remembers_ = false;
  std::int64_t since_ms_ = 0;
  duration jumped_from_ = duration::zero(); ///< over what the wall clock was set forward the last time
  duration jumped_to_ = duration::zero();
};

} // namespace djm
