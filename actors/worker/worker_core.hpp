#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "actors/worker/lease.hpp"
#include "djm/status.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Compares what this node is assigned with what it holds, takes and gives back the item locks, and tells the job
/// runners what they may run and until when.
///
///            assigned                created / adopted
///   none ───────────────► creating ───────────────────► held ──grant──► (runner works)
///    ▲                     │     │ exists                │ no longer assigned: revoke, wait for `released`
///    │ lock gone           │     ▼                       ▼
///    └──────────────── waiting (watched)              removing ──► none
///
/// Any state whose transaction has an unknown outcome, and every state after a reconnect or a re-join, is *uncertain*:
/// it is read again behind a barrier before anything else happens with it.
class worker_core {
public:
  /// These items are locked and may run.
  struct grant {
    job_id job;
    std::vector<work_item> items;
  };
  /// Stop runs with these items; answered by `on_released` once no run holds them.
  struct revoke {
    job_id job;
    std::vector<item_id> items;
    stop_reason reason;
  };
  /// The lease of all runners of this node.
  struct renew_lease {
    time_point run_until;
    time_point deadline;
    /// For whoever watches the lease beside the runners.
    std::uint64_t session = 0;
    duration after_close = duration::zero();
  };
  /// The store says that `alive/<worker>` is gone although the session lives: the keeper must join again.
  struct not_alive {};
  /// After `on_drain`: nothing more to give back (or it was given up).
  struct drained {};
  struct settled_changed {
    bool settled;
  };

  using effect = std::variant<commit_effect, read_effect, grant, revoke, renew_lease, not_alive, drained,
                              settled_changed, emit_effect, log_effect>;
  using effects = std::vector<effect>;

  struct settings {
    node_id node;
    std::string incarnation;
    std::string root = "/djm";
    duration detach_tolerance = duration::zero();
    duration stop_grace = duration::zero();
    duration backoff_min = std::chrono::milliseconds{100};
    duration backoff_max = std::chrono::seconds{5};
    /// This core replaces one that failed: locks of this incarnation may exist that it does not know of.
    bool rebuilt = false;
    std::size_t max_transaction_ops = 200;
    std::size_t max_lock_watches = 500;
    std::size_t read_batch = 200;
  };

  explicit worker_core(settings s);

  effects on_session(const store::session_view& view, step s);
  /// The keeper has joined in session `number`; `alive_data` is what it wrote into `alive/<worker>`.
  effects on_joined(std::uint64_t number, std::string alive_data, step s);
  /// The registration is gone although the session lives: somebody removed it. The others may count from the last
  /// contact.
  effects on_unjoined(step s);
  effects on_contact(std::uint64_t number, time_point contact, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  effects on_released(const job_id& job, const std::vector<item_id>& items, step s);
  effects on_job_added(const job_id& job, step s);
  /// The job's runner was replaced: it is told again what it may run.
  effects on_runner_rebuilt(const job_id& job, step s);
  /// The job's items are revoked; its runner stays until they are released.
  effects on_job_removed(const job_id& job, step s);
  /// Give everything back; `drained` follows.
  effects on_drain(step s);
  /// Stop waiting for runs: what is still held is left for the leader to break.
  effects on_hurry(step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const { return store_.retry_at(); }
  /// Whether an item of the job is locked, being locked or being given back.
  bool holds_items_of(const job_id& job) const;
  worker_status status(time_point now) const;

private:
  enum class lock_state { none, creating, taken, waiting, held, removing };
  struct entry {
    lock_state lock = lock_state::none;
    bool wanted = false;
    bool uncertain = false;
    /// A runner was told about it and has not released it.
    bool granted = false;
    bool revoking = false;
    fencing_token token = 0;
    std::string holder;
  };
  /// Of `assigned` questions, of those about locks and of changes of locks one is under way at a time each.
  enum class topic { assigned, lock_list, lock_data, scan_jobs, scan_locks, changes };
  /// A change is about a lock, or about the folder of a job's locks, which is no item. Others are of `alive/<worker>`.
  using result = txn_outcome<item_ref>;

  // Where the answers are.
  struct assigned_slots {
    read_slot node, folders;
    std::optional<read_slot> locks;
  };
  struct folder_slot {
    job_id job;
    bool listed; ///< its items were asked for, not just whether they have changed
    read_slot items;
  };
  struct job_image {
    store::zxid_t pzxid = 0;
    std::set<item_id> items;
  };

  bool online() const { return connected_ && joined_ != 0 && joined_ == session_; }
  bool wants(const item_ref& ref, const entry& e) const;
  void mark_all_uncertain();
  void touch(const item_ref& ref);
  void progress(step s, effects& out);
  bool start_verification(effects& out);
  bool start_lock_list(effects& out);
  bool start_lock_reads(effects& out);
  void start_assigned_read(effects& out);
  void start_commit(step s, effects& out);
  bool start_scan(effects& out);
  void apply_assigned(const assigned_slots& slots, step s, effects& out);
  void apply_folders(const std::vector<folder_slot>& folders, step s, effects& out);
  void read_folders(const std::vector<job_id>& jobs, bool all, effects& out);
  void image_read(effects& out);
  void apply_why(const read_slots<job_id>& pools, const read_slot& all_pools, step s, effects& out);
  void take_image();
  void apply_wanted();
  void settle_entry(const item_ref& ref, entry& e);
  void apply_lock_list(const read_slots<job_id>& folders, step s, effects& out);
  void apply_lock_data(const read_slots<item_ref>& locks, step s, effects& out);
  void apply_lock(const item_ref& ref, entry& e, const store::read_result& found, step s, effects& out);
  void no_locks_below(const job_id& job);
  void apply_scanned_jobs(const read_slot& jobs, step s, effects& out);
  void apply_scan(const read_slots<job_id>& folders, step s, effects& out);
  void apply_changes(const result& o, step s, effects& out);
  void changes_committed(store::zxid_t zxid);
  void change_failed(const result& o, effects& out);
  void lose(const item_ref& ref, entry& e);
  void revoke_entry(const item_ref& ref, entry& e, stop_reason reason);
  stop_reason why_unwanted(const item_ref& ref) const;
  void undo_commit(bool uncertain);
  void flush(effects& out);
  void retry(step s);
  void forget_problems(effects& out);
  void check_drained(step s, effects& out);
  void check_settled(effects& out);
  void renew(effects& out);

  settings cfg_;
  store::tree_schema tree_;
  batch_size batch_;
  lease lease_;
  exchange<worker_core, topic, effects> store_;

  // session and join
  std::uint64_t session_ = 0;
  bool connected_ = false;
  std::uint64_t joined_ = 0;
  duration timeout_ = duration::zero();
  std::string alive_data_;
  bool verified_ = false; ///< no lock is uncertain since the latest connect
  std::optional<time_point> last_contact_;
  std::vector<job_id> scan_list_;
  bool scan_pending_ = false; ///< a rebuilt core must look for locks it does not know

  // what we should do
  std::map<job_id, job_image> assigned_;
  std::map<job_id, job_image> incoming_; ///< being read
  bool assigned_known_ = false;
  bool assigned_dirty_ = true;
  std::set<job_id> jobs_;
  std::set<job_id> off_; ///< of these: switched off when the last of our items of it was taken away

  // what we have
  std::map<item_ref, entry> entries_;
  std::set<job_id> folders_;   ///< lock folders known to exist
  std::set<job_id> list_jobs_; ///< lock folders to list after a conflict
  std::set<job_id> child_watches_;
  std::set<item_ref> watched_; ///< locks with a watch of their own
  bool base_watched_ = false;  ///< a watch tells when the folder of all locks goes or comes
  /// Entries that need something done, so that a calm node looks at none of the others.
  std::set<item_ref> pending_;

  std::vector<item_ref> changing_; ///< locks and folders (no item) of the transaction under way
  std::uint32_t conflict_streak_ = 0;

  bool draining_ = false;
  bool hurry_ = false;
  bool drained_ = false;
  bool settled_ = false;
  bool changed_ = true; ///< something that `settled` depends on

  // collected during one event
  std::map<job_id, std::vector<work_item>> grants_;
  std::map<std::pair<job_id, stop_reason>, std::vector<item_id>> revokes_;

  // What may fail for long, as people read it.
  static constexpr auto locking = "taking and giving back locks";
  static constexpr auto reading = "reading what is assigned to this node and the locks of it";
  worker_counters counters_;
};

} // namespace djm
