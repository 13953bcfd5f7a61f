#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/job_runner/lane_table.hpp"
#include "djm/runner_status.hpp"

namespace djm {

/// How a run ended, for those of its items that this node still holds.
struct turn_end {
  run_outcome outcome = run_outcome::finished;
  run_purpose purpose;
  std::vector<item_no> items;
  /// It had one item.
  bool alone = false;
  /// Items that failed by name, and those of them for which another attempt is of no use.
  std::vector<item_id> named, for_good;
  std::string what;
  /// Where it is `postponed`.
  duration pause = duration::zero();
};

/// What becomes of failures: which items are tried again and when, which are parked, and whether the job is paused. A
/// turn is a slot, a start of a rate, or a trigger, with all its attempts.
class turn_book {
public:
  turn_book(item_table& items, lane_table& lanes, const runner_config& cfg) : items_(items), lanes_(lanes), cfg_(cfg) {}

  /// Items that are parked from now on have left their lanes, and are returned.
  std::vector<item_no> note(const turn_end& t, step s, runner_effects::all& out);
  /// Sees to an attempt that is due or that something else takes the place of. True: the lane is another one now.
  bool check_retry(lane_no no, step s, std::vector<item_no>& parked, runner_effects::all& out);
  /// The turn of this item goes on with another attempt, whatever has become of the one before.
  void go_on_with(item_no no, const run_purpose& next, duration pause, step s);
  /// So many turns of the item in a row have failed before it came here.
  void know_failures(item_no no, std::uint32_t turns);
  /// The item is parked, and has been before it came here.
  void park(item_no no, std::string what, step s);
  // -- suspects: what was in a run when a process died --

  /// A process has died in a run of this item, and perhaps because of it. Of such items one runs at a time, until a run
  /// of theirs ends: those that only ran beside the one that kills must not be parked with it.
  void suspect(item_no no) { items_[no].suspect = true; }
  /// A run of the item begins.
  void begin_trial(item_no no) { on_trial_ = items_[no].suspect ? no : on_trial_; }
  /// True: the lane waits, because the run of another suspect goes on.
  bool set_aside(lane_no no);
  /// Lets those go on that have waited for a run that has ended.
  void look_at_trial();

  /// The attempt of the lane begins.
  run_purpose begin_retry(lane& l);
  /// The item is gone.
  void forget(item_no no, runner_effects::all& out);
  /// False: it is not parked.
  bool release(item_no no, runner_effects::all& out);
  /// False: the job is not paused.
  bool resume(runner_effects::all& out);

  /// Items of which so many turns have failed that this node is to refuse them: each once, still in their lanes. One
  /// that something is still done with comes when that is over, and is among `to_decline` until then.
  std::vector<item_no> take_declined();
  const std::vector<item_no>& to_decline() const { return declined_; }
  /// What the latest run that failed has said.
  const std::string& what_failed() const { return what_; }

  bool paused() const { return paused_; }
  std::uint64_t retried() const { return retried_; }
  void show(runner_status& st, time_point now) const;

private:
  struct evidence {
    std::string what;
    time_point since;
  };

  void plan(lane_no no, const std::vector<item_no>& items, const run_purpose& next, duration pause, step s);
  void plan_retries(const turn_end& t, const std::vector<item_no>& again, step s, runner_effects::all& out);
  std::vector<item_no> fail(const std::vector<item_no>& items, step s, runner_effects::all& out);
  item_id own_name(lane_no no) const;

  item_table& items_;
  lane_table& lanes_;
  const runner_config& cfg_;
  std::map<item_no, evidence> parked_;
  std::vector<item_no> declined_;
  item_no on_trial_ = no_item; ///< the suspect that runs
  std::vector<lane_no> aside_; ///< lanes that wait for the end of that run
  std::string what_;           ///< the latest run that failed said
  std::uint64_t failed_in_a_row_ = 0;
  std::uint64_t retried_ = 0;
  bool paused_ = false;
  bool trouble_ = false; ///< some run has not simply finished so far
};

} // namespace djm
