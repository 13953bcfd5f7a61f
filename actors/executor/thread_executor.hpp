#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "actors/executor/executor.hpp"
#include "actors/executor/run_clock.hpp"
#include "djm/log.hpp"

namespace djm {

struct executor_options {
  /// Threads for runs, at least 1 (0 counts as 1). One exists from the start, the others when a run finds none idle.
  std::uint32_t max_threads = 16;
  /// Threads that exist from the start for djm's own calls, and the most there may be. Calls of user code and stop
  /// callbacks have threads of their own, one from the start and as many at most, so that hanging calls can delay
  /// neither a plan nor a stop request.
  std::uint32_t reserved_threads = 2;
  std::uint32_t max_reserved_threads = 8;
  /// A call of user code that takes longer does not count against `max_reserved_threads` any more, so that those behind
  /// it come to their turn. There is at most one for each owner.
  duration overtaken_after = std::chrono::seconds{1};
  /// A thread beyond those ends after having been idle for this long. At most a day.
  duration idle_time = std::chrono::seconds{10};
  /// A call or stop callback that takes longer than this counts as stuck in the statistics.
  duration stuck_after = std::chrono::seconds{10};
  /// When a run has waited for a thread for so long, the log says so.
  duration waits_long = std::chrono::seconds{5};
  /// How long whoever shortens the lease waits for those who follow it to acknowledge that (`lease_follower::settle`).
  duration follower_patience = std::chrono::milliseconds{500};
  /// How long shutdown waits for calls and stop callbacks that are under way, and the destructor for runs.
  duration patience = std::chrono::seconds{1};
  /// The time in which runs wait and sleep; null = the system's.
  std::shared_ptr<run_clock> clock;
  /// Told about contained exceptions, and about runs that wait for long; may be empty. Not called after shutdown.
  log_sink log;
  /// Told about each run that has not ended at the deadline of its lease, on the thread that watches the lease. May be
  /// empty; must not throw. Not called after shutdown.
  std::function<void(const running_info&)> overrun;
};

/// What an executor could not end.
struct executor_leftovers {
  /// Runs that did not end in time; their `done` is never called.
  std::vector<running_info> runs;
  /// Calls and stop callbacks that did not end in time.
  std::uint32_t calls = 0;

  bool empty() const { return runs.empty() && calls == 0; }
};

/// Runs user code on threads of this process.
///
/// The end of a lease has a thread of its own, which calls no user code and waits for none: stop callbacks, the end of
/// runs that still wait for a thread and what their code does in its destructor are for other threads.
///
/// User code cannot be killed. A run, call or stop callback that has not ended when `shutdown` gives up keeps its
/// thread: the thread is detached, owns all that it still touches of djm, and calls nothing that was passed in here any
/// more (neither `done` nor the log). What user code itself refers to must outlive it, or the process must end: a
/// detached thread does not keep a process from ending.
class thread_executor final : public executor {
public:
  /// Throws std::system_error when the system refuses the first threads.
  explicit thread_executor(executor_options options = {});
  thread_executor(const thread_executor&) = delete;
  thread_executor& operator=(const thread_executor&) = delete;
  /// Shuts down with `patience`. May be called on a thread of this executor, which then is left to end on its own.
  ~thread_executor() override;

  run_id next_run_id() override;
  void start(run_order order, done_fn done) override;
  void start_all(std::vector<run_order> orders, done_fn done) override;
  void request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) override;
  void renew_lease(const run_lease& l) override;
  void session_ends(std::uint64_t session, time_point at) override;
  void tell_revoked(run_id id, std::vector<item_id> items) override;
  void call(std::function<void()> f) override;
  void call_user(std::string owner, std::function<void()> f) override;
  std::vector<running_info> running(const job_id& job) const override;
  std::optional<running_info> look(run_id id) const override;
  bool runs(const job_id& job) const override;
  void adopt(const job_id& job, done_fn done) override;
  void keep_states(state_keeper k) override;
  executor_stats stats() const override;

  /// Refuses new runs, drops the waiting ones, asks the others to stop (`stop_reason::shutdown`) and waits for them
  /// until `deadline` on the boot clock; calls are still made meanwhile. Then drops waiting calls and waits for those
  /// and the stop callbacks that are under way, at most `patience`. Joins the threads of all that ended. After this no
  /// `done` is called and none is under way.
  ///
  /// A second call, also a concurrent one, may bring the deadline forward but not push it back, and returns the same. A
  /// run that calls this is not waited for.
  executor_leftovers shutdown(time_point deadline);

private:
  class impl;
  std::shared_ptr<impl> impl_;
};

} // namespace djm
