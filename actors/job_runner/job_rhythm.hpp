#pragma once

#include <cstdint>
#include <optional>

#include "actors/job_runner/lane_table.hpp"

namespace djm {

/// When the lanes of a job are due.
class job_rhythm {
public:
  job_rhythm(const item_table& items, const runner_config& cfg) : items_(items), cfg_(cfg) {}

  /// Items have come. The rhythm begins with the first that ever do.
  void items_came(step s);
  bool began() const { return eligible_.has_value(); }
  /// The schedule in the settings is a new one.
  void count_anew();

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
  void follow(lane_table& lanes, step s);

  /// Starts of a rate that were left out.
  std::uint64_t skipped() const { return skipped_; }
  std::uint64_t looks() const { return doubts_.looks(); }

private:
  bool counts_by_wall(const lane& l, const held_item& it, duration wall) const;
  void judge(lane_table& lanes, lane_no no, step s);
  void aim(lane_course& l, duration beat, step s) const;
  static void hold_back(lane_course& l, step s);
  duration phase(item_no own) const;
  time_point next_after(time_point due, time_point now) const;

  const item_table& items_;
  const runner_config& cfg_;
  std::optional<time_point> eligible_; ///< when the first item came
  std::optional<time_point> origin_;   ///< the rhythm of fixed rate starts here
  std::optional<time_point> last_start_;
  std::optional<duration> wall_offset_; ///< from our clock to the wall's, as the due times assume it
  duration wall_ = duration::zero();    ///< the wall's clock at the latest look
  moment_queue doubts_;                 ///< lanes by the time of the wall's clock at which they are to be judged again
  std::uint64_t skipped_ = 0;
};

} // namespace djm
