#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/job_runner/config_asker.hpp"
#include "actors/job_runner/cut_asker.hpp"
#include "actors/job_runner/failure_book.hpp"
#include "actors/job_runner/job_rhythm.hpp"
#include "actors/job_runner/lane_table.hpp"
#include "actors/job_runner/pool_asker.hpp"
#include "actors/job_runner/preparation.hpp"
#include "actors/job_runner/question_table.hpp"
#include "actors/job_runner/run_table.hpp"
#include "actors/job_runner/runner_effects.hpp"
#include "actors/job_runner/runner_lease.hpp"
#include "actors/job_runner/slot_memory.hpp"
#include "actors/job_runner/turn_book.hpp"
#include "actors/job_runner/waiting_room.hpp"
#include "djm/job_record.hpp"
#include "djm/status.hpp"

namespace djm {

/// Decides when the runs of one job start and stop on one node.
///
/// The items this node holds (granted by the worker with their fencing tokens) are cut into *lanes*; each lane keeps
/// the job's schedule and starts at most one run at a time.
///
///   granted ──► idle ──start──► busy ──done──► idle ──revoked──► released
///                 │               │ revoked: told, asked to stop, released when the run is done or lets it go
///                 └──revoked──► released
///
/// A run that keeps other items is only told of those it loses, and asked for them when it has not released them after
/// a while; what has to be gone at once (a lost lock, a lease that ends) stops the run as a whole.
///
/// A question (`on_ask`) has its item as a run has, and beside one: what is revoked is released when neither is left.
///
/// A run starts only while the lease is in force (`now < run_until`), with items that are granted, not revoked and in
/// no other run. Safety (I1, I7) rests on these three conditions, checked in one place: `start_lane`.
///
/// This class is the order of the events: who is told of each, one after the other. What there is to know has a class
/// of its own each, and those look at nothing that an event does not change.
class job_runner_core {
public:
  using start_run = runner_effects::start_run;
  using tell_run = runner_effects::tell_run;
  using stop_run = runner_effects::stop_run;
  using released = runner_effects::released;
  using declined = runner_effects::declined;
  using cut_share = runner_effects::cut_share;
  using look_at_run = runner_effects::look_at_run;
  using remember_run = runner_effects::remember_run;
  using call_pool = runner_effects::call_pool;
  using ask_slot = runner_effects::ask_slot;
  using start_question = runner_effects::start_question;
  using conclude_question = runner_effects::conclude_question;
  using check_config = runner_effects::check_config;
  using take_config = runner_effects::take_config;
  using pool_ready = runner_effects::pool_ready;
  using prepared = runner_effects::prepared;
  using effect = runner_effects::one;
  using effects = runner_effects::all;
  using settings = runner_config;
  /// What the executor says of a run that is over.
  struct run_end {
    bool failed = false;
    std::string failure;
    /// Its code was not called.
    bool dropped = false;
    duration waited = duration::zero(), took = duration::zero();
    /// Items that failed by name; where there are none, all of a failed run did.
    std::vector<item_id> items;
    /// Those of them for which another attempt is of no use, and whether that holds for the run as a whole.
    std::vector<item_id> items_for_good = {};
    bool for_good = false;
    /// It is to be called again so long after this.
    std::optional<duration> again_in = {};
    run_progress progress = {};
  };
  /// What the executor says of a run that goes on.
  struct run_look {
    run_id id = 0;
    bool started = false;
    time_point began, beat;
  };

  explicit job_runner_core(settings s);
  job_runner_core(const job_runner_core&) = delete;
  job_runner_core& operator=(const job_runner_core&) = delete;

  /// Starts the pool checks.
  effects on_start(step s);
  /// A rebuilt runner takes over what the executor still runs: these items are busy until `on_run_done`.
  /// `purposes`: what each is for, in the same order; those that are not there are for nothing.
  effects on_adopted(const std::vector<run_id>& runs, const std::vector<std::vector<work_item>>& items, step s,
                     const std::vector<run_purpose>& purposes = {});
  /// The same for a question: the item is in use until `on_run_done`.
  effects on_adopted_question(run_id id, const work_item& item, step s);
  /// `more_to_come`: what follows soon is waited for, where runs take the share as a whole.
  effects on_items(const std::vector<work_item>& items, bool more_to_come, step s);
  effects on_granted(const std::vector<work_item>& items, step s) { return on_items(items, false, s); }
  /// Unknown items are released at once, so that the worker never waits for an answer.
  effects on_revoked(const std::vector<item_id>& items, stop_reason reason, step s);
  /// The worker was rebuilt: what the one before granted is void until this one grants it.
  effects on_worker_rebuilt(step s);
  /// Runs may start before `run_until`, are asked to stop at it, and are overruns after `deadline`.
  effects on_lease(time_point run_until, time_point deadline, step s);
  /// The same of a lease that was made longer before it ended, which the runner finds when it looks.
  effects on_lease_renewed(time_point run_until, time_point deadline, step s);
  /// At the latest event the lease was over: nothing happens before there is a longer one.
  bool lease_is_over() const { return lease_.leased() && !lease_.seen_in_force(); }
  /// Somebody asks the code about an item. `errc::not_owner`: it is not held here; `not_connected`: there is no lease;
  /// `invalid_state`, `backlog_full`, `shutting_down`. Otherwise the answer is told by `conclude_question`.
  expected<effects> on_ask(const item_id& item, duration timeout, step s);
  /// `named`: items that failed; where there are none, all of a failed run did.
  effects on_run_done(run_id id, const std::string& failure, bool failed, step s,
                      const std::vector<item_id>& named = {}) {
    return on_run_done(id, run_end{failed, failure, {}, {}, {}, named, {}, {}, {}, {}}, s);
  }
  /// Of a question as well.
  effects on_run_done(run_id id, const run_end& end, step s);
  /// The run goes on and does not touch these items any more. `refused`: why they are to go to another node.
  effects on_run_released(run_id id, const std::vector<item_id>& items, step s,
                          const std::optional<std::string>& refused = {});
  effects on_cut(std::uint64_t request, const expected<std::vector<std::vector<item_id>>>& cut, step s);
  effects on_pool(std::uint64_t request, const expected<std::vector<item_id>>& pool, step s);
  /// Each lane runs once more, now or after its run; before there has been any item, with the first ones.
  effects on_trigger(step s);
  /// How many runs a trigger just now has led to, or will.
  std::uint64_t runs_to_come() const;
  /// A schedule that is set already changes nothing; another one counts from the last start (a rate) or the last end (a
  /// delay), its initial delay from when the items came. `errc::invalid_schedule` changes nothing.
  /// `table`: that of its calendar.
  expected<effects> on_schedule(const schedule& next, step s, std::optional<timetable> table = {});
  /// What the record of the job says from now on. What goes on is not disturbed; nothing starts while the job is
  /// paused, or before its code has taken a configuration. `table`: that of the calendar; the error says why there is
  /// none, and then the schedule stays as it is.
  effects on_follow(const followed_job& f, step s,
                    expected<std::optional<timetable>> table = std::optional<timetable>{});
  effects on_config(std::uint64_t request, const expected<void>& verdict, step s);
  /// Items of the job have come or gone, here or elsewhere.
  effects on_pool_changed(step s);
  /// What the worker knows of slots, and of the store's time.
  effects on_slots_told(const std::vector<slot_answer>& answers, step s, const std::optional<store_time>& time = {});
  effects on_look(const std::vector<run_look>& runs, step s);
  /// `errc::invalid_state`: there is no such run; the item is not parked; the job is not paused.
  expected<effects> on_cancel(run_id id, step s);
  expected<effects> on_release_item(const item_id& item, step s);
  expected<effects> on_resume(step s);
  /// Ask every run to stop and start no more.
  effects on_stop(stop_reason reason, step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const;
  /// Zero where the node's counts.
  duration own_grace() const { return cfg_.spec.stop_grace; }
  job_priority priority() const { return cfg_.spec.attributes.priority; }
  bool idle() const { return runs_.empty() && questions_.empty() && memory_.size() == 0; }
  runner_status status(time_point now) const;
  /// How many items, lanes, runs and places in queues the events so far have looked at: what tests of the cost count.
  std::uint64_t looks() const;

private:
  // the share
  void take_in(const work_item& w, step s, std::vector<item_no>& taken);
  void recut(const std::vector<item_no>& taken, step s, effects& out);
  void ask_for_cut(step s, effects& out);
  void adopt_cut(const share_parts& parts, step s);
  void set_lanes(const share_parts& parts, step s);
  lane_course continued(const std::vector<item_no>& part, step s) const;
  lane_course first_course(item_no own, step s) const;
  void ask_for_fresh();
  // starts
  void start_due(step s, effects& out);
  bool may_start(step s) const;
  bool prepare(lane_no no, step s, effects& out);
  bool put_off(lane_no no, step s);
  bool start_lane(lane_no no, step s, effects& out);
  // the hidden item
  item_no preparing_item() const;
  bool may_prepare(step s) const;
  void start_preparation(step s, effects& out);
  void end_preparation(run_id id, const active_run& r, const run_end& end, run_outcome outcome, step s, effects& out);
  std::vector<item_no> items_to_start(const lane& l, bool due, bool retry, step s) const;
  bool full() const;
  effects take_lease(time_point run_until, time_point deadline, bool could_start, step s);
  // the memory of slots
  void ask_memory(item_no no, step s, effects& out);
  void ask_memory(step s, effects& out, bool only_by_clocks = false);
  void follow_memory(std::int64_t since_ms, step s, effects& out);
  void learn(item_no no, const slot_answer& a, step s, effects& out);
  void park(item_no no, const node_id& by, bool now, const store::slot_payload& record, step s, effects& out);
  void write_note(item_no no, const slot_note& note, effects& out);
  void claim(run_id id, active_run r, std::vector<work_item> handed, effects& out);
  void claim_answered(run_id id, item_no no, const slot_answer& a, step s, effects& out);
  void hold_lane(item_no no);
  void begin_claimed(run_id id, step s, effects& out);
  void forget_claims(step s, effects& out);
  bool goes_on(const active_run& r, const run_end& end, run_outcome outcome, run_purpose& next) const;
  void note_slot(item_no no, const active_run& r, const run_end& end, run_outcome outcome, bool stayed, step s,
                 effects& out);
  void hand_slot_on(item_no no, const active_run& r, effects& out);
  void tell_lost(item_no no, std::int64_t slot, effects& out);
  void note_answered(item_no no, const slot_answer& a, step s, effects& out);
  void note_release(item_no no, step s, effects& out);
  // ends
  effects on_answered(run_id id, const run_end& end, step s);
  void leave_run(item_no no, step s, std::vector<item_id>& free, std::vector<item_id>& fed);
  run_outcome outcome_of(const active_run& r, const run_end& end, step s) const;
  void tell_end(run_id id, const active_run& r, const run_end& end, run_outcome outcome, step s, effects& out);
  void remember(run_id id, const active_run& r, const run_end& end, run_outcome outcome, effects& out) const;
  void note_turn(const active_run& r, const run_end& end, run_outcome outcome, std::vector<item_no> stayed, step s,
                 effects& out);
  void leave_lanes(const std::vector<item_no>& parked, effects& out);
  void decline_failed(step s, effects& out);
  void note_end(const active_run& r, bool broken, std::vector<lane_no> lanes, step s);
  void wait_for_nothing(item_no no, std::vector<item_id>& fed);
  void forget(item_no no, std::vector<item_id>& fed);
  void give_back(std::vector<item_id> items, effects& out) const;
  void decline(const std::vector<item_no>& items, duration length, const std::string& why, step s, effects& out);

  settings cfg_;
  runner_lease lease_;
  item_table items_;
  lane_table lanes_{items_, cfg_};
  job_rhythm rhythm_{items_, cfg_};
  run_table runs_{items_, cfg_, lease_};
  question_table questions_{items_, cfg_, lease_};
  waiting_room waiting_{items_, lanes_, cfg_};
  failure_book failures_{items_};
  turn_book turns_{items_, lanes_, cfg_};
  slot_memory memory_{cfg_};
  cut_asker cut_;
  pool_asker pool_;
  preparation preparation_{cfg_};
  std::uint64_t last_run_ = 0;
  std::uint64_t last_request_ = 0;
  bool triggered_ahead_ = false; ///< meant for lanes that are still to come
  bool stopping_ = false;
  runner_times times_;
  std::optional<time_point> last_success_;
  void hold(bool held, step s, effects& out);

  config_asker config_{cfg_};
  bool paused_by_order_ = false;
  bool held_ = false; ///< that, or without a configuration that can be used
  std::int64_t rev_ = 0;
  open_problems calendar_{"job_runner"}; ///< what keeps this node from following it
  runner_counters counters_;             ///< of runs and triggers; the others are counted where they happen
};

} // namespace djm
