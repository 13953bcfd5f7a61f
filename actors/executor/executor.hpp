#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/common/run_purpose.hpp"
#include "actors/executor/lease_guard.hpp"
#include "actors/executor/state_keeper.hpp"
#include "djm/history.hpp"
#include "djm/job.hpp"
#include "djm/job_context.hpp"

namespace djm {

/// What runs of a job get to read.
struct run_settings {
  user_config config; ///< with secrets resolved
  std::int64_t rev = 0;
};

/// One run of user code.
struct run_order {
  run_id id = 0;
  job_id job;
  std::vector<work_item> items;
  std::shared_ptr<djm::job> code;
  /// The job's own, where it asks for more than its node: how long before the end of the lease it is asked to stop.
  duration stop_grace = duration::zero();
  /// The run sees its items in the order given, instead of sorted.
  bool as_given = false;
  run_purpose purpose{};
  /// Runs of higher priority get a thread first.
  job_priority priority = job_priority::normal;
  /// Null: an empty configuration.
  std::shared_ptr<const run_settings> run_with = nullptr;
  /// It answers a question: it has a thread for short calls of user code, whatever runs wait, and counts among no runs
  /// but in `running` and what follows from that.
  bool question = false;
};

struct run_result {
  run_id id = 0;
  /// Empty when the run returned, else what it threw.
  std::string failure;
  bool failed = false;
  /// Items that failed by name; the run failed because of them alone, unless it threw as well.
  std::vector<item_id> failed_items;
  /// Those of them for which another attempt is of no use.
  std::vector<item_id> failed_for_good;
  /// The run threw, and another attempt is of no use.
  bool for_good = false;
  /// The run is to be called again so long after this. Then `failed` says only whether items failed.
  std::optional<duration> again_in{};
  run_progress progress{};
  /// The run was asked to stop, or its lease was over, while it waited for a thread: its code has not been called.
  /// Then `failed` is false.
  bool dropped = false;
  /// For a thread, and on it.
  duration waited = duration::zero(), took = duration::zero();
  /// False: the run goes on and has only released these items.
  bool ended = true;
  std::vector<item_id> released;
  /// Why it declines them, where it does: they are to go to another node.
  std::optional<std::string> declined{};
};

/// A run the executor has accepted and not finished.
struct running_info {
  run_id id = 0;
  job_id job;
  /// Without those it has released.
  std::vector<work_item> items;
  /// False while it waits for a thread.
  bool started = false;
  /// Of a run that has started: when, when it said last that it is alive (or started), and how far it had come.
  time_point began{};
  time_point beat{};
  run_progress progress{};
  run_purpose purpose{};
  bool question = false;
};

struct executor_stats {
  std::uint32_t threads = 0, max_threads = 0, busy = 0, waiting = 0;
  /// Runs that ended, and those of them that failed. Dropped runs are not among them.
  std::uint64_t finished = 0, failed = 0;
  std::uint64_t dropped = 0;
  /// Of the run that has waited for a thread longest.
  duration longest_wait = duration::zero();
  /// The reserved threads for `call`, `call_user` and stop callbacks, taken together. `stuck` have been in one function
  /// for longer than a stated bound.
  std::uint32_t reserved_threads = 0, reserved_busy = 0, reserved_waiting = 0, reserved_stuck = 0;
  /// Exceptions of stop callbacks and calls that were caught and reported.
  std::uint64_t contained = 0;
  /// Runs that were asked to stop, or dropped, because the lease ended, and how late the latest of these was at most.
  std::uint64_t lease_stops = 0;
  duration lease_stop_lateness = duration::zero();
};

/// The only place where user code runs. Run ids are unique within one executor. Thread-safe. Its table of running
/// items outlives every actor of the node: a rebuilt worker asks it before it starts anything.
class executor {
public:
  using done_fn = std::function<void(const run_result&)>;

  virtual ~executor() = default;

  /// A run id nobody else has. Where nothing else is said, the answer to a question (`run_order::question`) is a run as
  /// well: it holds its item, is asked to stop, and may outlast the lease or the executor like any other.
  virtual run_id next_run_id() = 0;

  /// Accepts the run: it starts when a thread is free (elastic up to the maximum). `done` is called exactly once for
  /// its end, and before that for what it releases (`run_result::ended`), on any thread, never from within this call.
  /// By then the run is no longer in `running`, none of its stop callbacks is under way, and `code` is released. An
  /// order without code, items or id, with an id in use, or after the executor was shut down, is refused: `done` gets a
  /// failure that says so. `done` must be short and must not throw. Exactly once ends where the executor ends: runs
  /// that outlast its shutdown are returned by it instead.
  virtual void start(run_order order, done_fn done) = 0;

  /// As `start` for each of them, in their order, at less cost.
  virtual void start_all(std::vector<run_order> orders, done_fn done) {
    for (auto& x : orders) {
      start(std::move(x), done);
    }
  }

  /// Makes the run's stop request visible and calls its stop callbacks on reserved threads. A run that still waits for
  /// a thread is dropped and done at once: its `done` may be called from within this call. Unknown ids are ignored. Can
  /// be called again with more revoked items (those that the run does not hold are ignored); the first reason stays.
  /// With the reason `revoked`, a run that keeps other items is only asked to release these.
  virtual void request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) = 0;

  /// Says that these items of the run are taken away, without asking it to stop. One that still waits for a thread
  /// releases them at once (its `done` may be called from within this call).
  virtual void tell_revoked(run_id id, std::vector<item_id> items) = 0;

  /// How long runs may go on: each is asked to stop (`stop_reason::lease_expiring`) its grace before the deadline, and
  /// from then on none begins. That depends on nothing but this executor's own clock and timer. Before the first call
  /// there is no limit. Where it becomes shorter while runs are followed outside of this process
  /// (`open_run::follow_lease`), this waits for those who follow, for a bounded time; so does `session_ends`.
  virtual void renew_lease(const run_lease& l) = 0;

  /// To be called before a session is asked to end: see `lease_guard::session_ends`.
  virtual void session_ends(std::uint64_t session, time_point at) = 0;

  /// Computes for djm itself (plans, explanations) on reserved threads that user code never enters, in order. `f` must
  /// contain its own exceptions; one that leaves it is caught and reported. After shutdown `f` is destroyed without a
  /// call.
  virtual void call(std::function<void()> f) = 0;

  /// Calls a short user function (of a pool, a running strategy, a planner) on reserved threads that runs cannot
  /// occupy. Functions of one `owner` are called one after the other; one that hangs keeps one thread and delays nobody
  /// else. Behind it at most one call waits: a later one takes its place, and the former is destroyed without a call.
  /// Otherwise as `call`.
  virtual void call_user(std::string owner, std::function<void()> f) = 0;

  /// Runs of `job` (of all jobs when empty) that are accepted and not done.
  virtual std::vector<running_info> running(const job_id& job) const = 0;

  /// One of those; nothing when it is none.
  virtual std::optional<running_info> look(run_id id) const {
    for (auto& r : running({})) {
      if (r.id == id) {
        return std::move(r);
      }
    }
    return std::nullopt;
  }

  /// Whether there are any of those.
  virtual bool runs(const job_id& job) const { return !running(job).empty(); }

  /// Replaces the `done` of every unfinished run of `job`; for a rebuilt runner. The former one is not called any more
  /// after this returns, except where such a call is already under way. Ask `running` after this, not before: a run
  /// that ends in between then reports to the new `done`, which must not be surprised by an id it does not know.
  virtual void adopt(const job_id& job, done_fn done) = 0;

  /// Who loads and saves the states of items from now on; a rebuilt worker takes the place of the one before. An
  /// executor that knows nobody answers at once.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): whoever overrides it keeps it
  virtual void keep_states(state_keeper) {}

  virtual executor_stats stats() const = 0;
};

} // namespace djm
