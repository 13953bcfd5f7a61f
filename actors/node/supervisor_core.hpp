#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/common/core.hpp"
#include "djm/node_status.hpp"
#include "zkstore/session_core.hpp"

namespace djm {

/// The life of a node: which parts are there, which are rebuilt and when, and the order in which everything stops.
/// Knows nothing about the cluster.
///
/// ```
///  starting ──joined──► running      a part that dies is rebuilt after a back-off; six in a minute are a stop
///      └───────┬───────────┘
///              │ stop, refused for good, too many failures
///          draining     runs are asked to stop, the worker gives its locks back as they end
///              │ drained, its time over, worker dead
///          leaving      the keeper takes the node out of the tree
///              │ left, its time over, keeper dead
///          closing      the election resigns, the store closes its session
///              │ closed, its time over; from any stage before: store dead
///          ending       the parts are ended, at last the environment with its timers and threads
///              │ environment closed
///          stopped
/// ```
class supervisor_core {
public:
  /// In the order in which they start; the deployer only where kinds of jobs are known. Beside them there is one runner
  /// per job.
  enum class part : std::uint8_t { store, keeper, election, manager, worker, deployer };
  static const char* name_of(part x);

  enum class life : std::uint8_t { starting, running, draining, leaving, closing, ending, stopped };

  /// Starts a part; rebuilt: after one that died.
  struct start_part {
    part which;
    bool rebuilt;
  };
  /// Starts the runner of a job, and introduces it and the worker to each other.
  struct start_runner {
    job_id job;
  };
  /// Tells all parts and runners who is who; the store last, as it opens the session.
  struct introduce_all {};
  /// Tells the worker alone, before anybody makes it work.
  struct introduce_worker {};
  /// A runner that has outlived its worker: it and the new one get to know each other.
  struct adopt_runner {
    job_id job;
  };
  /// To the keeper: this node offers the job, no longer offers it.
  struct offer {
    job_id job;
  };
  struct withdraw {
    job_id job;
  };
  /// To the worker: give the job's items back, then say that it is free.
  struct remove_job {
    job_id job;
  };
  /// The job has no items and no runs any more: its runner ends, and with it what the node holds of its code.
  struct let_go {
    job_id job;
  };
  /// No code of the job runs or will run here: whoever waits for that is answered, the name is free.
  struct free_job {
    job_id job;
  };
  /// Its code has not come back in its time: whoever waits is told.
  struct give_up_job {
    job_id job;
  };
  struct open_session {};
  /// The store has died: its session is ended for it.
  struct end_session {};
  /// The store has older data than this node has seen: all parts end, and those that are started next are of a new
  /// life.
  struct forget_life {};
  /// The steps of the shutdown, in their order.
  struct refuse_wishes {};
  struct stop_runs {
    job_id job;
  };
  struct drain_worker {};
  struct hurry_worker {};
  struct leave {};
  struct close_session {};
  struct end_parts {};
  struct close_environment {};
  /// The node is over: everyone who waits is answered. `verdict` says why; jobs that are not gone have code that does
  /// not come back.
  struct finish {};
  struct report {
    std::string component;
    error why;
  };
  using effect =
    std::variant<start_part, start_runner, introduce_all, introduce_worker, adopt_runner, offer, withdraw, remove_job,
                 let_go, free_job, give_up_job, open_session, end_session, forget_life, refuse_wishes, stop_runs,
                 drain_worker, hurry_worker, leave, close_session, end_parts, close_environment, finish, report>;
  using effects = std::vector<effect>;

  struct settings {
    duration backoff_min = std::chrono::milliseconds{100};
    duration backoff_max = std::chrono::seconds{5};
    /// How long a gentle stop waits for runs; zero: every stop hurries.
    duration stop_timeout = std::chrono::minutes{15};
    /// How long the store gets for each step of the shutdown.
    duration operation_deadline = std::chrono::seconds{3};
    /// How long a stop that hurries waits for user code, when everything else has ended.
    duration code_patience = std::chrono::seconds{1};
    /// More failures than this within `failure_window` stop the node.
    std::size_t max_failures = 5;
    duration failure_window = std::chrono::minutes{1};
    /// This node knows kinds of jobs.
    bool deploys = false;
  };

  explicit supervisor_core(settings s);

  effects start();
  /// A job is registered here; it must be new.
  effects add_job(const job_id& job);
  /// Given up after `stop_timeout` (but not before an operation could end), counted anew when asked again. For a job
  /// that is not here nothing happens.
  effects leave_job(const job_id& job, time_point now);
  effects on_job_free(const job_id& job);
  /// Nobody holds the code of the job any more.
  effects on_job_gone(const job_id& job);

  effects on_part_down(part which, const error& why, time_point now);
  effects on_runner_down(const job_id& job, const error& why, time_point now);

  void on_joined();
  void on_unjoined();
  void on_settled(bool settled);
  void on_session(store::session_phase phase);

  /// Gentle at first; a second request, or one with `hurry`, waits for runs no longer than for an operation.
  effects stop(bool hurry, time_point now);
  /// The keeper will never be able to join: the node stops, with that as its reason.
  effects on_refused(const error& why, time_point now);
  effects on_drained(time_point now);
  effects on_left(time_point now);
  effects on_store_closed(time_point now);
  effects on_environment_closed();

  /// `user_code_runs`: whether any thread is in user code; looked at only while `draining()`.
  effects on_wake(bool user_code_runs, time_point now);
  std::optional<time_point> wake_at() const;

  life phase() const { return phase_; }
  node_lifecycle state() const;
  bool draining() const { return phase_ == life::draining; }
  bool is_stopping() const { return phase_ != life::starting && phase_ != life::running; }
  /// Registered, and every item that this node should run is locked.
  bool ready() const { return joined_ && settled_ && !is_stopping(); }
  bool is_leaving(const job_id& job) const;
  std::uint32_t restarts() const { return restarts_; }
  /// Why the node stops when nobody asked it to.
  const std::optional<error>& verdict() const { return verdict_; }

private:
  void fail(const std::string& what, const error& why, time_point now, effects& out);
  void run(const job_id& job, effects& out);
  void rebuild(effects& out);
  void begin_new_life(const error& why, effects& out);
  void replace_dead_runners(effects& out);
  void look_for_store(bool user_code_runs, time_point now, effects& out);
  void begin_stop(bool hurry, time_point now, effects& out);
  void proceed(time_point now, effects& out);
  void skip_step_of(part dead, time_point now, effects& out);
  void end_when_alone(effects& out);
  duration patience() const { return std::max(cfg_.stop_timeout, cfg_.operation_deadline); }

  /// What a job is on its way to: out (asked to leave), free (no items, no runs), gone (no code).
  struct job_life {
    bool leaving = false;
    bool free = false;
  };

  std::vector<part> parts() const {
    std::vector<part> all{part::store, part::keeper, part::election, part::manager, part::worker};
    if (cfg_.deploys) {
      all.push_back(part::deployer);
    }
    return all;
  }

  settings cfg_;
  life phase_ = life::starting;
  bool hurried_ = false;
  bool joined_ = false;
  bool settled_ = false;
  bool connected_ = false;
  std::set<part> alive_;
  std::set<job_id> running_; ///< jobs whose runner is alive
  std::map<job_id, job_life> jobs_;
  std::map<job_id, time_point> give_up_at_;            ///< of those that leave
  std::set<std::pair<time_point, job_id>> to_give_up_; ///< the same by time
  std::set<part> dead_;
  std::set<job_id> runners_dead_;
  std::deque<time_point> recent_failures_;
  std::uint32_t restarts_ = 0;
  std::optional<time_point> rebuild_at_;
  std::optional<time_point> stage_until_; ///< of the shutdown
  time_point code_until_{};               ///< how long a gentle stop waits for user code
  bool closing_environment_ = false;
  std::optional<time_point> look_at_; ///< while draining: whether only a store that is away keeps the node
  bool was_away_ = false;
  std::optional<error> verdict_;
};

} // namespace djm
