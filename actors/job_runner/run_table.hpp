#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/job_runner/item_table.hpp"
#include "actors/job_runner/runner_effects.hpp"
#include "actors/job_runner/runner_lease.hpp"
#include "djm/runner_status.hpp"

namespace djm {

/// A run under way.
struct active_run {
  std::vector<item_no> items; ///< as it got them; those that say of themselves that they are in it still are
  std::vector<item_no> owes;  ///< items that were revoked during it, unsorted, some twice, some granted again
  std::uint32_t kept = 0;     ///< granted items that it holds
  std::uint32_t owed = 0;     ///< items that it holds and that are not granted
  time_point started;
  duration late = duration::zero(); ///< from when it was due until it was started
  bool extra = false;               ///< triggered beside the rhythm
  duration hold = duration::zero(); ///< how long new items leave it alone
  bool stopping = false;
  bool pressed = false; ///< asked to stop unless it releases what was revoked
  std::optional<time_point> press_at;
  time_point grace_ends{};
  bool overrun_reported = false;
  bool deadline_reported = false;
  std::optional<time_point> alarm; ///< its place in `run_table::alarms_`
  run_purpose purpose;
  fencing_token token = 0;             ///< of the first of its items
  std::int64_t started_ms = 0;         ///< by the wall's clock
  stop_reason why = stop_reason::none; ///< it is asked to stop
  bool silent = false;                 ///< it has timed out because it did not say that it is alive
  bool preparation = false;            ///< it has the hidden item
  std::optional<time_point> look_at;   ///< when to see whether it takes too long
};

/// The runs under way: which items they hold, who is asked to stop and when, and who does not obey.
class run_table {
public:
  run_table(item_table& items, const runner_config& cfg, const runner_lease& lease)
    : items_(items), cfg_(cfg), lease_(lease) {}

  /// Begins a run with `items`, which know that they are in it.
  void add(run_id id, active_run r);
  /// Null: there is none.
  active_run* find(run_id id);
  /// It is over.
  active_run take(run_id id);
  /// The run of this item is to know that it is granted again, or no more.
  void regained(item_no no);
  void lost(item_no no);
  /// The run has given up this item, which was in it.
  void let_go(active_run& r, const held_item& it);
  /// What was revoked is released; it may go on.
  void check_debts(run_id id, active_run& r);

  /// These items are revoked from it.
  void revoke_from(run_id id, stop_reason reason, std::vector<item_id> gone, step s, runner_effects::all& out);
  /// New items have come: runs that are not left alone are asked to stop.
  void restart(step s, runner_effects::all& out);
  bool restart_wanted() const { return restart_wanted_; }
  /// How long the next run that new items begin is left alone.
  duration hold() const { return hold_; }
  /// A run has begun that takes all new items.
  void restarted() { restart_wanted_ = false; }
  void stop_all(stop_reason reason, step s, runner_effects::all& out);
  /// This run alone. False: it is not there.
  bool stop_one(run_id id, stop_reason reason, step s, runner_effects::all& out);
  /// Those in which an item of the lane is.
  void stop_lane(lane_no lane, stop_reason reason, step s, runner_effects::all& out);
  /// A run began at this moment, or waits for a thread, and was alive at that one: whether it takes too long.
  void looked(run_id id, bool started, time_point began, time_point beat, step s, runner_effects::all& out);
  /// Told once for each lease that ends while anything runs.
  void note_lease_end(step s, runner_effects::all& out);
  /// Sees to all that is due.
  void check(step s, runner_effects::all& out);
  std::optional<time_point> wake_at() const;

  bool empty() const { return runs_.empty(); }
  std::size_t size() const { return runs_.size(); }
  std::uint64_t overruns() const { return overruns_; }
  std::uint64_t timed_out() const { return timed_out_; }
  void show(runner_status& st, time_point now) const;
  /// How many runs were looked at so far.
  std::uint64_t looks() const { return looks_; }

private:
  using moments = std::set<std::pair<time_point, run_id>>;

  std::vector<run_id> all_ids() const;
  std::vector<item_id> held_by(run_id id, const active_run& r) const;
  /// Whether the run holds an item that is not granted.
  bool owes(run_id id, item_no no) const { return items_[no].run == id && !items_[no].granted; }
  void compact(run_id id, active_run& r) const;
  void ask_stop(run_id id, active_run& r, stop_reason reason, std::vector<item_id> revoked, step s,
                runner_effects::all& out);
  void press(run_id id, active_run& r, step s, runner_effects::all& out);
  void check_run(run_id id, active_run& r, step s, runner_effects::all& out);
  void report_overrun(run_id id, active_run& r, bool past_deadline, runner_effects::all& out);
  void set_alarm(run_id id, active_run& r);
  /// How long a run may go on before somebody has to look; nothing: for ever.
  std::optional<duration> patience() const;

  item_table& items_;
  const runner_config& cfg_;
  const runner_lease& lease_;
  std::unordered_map<run_id, active_run> runs_;
  moments alarms_;           ///< of runs that are asked for something: when they have to have done it
  moments holds_;            ///< where new items restart runs: until when those that go on are left alone
  std::size_t going_on_ = 0; ///< runs that are not asked to stop
  std::size_t in_time_ = 0;  ///< runs of which it was not told that they are beyond the deadline
  duration hold_ = duration::zero();
  bool restart_wanted_ = false; ///< new items wait for a run that is left alone
  bool lease_end_told_ = false;
  std::uint64_t overruns_ = 0;
  std::uint64_t timed_out_ = 0;
  mutable std::uint64_t looks_ = 0;
};

} // namespace djm
