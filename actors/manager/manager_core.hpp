#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "actors/manager/assignment_writer.hpp"
#include "actors/manager/cluster_image.hpp"
#include "actors/manager/lock_watchdog.hpp"
#include "actors/manager/member_history.hpp"
#include "actors/manager/slot_books.hpp"
#include "actors/manager/strategy_desk.hpp"
#include "djm/status.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// The leader's brain: keeps the image of the cluster, asks for plans, writes the moves, breaks the locks of workers
/// that are gone, and cleans up. Passive unless leadership is granted; forgets everything when it is revoked.
///
///   passive ─granted─► loading ─► idle ◄──────────────────────────────┐
///      ▲                           │ one activity at a time:          │
///      │ revoked                   ├─ refresh   (something changed)   │
///      └── from anywhere           ├─ plan      (debounce over)       │
///                                  ├─ write     (multis, pipelined)   ├─ done
///                                  ├─ observe   (who is gone)         │
///                                  ├─ break     (locks due)           │
///                                  ├─ scan      (lock folders)        │
///                                  └─ clean ──────────────────────────┘
///   A conflict or an unknown outcome: back-off, then everything is read again behind a barrier.
class manager_core {
public:
  /// Ask the planner, which calls no user code: `plan_without_users` with these answers. Answered by `on_planned`.
  struct plan_request {
    std::uint64_t request;
    std::shared_ptr<const assignment_problem> problem;
    plan_options options;
    std::shared_ptr<const strategy_answers> answers;
  };
  /// Ask a strategy of a user: `ask_strategy`, on a thread that it may keep. Answered by `on_strategy`.
  struct strategy_request {
    std::uint64_t request;
    strategy_question question;
    plan_options options;
  };

  using effect = std::variant<commit_effect, read_effect, plan_request, emit_effect, log_effect, strategy_request>;
  using effects = std::vector<effect>;

  struct settings {
    node_id node;
    std::string incarnation;
    std::string root = "/djm";
    duration debounce = std::chrono::milliseconds{200};
    duration max_wait = std::chrono::seconds{2};
    duration sweep_period = std::chrono::seconds{30};
    duration clean_period = std::chrono::hours{3};
    duration backoff_min = std::chrono::milliseconds{100};
    duration backoff_max = std::chrono::seconds{5};
    /// How long a strategy of a user may take.
    duration strategy_timeout = std::chrono::seconds{10};
    /// Budget of moves per round; what is left over is moved in the rounds that follow.
    plan_options planning;
    /// How long a worker that has ended twice without leaving has to be there before it gets items again.
    duration flap_patience = std::chrono::minutes{6};
    std::size_t max_transaction_ops = 200;
    std::size_t pipeline = 8;
    std::size_t lock_batch = 100;
    /// Questions to the store in one batch; more are asked one batch after the other.
    std::size_t read_batch = 2000;
    /// For questions to the store and to planners.
    request_numbers numbers;
    /// Things looked at together before they are cleaned away: about as many as one transaction removes.
    std::size_t clean_batch = 32;
  };

  explicit manager_core(settings s);

  effects on_granted(std::int64_t epoch, std::string latch, std::uint64_t session, step s);
  effects on_revoked(step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  effects on_planned(std::uint64_t request, const expected<plan_so_far>& result, step s);
  effects on_strategy(std::uint64_t request, const expected<plan>& result, step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const;
  bool leading() const { return epoch_ != 0; }
  manager_status status(time_point now) const;
  /// What the last plan was made from and came to, always of one another; null before the first.
  std::shared_ptr<const assignment_problem> last_problem() const { return problem_; }
  std::shared_ptr<const plan> last_plan() const { return plan_; }
  const plan_options& planning() const { return cfg_.planning; }
  /// What strategies of users have answered, for planning again without calling them.
  std::shared_ptr<const strategy_answers> answers() const { return desk_.answers(); }
  const cluster_image& image() const { return image_; }
  /// Not while the cluster is read anew.
  bool image_is_whole() const { return known_ && !rebuilding_; }
  /// Workers that were gone at the last plan and keep what they have.
  const std::set<node_id>& kept_back() const { return planned_frozen_; }

private:
  enum class activity {
    load_base,
    load_changed,
    load_details,
    load_items,
    writing,
    observing,
    verifying,
    breaking,
    scan_jobs,
    scan_folders,
    scan_locks,
    clean_read,
    clean_write
  };
  using dialogue = exchange<manager_core, activity, effects>;

  struct clean_task {
    /// `folders`: those below a worker's `assigned` whose jobs are gone.
    enum class kind { pool, worker, folders, lock_folder } what;
    std::string id;
    /// Folders to remove.
    std::vector<job_id> jobs = {};
    /// The transaction removes something of it, or all of it.
    bool removes = false;
    bool whole = false;
    // Where the answers about it are, as far as its kind has them.
    read_slot node = {}, items = {}, alive = {}, available = {}, assigned = {};
  };

  enum class guard { nobody_joined };
  using break_label = std::variant<guard, item_ref>;
  /// What a removal is about: the place of its task in `cleaning_`.
  using clean_label = std::size_t;

  // Where the answers are.
  struct base_slots {
    read_slot assignment_version, worker_version, workers, alive, all_pools, pools, marks;
  };
  struct worker_slots {
    node_id id;
    read_slot registration, available, assigned, folders;
  };
  struct job_slots {
    job_id id;
    read_slot pool, items;
  };
  struct job_folder {
    node_id worker;
    job_id job;
  };
  struct detail_slots {
    std::vector<worker_slots> workers;
    read_slots<node_id> alive;
    std::vector<job_slots> jobs;
    read_slots<node_id> marks;
  };
  struct observed_slots {
    incarnation_ref who;
    read_slot worker, alive;
  };
  struct verify_slots {
    read_slot version, worker, alive;
    read_slots<item_ref> locks;
  };
  struct clean_slots {
    read_slot worker_version, pool_version;
  };

  void next(step s, effects& out);
  void reset(effects& out);
  bool busy() const { return !store_.idle() || plan_request_ != 0; }
  void reading_failed(const dialogue::answered_read& q, step s, effects& out);
  /// What may fail for long, as people read it.
  struct effort {
    static constexpr auto reading = "reading the cluster";
    static constexpr auto planning = "writing who owns what";
    static constexpr auto breaking = "breaking the locks of nodes that are gone";
    static constexpr auto cleaning = "cleaning";
  };
  static const char* subject_of(activity a);
  void setback(step s, const char* what, const std::string& why, effects& out);
  void start_over(step s, const std::string& why, effects& out);
  void changed(step s);
  void learn_limits(activity what, const store::commit_outcome& outcome, step s, effects& out);
  void no_longer_refused(activity what, effects& out);
  /// "n" of "/djm/alive/n" and of "/djm/alive/n/x", below "/djm/alive"; empty for any other path.
  static std::string name_below(const std::string& path, const std::string& folder);
  void forget_problems(effects& out);
  void unreadable(const std::string& path, store::rc code, effects& out);
  void forget_locks(const std::vector<std::string>& names, effects& out);

  // reading the cluster
  void start_refresh(effects& out);
  void apply_base(const base_slots& slots, step s, effects& out);
  std::vector<node_id> apply_members(const store::read_result& workers, const store::read_result& marks, bool members,
                                     step s);
  void apply_pools(const store::read_result& all_pools, const std::vector<job_id>& jobs, effects& out);
  void apply_changed(const read_slots<node_id>& workers, step s, effects& out);
  void read_details(step s, effects& out);
  void apply_details(const detail_slots& slots, step s, effects& out);
  void apply_worker(const worker_slots& slots, std::vector<job_folder>& folders, effects& out);
  void apply_alive(const node_id& id, const store::read_result& found, effects& out);
  void apply_job(const job_id& id, const store::read_result& data, const store::read_result& list, step s,
                 effects& out);
  void apply_items(const read_slots<job_folder>& folders, step s, effects& out);
  void refreshed(step s, effects& out);

  // planning and writing
  std::set<node_id> frozen(time_point now) const;
  std::set<node_id> shunned(time_point now) const;
  void start_plan(step s, effects& out);
  void plan_not_later_than(time_point at, step s);
  void ask_strategies(const std::vector<strategy_question>& open, step s, effects& out);
  void give_up_strategies(step s, effects& out);
  void note_failures(step s, effects& out);
  void write_plan(effects& out);
  void tell_wanted(effects& out);
  void describe_plan(step s);
  void plan_written(effects& out);
  void send_batches(effects& out);
  void batch_written(const assignment_batch& batch, const store::commit_outcome& o, step s, effects& out);

  // locks
  std::set<incarnation_ref> unobserved() const;
  void start_observe(const std::set<incarnation_ref>& whom, effects& out);
  void apply_observation(const std::vector<observed_slots>& observed, step s, effects& out);
  void start_verify(step s, effects& out);
  void apply_verification(const verify_slots& slots, step s, effects& out);
  void break_locks(const std::vector<item_ref>& locks, std::int32_t worker_version, effects& out);
  void locks_broken(const std::vector<item_ref>& locks, const txn_outcome<break_label>& o, step s, effects& out);
  void continue_scan(step s, effects& out);
  void apply_scan_jobs(const read_slot& slot, step s, effects& out);
  void apply_scan_folder(const read_slot& slot, step s, effects& out);
  void apply_scan_locks(const read_slots<item_ref>& locks, step s, effects& out);
  void judge_locks();

  // cleaning
  void plan_cleaning(step s);
  std::set<job_id> offered(time_point now) const;
  bool swept_since_gone(const node_id& id, const worker_image& w) const;
  bool is_over(const node_id& id, const worker_image& w, time_point now) const;
  void start_clean(effects& out);
  void apply_clean(const clean_slots& slots, step s, effects& out);
  bool add_removals(clean_label place, txn_builder<clean_label>& txn);
  void clean_written(const txn_outcome<clean_label>& o, step s, effects& out);
  void cleaned(step s);
  void clean_conflict(const clean_label* met, step s);
  /// Plans the cleaning anew after a look at the members.
  void clean_again(step s);
  std::string bump();

  settings cfg_;
  store::tree_schema tree_;
  batch_size batch_;
  batch_size break_batch_; ///< locks in one Break
  dialogue store_;
  /// Between plans while a strategy fails: what it stumbled over need not be in the tree.
  backoff strategy_backoff_;

  std::int64_t epoch_ = 0;
  std::string latch_;
  std::uint64_t session_ = 0;      ///< whose latch it is
  std::uint64_t plan_request_ = 0; ///< the question to the planner that is under way
  std::uint64_t next_bump_ = 1;
  time_point now_{}; ///< of the latest event

  cluster_image image_;
  std::int32_t assignment_version_ = 0;
  std::int32_t worker_version_ = 0;
  /// The image is whole, or was before it was dropped to be read anew; then these are the counts it had.
  bool known_ = false;
  bool rebuilding_ = false;
  std::uint32_t known_workers_ = 0, known_jobs_ = 0, known_items_ = 0, known_assigned_ = 0;

  std::uint32_t failures_in_a_row_ = 0;

  // what is out of date
  bool all_dirty_ = false;
  bool members_dirty_ = false;
  bool pools_dirty_ = false;
  std::set<job_id> jobs_dirty_;
  bool unwatched_ = false; ///< a watch was refused: look again with each sweep

  // the refresh under way
  bool refresh_all_ = false;
  bool refresh_members_ = false;
  bool refresh_pools_ = false;
  std::vector<node_id> detail_workers_;
  // names below the folders of the base, also of what cannot be read
  std::vector<std::string> worker_names_;
  std::vector<std::string> job_names_;
  std::vector<node_id> marked_; ///< those of them that are alive
  bool read_marks_ = false;
  std::vector<job_id> detail_jobs_;
  std::set<node_id> alive_names_;
  /// Jobs whose watches were refused: read again with every change of a pool, whoever's it is.
  std::set<job_id> unwatched_jobs_;

  // planning
  bool plan_dirty_ = false;
  std::optional<time_point> plan_at_;
  time_point dirty_since_{};
  std::shared_ptr<const assignment_problem> asked_;   ///< what is being planned: no answer to it is known yet
  std::shared_ptr<const assignment_problem> problem_; ///< what `plan_` answers
  std::shared_ptr<const plan> plan_;
  std::string plan_text_;
  plan_status plan_status_;
  time_point planning_since_{};
  std::vector<pending_item> unassigned_;
  std::uint64_t unassigned_items_ = 0;
  slot_books books_;
  strategy_desk desk_;
  std::set<node_id> planned_frozen_;
  member_history history_;
  std::set<node_id> planned_shunned_;

  // writing
  std::deque<assignment_batch> queue_;
  bool write_failed_ = false;
  std::string write_failure_;

  // locks
  lock_watchdog watchdog_;
  std::set<incarnation_ref> observe_now_;
  incarnation_ref verifying_;
  std::optional<time_point> sweep_at_;
  time_point scan_began_{};
  time_point swept_from_{}; ///< when the latest sweep began that is over
  std::deque<job_id> scan_jobs_;
  job_id scan_job_;
  lock_watchdog::folder scan_folder_;
  std::deque<item_ref> scan_queue_;
  bool scanning_ = false;
  bool scanned_ = false;

  // cleaning
  std::optional<time_point> clean_at_;
  std::deque<clean_task> clean_queue_;
  std::vector<clean_task> cleaning_; ///< those being read or removed

  std::optional<activity> refused_; ///< what the store has refused to write
  manager_counters counters_;
};

} // namespace djm
