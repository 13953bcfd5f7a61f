#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/common/core.hpp"
#include "actors/common/open_problems.hpp"
#include "djm/job_spec.hpp"
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
/// A run starts only while the lease is in force (`now < run_until`), with items that are granted, not revoked and in
/// no other run. Safety (I1, I7) rests on these three conditions, checked in one place: `start_lane`.
class job_runner_core {
public:
  struct start_run {
    run_id id;
    std::vector<work_item> items;
  };
  /// These items of the run are taken away; it may go on with the others.
  struct tell_run {
    run_id id;
    std::vector<item_id> revoked;
  };
  struct stop_run {
    run_id id;
    stop_reason reason;
    std::vector<item_id> revoked;
  };
  /// What the executor says of a run that is over.
  struct run_end {
    bool failed = false;
    std::string failure;
    /// Its code was not called.
    bool dropped = false;
    duration waited = duration::zero(), took = duration::zero();
    /// Items that failed by name; where there are none, all of a failed run did.
    std::vector<item_id> items;
  };
  /// No run holds these items any more and they are not granted; the worker may unlock them.
  struct released {
    std::vector<item_id> items;
  };
  /// Ask the running strategy; answered by `on_cut`.
  struct cut_share {
    std::uint64_t request;
    std::vector<item_id> share;
  };
  /// Ask the pool function; answered by `on_pool`.
  struct call_pool {
    std::uint64_t request;
  };
  /// The pool as computed now: valid names, sorted, each once.
  struct pool_ready {
    std::vector<item_id> items;
  };
  using effect =
    std::variant<start_run, tell_run, stop_run, released, cut_share, call_pool, pool_ready, emit_effect, log_effect>;
  using effects = std::vector<effect>;

  struct settings {
    job_spec spec;
    /// The node's grace, used where the job names none.
    duration stop_grace = duration::zero();
    /// Between attempts to get a first answer from the pool function.
    duration backoff_min = std::chrono::milliseconds{100};
    duration backoff_max = std::chrono::seconds{5};
    /// High bits of this runner's run ids.
    std::uint64_t run_base = 0;
  };

  explicit job_runner_core(settings s);

  /// Starts the pool checks.
  effects on_start(step s);
  /// A rebuilt runner takes over what the executor still runs: these items are busy until `on_run_done`.
  effects on_adopted(const std::vector<run_id>& runs, const std::vector<std::vector<work_item>>& items, step s);
  effects on_granted(const std::vector<work_item>& items, step s);
  /// Unknown items are released at once, so that the worker never waits for an answer.
  effects on_revoked(const std::vector<item_id>& items, stop_reason reason, step s);
  /// The worker was rebuilt: what the one before granted is void until this one grants it.
  effects on_worker_rebuilt(step s);
  /// Runs may start before `run_until`, are asked to stop at it, and are overruns after `deadline`.
  effects on_lease(time_point run_until, time_point deadline, step s);
  /// `named`: items that failed; where there are none, all of a failed run did.
  effects on_run_done(run_id id, const std::string& failure, bool failed, step s,
                      const std::vector<item_id>& named = {}) {
    return on_run_done(id, run_end{failed, failure, {}, {}, {}, named}, s);
  }
  effects on_run_done(run_id id, const run_end& end, step s);
  /// The run goes on and does not touch these items any more.
  effects on_run_released(run_id id, const std::vector<item_id>& items, step s);
  effects on_cut(std::uint64_t request, const expected<std::vector<std::vector<item_id>>>& cut, step s);
  effects on_pool(std::uint64_t request, const expected<std::vector<item_id>>& pool, step s);
  /// Each lane runs once more, now or after its run; before there has been any item, with the first ones.
  effects on_trigger(step s);
  /// How many runs a trigger just now has led to, or will.
  std::uint64_t runs_to_come() const;
  /// A schedule that is set already changes nothing; another one counts from the last start (a rate) or the last end (a
  /// delay), its initial delay from when the items came. `errc::invalid_schedule` changes nothing.
  expected<effects> on_schedule(const schedule& next, step s);
  /// Ask every run to stop and start no more.
  effects on_stop(stop_reason reason, step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const;
  /// Zero where the node's counts.
  duration own_grace() const { return cfg_.spec.stop_grace; }
  bool idle() const { return runs_.empty(); }
  runner_status status(time_point now) const;

private:
  struct item {
    fencing_token token = 0;
    run_id run = 0;
    bool granted = false;
    bool fresh = true;   ///< has not been in a run since it was granted
    bool failed = false; ///< the latest run that it was in failed, because of it or as a whole
    bool starved = false;
    time_point since{};                   ///< when it was granted
    duration since_wall{};                ///< the same by the wall's clock
    std::optional<time_point> starves_at; ///< its place in `waiting_`
  };
  struct lane {
    std::set<item_id> items;
    std::optional<time_point> due;
    bool triggered = false;               ///< by a user: one more run, which leaves the rhythm alone
    bool again = false;                   ///< new items ask for a run before its time; the rhythm goes on from that one
    time_point since{};                   ///< when its first item came
    std::optional<time_point> last_start; ///< of the latest run that belonged to the rhythm
    std::optional<time_point> last_end;
    std::optional<duration> beat; ///< `due` is this moment of the grid, in time since the Unix epoch
    std::size_t turn = 0;         ///< runs that failed or were interrupted since one was not
  };
  struct run {
    std::vector<work_item> items;
    time_point started;
    bool extra = false;               ///< triggered beside the rhythm
    duration hold = duration::zero(); ///< how long new items leave it alone
    bool stopping = false;
    bool pressed = false; ///< asked to stop unless it releases what was revoked
    std::optional<time_point> press_at;
    time_point grace_ends{};
    bool overrun_reported = false;
    bool deadline_reported = false;
  };

  duration grace() const;
  void recut(step s, effects& out);
  void set_lanes(std::vector<std::set<item_id>> cuts, step s);
  // the function that cuts the share
  std::vector<std::set<item_id>> checked_cut(const expected<std::vector<std::vector<item_id>>>& cut,
                                             std::string& complaint) const;
  std::vector<std::set<item_id>> in_one_piece() const;
  void report_cut(errc code, const std::string& complaint, step s, effects& out);
  void adopt_cut(std::vector<std::set<item_id>> parts, step s);
  void check_cut(step s, effects& out);
  void start_due(step s, effects& out);
  void start_lane(lane& l, step s, effects& out);
  void order_items(const lane& l, std::vector<work_item>& items) const;
  void revoke_from(run_id id, run& r, stop_reason reason, std::vector<item_id> gone, step s, effects& out);
  bool keeps_items(run_id id, const run& r) const;
  void press(run_id id, run& r, step s, effects& out);
  void restart_runs(step s, effects& out);
  void ask_stop(run_id id, run& r, stop_reason reason, std::vector<item_id> revoked, step s, effects& out);
  void check_runs(step s, effects& out);
  void note_lease_end(step s, effects& out);
  void check_pool(step s, effects& out);
  void ask_pool_later(step s);
  // what a run has come to
  void give_back(std::vector<item_id> items, effects& out) const;
  void note_failures(const run& r, bool failed, const std::vector<item_id>& named, step s);
  void note_end(const run& r, bool broken, const std::set<item_id>& done, step s);
  // rhythm
  void set_first_due(lane& l, step s) const;
  void set_due_from_now_on(lane& l, step s) const;
  void advance(lane& l, step s);
  void aim(lane& l, duration beat, step s) const;
  duration phase(const lane& l) const;
  void follow_wall_clock(step s);
  bool takes_part(const lane& l, const item& it, step s) const;
  void skip_missed(lane& l, step s);
  time_point next_after(time_point due, time_point now) const;
  // items that wait
  bool may_starve() const;
  void begin_wait(const item_id& id, item& it, step s);
  void end_wait(const item_id& id, item& it, std::vector<item_id>& fed);
  void wait_anew(step s, effects& out);
  void check_waiting(step s, effects& out);
  void tell_fed(std::vector<item_id> fed, effects& out) const;
  void forget(std::map<item_id, item>::iterator i, std::vector<item_id>& fed);
  bool lane_busy(const lane& l) const;
  /// Whether a run of it could begin beside what is under way.
  bool lane_free(const lane& l) const;
  /// A run is under way and there are items that have been in none yet.
  bool has_fresh(const lane& l) const;

  settings cfg_;
  std::map<item_id, item> items_;
  std::vector<lane> lanes_;
  std::map<run_id, run> runs_;
  std::uint64_t next_run_ = 1;
  std::uint64_t next_request_ = 1;
  std::uint64_t cut_request_ = 0;          ///< the latest; answers to older ones are ignored
  std::optional<time_point> cut_again_at_; ///< the share runs in one piece because the latest cut was of no use
  backoff cut_backoff_;
  std::uint64_t cut_called_ = 0;           ///< the latest of the calls that have not come back
  std::optional<time_point> cut_hangs_at_; ///< when the one under way takes too long
  bool cut_hangs_ = false;
  bool triggered_ahead_ = false;       ///< meant for lanes that are still to come
  std::optional<time_point> eligible_; ///< when the first item came
  std::optional<time_point> origin_;   ///< the rhythm of fixed rate starts here
  std::optional<time_point> last_start_;
  std::optional<duration> wall_offset_; ///< from our clock to the wall's, as the due times assume it
  /// Granted items that are in no run, by the moment from which on that is too long: so that no event looks at all.
  std::set<std::pair<time_point, item_id>> waiting_;
  time_point run_until_{};
  time_point deadline_{};
  duration hold_ = duration::zero(); ///< of the next run that new items begin
  bool restart_wanted_ = false;      ///< new items wait for a run that is left alone
  bool leased_ = false;
  bool lease_end_told_ = false;
  bool lease_over_ = false; ///< as the latest event saw it: nothing to wake up for until it is renewed
  bool stopping_ = false;
  // pool checks
  std::uint64_t pool_request_ = 0;
  bool pool_known_ = false; ///< the pool function has answered once
  backoff pool_backoff_;
  std::optional<time_point> pool_due_;
  std::optional<time_point> pool_hangs_at_;
  // for people
  runner_counters counters_;
  std::string last_failure_;
  time_point failed_at_{};
  std::uint64_t failures_in_a_row_ = 0;
  std::uint64_t failing_items_ = 0;
  bool cut_failed_ = false;
  std::string pool_failure_;
  open_problems problems_{"job_runner"};
};

} // namespace djm
