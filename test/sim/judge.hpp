#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "djm/events.hpp"
#include "simulation/process.hpp"
#include "simulation/tree_image.hpp"
#include "test/sim/command_rules.hpp"
#include "test/sim/debts.hpp"
#include "test/sim/memory_rules.hpp"
#include "test/sim/model_rules.hpp"
#include "test/sim/patience.hpp"
#include "test/sim/prepare_rules.hpp"
#include "test/sim/record_rules.hpp"
#include "test/sim/refusal_rules.hpp"
#include "test/sim/short_room.hpp"
#include "test/sim/slot_book.hpp"
#include "test/sim/state_rules.hpp"
#include "test/sim/stickiness.hpp"
#include "test/sim/turns.hpp"

namespace djm::sim {

/// A promise that was broken.
struct violation {
  /// "I1" ... "I10".
  std::string invariant;
  time_point at{};
  std::string text;
};

/// Watches everything that happens in a world and says which invariant of the protocol it breaks. Knows nothing of the
/// code under test: it has the committed history, what travelled on the wires, and the runs as the executors saw them.
///
/// - I1 when a run starts without its item's lock; when a lock goes while an effective run holds the item; when two
///   effective runs of an item overlap; when a lock is broken whose owner is alive or has not been gone for its D; when
///   an item has two owners; when a run starts while a command of its item lives, wherever (see command_rules.hpp).
/// - I2 when a holder starts a run with a token that is not above those of all other holders before.
/// - I4 when an item leaves an owner without a reason (see stickiness.hpp).
/// - I5 when anything changes in a window that was announced as quiet.
/// - I6 when an assignment, or a lock of somebody else, is changed by a session other than the lowest latch's.
/// - I7 when a node reports a run with an item after it has reported its revocation, without a new grant.
/// - I9 when a node overwrites, in a job's pool, the later wish of another one that lives and offers the job.
/// - I9 when the record of a job is changed by somebody who may not, or otherwise than it may (see record_rules.hpp).
/// - I5, I6 and I9 of what is noted down of the cluster as a whole (see model_rules.hpp).
/// - I10 when a part of a node dies of an exception: user code cannot do that, so it is a defect of ours; when a
///   component tries something in vain for longer than a minute without a problem.
/// - I3 when an item that its node holds does not get its turn, and nobody says so (see turns.hpp); when an item that a
///   healthy node offers is held by nobody for too long, and I8 when a lock of somebody who is gone stays (see
///   debts.hpp); when a node does not find out that the store has gone back.
/// - I2 when a saved state is written by a turn that is over, or is told otherwise than it is (see state_rules.hpp).
/// - P1 when an item runs before its job is prepared, or a preparation is done again (see prepare_rules.hpp).
/// - S1, S2 and S4 of slots, as far as they hold without a memory of slots in the store (see slot_book.hpp).
/// - I3 when somebody waits who would fit, beside somebody of lower priority, or a wish for capacity is told again (see
///   short_room.hpp).
/// - The rest of I3, and I8, I9 are looked at on demand, at quiescence.
class judge {
public:
  explicit judge(std::string root = "/djm")
    : root_(root),
      records_(root),
      preparations_(root),
      model_(root),
      states_(root),
      memory_(root),
      image_(std::move(root)) {}

  // -- what happens --

  void started(const process& p, duration detach, time_point now);
  void paused(const process& p, time_point now);
  void resumed(const process& p, time_point now);
  /// Its user has asked it to stop.
  void stops(const process& p) { turns_.stops(p.number()); }
  void died(const process& p);
  void run_began(const process& p, run_id run, const job_id& job, const std::vector<work_item>& items, bool stubborn,
                 time_point now, std::int64_t generation = 0, bool has_command = false);
  void stop_asked(const process& p, run_id run);
  /// The run declines the item, which it still has.
  void item_declined(const process& p, run_id run, const item_id& item, time_point now);
  /// The run goes on without the item.
  void item_released(const process& p, run_id run, const item_id& item, time_point now);
  void run_ended(const process& p, run_id run, time_point now);
  /// The last process of the command that the run had is dead; it may have outlived its node.
  void command_ended(const process& p, run_id run) { commands_.ended(p.number(), run); }
  /// A run loads or saves a state, under a number of its own, and hears what came of it.
  void state_asked(std::uint64_t number, const state_request& what);
  void state_told(const process& p, std::uint64_t number, const state_reply::answer& what, time_point now);
  void probe_answered(const process& p, store::session_id_t session, time_point sent, duration timeout);
  /// The node has asked for the end of its session, for itself or for a part of it that died.
  void closed(const process& p, time_point now);
  /// For processes that tell their deadline instead of their probes.
  void leased(const process& p, time_point until);
  void committed(const store::committed_transaction& txn, time_point now);
  void told(const process& p, const event& what, time_point now);
  /// A transaction of a component has come to its end; `what` is its kind.
  void tried(const process& p, const std::string& component, const std::string& what, bool committed, time_point now);
  /// The ensemble was put back to this: another history begins. What still runs belongs to the one that is gone, also
  /// what a process starts before it has joined the new one.
  void history_begins(const store::znode_tree& tree, store::zxid_t latest, time_point now);
  /// It has stopped as it should.
  void ended(const process& p) { hosts_[p.number()].ended = true; }
  /// The process goes on in a new life, under its new incarnation.
  void reborn(const process& p, time_point now);

  // -- what is to be expected --

  turns& of_turns() { return turns_; }
  slot_book& of_slots() { return slots_; }
  memory_rules& of_memory() { return memory_; }
  const state_rules& of_states() const { return states_; }
  short_room& of_room() { return room_; }
  const model_rules& of_model() const { return model_; }

  /// From now on no change is expected; or no more.
  void expect_quiet(bool quiet) { quiet_ = quiet; }
  /// No leader gets far enough to plan: changes of long ago may show in a plan of today.
  void expect_late_plans(bool late) { moves_.judges(!late); }
  /// Writes of this session are not the cluster's. From the deletion of an `alive` on, its node is given D, like one
  /// that leaves: what a frozen process does later is not covered.
  void foreign(store::session_id_t session) { foreign_.insert(session); }
  /// The store takes small transactions only: see `stickiness::plans_are_cut`.
  void plans_are_cut() { moves_.plans_are_cut(); }
  /// Nobody promises anything about the exclusion of this item any more: a stranger has meddled with its lock.
  void excuse(const std::string& key) {
    excused_.insert(key);
    debts_.excuse(key);
  }
  /// Where its items go is up to a user's code.
  void owes_no_place(const job_id& job) { debts_.leave_out(job); }
  /// Until it is taken back the leader is kept from a part of its work: see `debts`.
  void hinders(bool on) { hindrances_ += on ? 1 : -1; }

  struct expectation {
    /// Jobs with the items that must be there, owned, locked and running.
    std::map<job_id, std::vector<item_id>> jobs;
    /// Every run of the last while counts as "running".
    time_point since{};
  };
  /// A part of this process is made to die: one report of it is no defect.
  void expect_failure(const process& p) { ++hosts_[p.number()].failures_expected; }
  /// I3, I8, I9: everything that was registered is there, owned, locked and has run since, and nothing else is.
  void quiescent(const expectation& e, time_point now);
  /// S4 of slots that are remembered: `wall_ms` is the true time.
  void memory_settled(std::int64_t wall_ms, time_point now);
  /// A bound of I10 or anything else the world itself has found.
  void report(std::string invariant, std::string text, time_point now);

  const std::vector<violation>& violations() const { return violations_; }
  const tree_image& image() const { return image_; }
  const stickiness::counts& moves() const { return moves_.counted(); }

  struct counts {
    std::uint64_t runs = 0, locks = 0, unlocks = 0, breaks = 0, assignments = 0, moves = 0, stale_runs = 0, joins = 0,
                  leaderships = 0;
  };
  const counts& counted() const { return counts_; }
  /// Items in refusals that were told.
  std::uint64_t refused() const { return refusals_.counted(); }
  /// Preparations that were saved as done.
  std::uint64_t prepared() const { return preparations_.counted(); }

private:
  /// A node may start nothing in so much of its lease's end.
  static constexpr duration start_margin = std::chrono::milliseconds{1500};
  static std::string name_of(const process& p);

  using item_number = std::uint32_t;
  using run_key = std::pair<std::uint32_t, run_id>;

  struct host {
    const process* p = nullptr;
    std::string incarnation;
    duration detach{};
    std::map<store::session_id_t, std::deque<time_point>> probes;
    std::map<store::session_id_t, duration> timeouts;
    std::optional<time_point> deadline;
    bool dead = false;
    bool paused = false;
    bool ended = false;
    std::set<std::string> revoked;
    std::int64_t epoch = 0; ///< of what it has said last of the cluster as a whole
    std::uint32_t failures_expected = 0;
    /// Works in a history that is gone.
    bool former = false;
    /// What it has locked there it may work with for as long as its lease of then lasts, if it is not refused.
    std::optional<time_point> former_deadline;
  };
  struct held_run {
    std::vector<std::pair<item_number, fencing_token>> items;
    bool stubborn = false;
    bool stop_asked = false;
    /// The process was paused past its deadline: what it still does, fencing has to refuse.
    bool stale = false;
    /// It began in a history of the ensemble that is gone.
    bool former = false;
    /// When a process was resumed with this run stale.
    std::optional<time_point> resumed_at;
  };
  struct item_record {
    std::string key;
    fencing_token highest = 0;
    std::uint32_t holder = 0;
    std::vector<run_key> runs;
    /// Latest begin or end of a run.
    std::optional<time_point> last_active;
  };

  item_number number_of(const std::string& key);
  static void gave_up(host& h, time_point now);
  void extend(const process& p, time_point until);
  bool of_lost_history(const host& h, const std::string& key, fencing_token token, time_point now) const;
  bool is_of_before(store::session_id_t session, time_point now) const;
  duration in_world(const std::string& incarnation, duration length) const;
  bool is_of_life(const tree_event& e, store::session_id_t session) const;
  bool is_own_lock(const std::string& key, store::session_id_t session) const;
  bool effective(const run_key& key, const held_run& r, time_point now) const;
  void check_lock_gone(const std::string& key, store::session_id_t by, store::session_id_t leader, time_point now);
  void check_debts(time_point now);
  void check_that_all_found_out(time_point now);
  void check_wish(const store::node_change& change, const job_id& job, time_point now);
  void note_model_writer(store::session_id_t session);
  void say(const char* invariant, time_point now, std::string text);

  std::string root_;
  record_rules records_;
  prepare_rules preparations_;
  model_rules model_;
  std::int64_t model_writer_ = 0; ///< the epoch
  state_rules states_;
  memory_rules memory_;
  refusal_rules refusals_;
  short_room room_;
  tree_image image_;
  stickiness moves_;
  patience patience_;
  slot_book slots_;
  turns turns_;
  command_rules commands_;
  debts debts_;
  int hindrances_ = 0;
  std::optional<time_point> looked_at_debts_;
  std::map<std::uint32_t, host> hosts_;
  std::map<run_key, held_run> runs_;
  std::map<std::string, item_number> numbers_;
  std::vector<item_record> items_;
  /// Lives from before the latest history. Who goes on in one, because the store has not refused its session, may have
  /// locks that it does not know of, until somebody restarts it.
  std::set<std::string> old_lives_;
  /// The latest transaction that the latest history has in common with the one before.
  store::zxid_t common_ = 0;
  /// When an incarnation was last seen going.
  std::map<std::string, time_point> gone_since_;
  std::set<store::session_id_t> foreign_;
  time_point history_began_{};
  /// Sessions that the copy knows, and that may go on.
  std::set<store::session_id_t> former_sessions_;
  std::set<std::string> excused_;
  bool quiet_ = false;
  store::session_id_t last_leader_ = 0;
  std::vector<violation> violations_;
  counts counts_;
};

} // namespace djm::sim
