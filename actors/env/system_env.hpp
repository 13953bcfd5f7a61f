#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/env/node_env.hpp"
#include "actors/env/timer_queue.hpp"
#include "actors/executor/thread_executor.hpp"

namespace djm {

struct system_env_options {
  /// Put into log records that name no node.
  node_id node;
  /// Opens the sessions; not null.
  std::shared_ptr<store::session_factory> sessions;
  /// Its `log` is replaced by the one below, its `overrun` by what `abort_on_overrun` says.
  executor_options threads;
  /// Empty = `stderr_log()`. What it throws is contained and said once on stderr.
  log_sink log;
  /// Whether the process is aborted when a run has not ended at the deadline of its lease.
  bool abort_on_overrun = false;
  /// Hear of each run that is over, on a thread of their own.
  std::vector<history_sink> history;
  /// Only for repeatable tests; without it the generator is seeded by the system.
  std::optional<std::uint64_t> seed;
};

/// The environment of one real node: boot clock, one timer thread, one for the log, the executor's threads. Several
/// nodes of a process have one each. Thread-safe.
class system_env final : public node_env {
public:
  /// Throws std::system_error when the system refuses the first threads, std::invalid_argument without `sessions`.
  explicit system_env(system_env_options options);
  system_env(const system_env&) = delete;
  system_env& operator=(const system_env&) = delete;
  /// Shuts down with the executor's `patience`, and waits for the thread of `close`. May happen on a timer's or a run's
  /// thread, or on that one.
  ~system_env() override;

  time_point now() const override;
  std::chrono::time_point<std::chrono::system_clock, duration> wall_now() const override;
  std::uint64_t random() override;
  timer_id arm(time_point at, std::function<void()> fire) override;
  void cancel(timer_id id) override;
  executor& exec() override { return *executor_; }
  store::session_factory& sessions() override { return *sessions_; }
  void log(log_record record) override;
  log_status log_load() const override;
  /// `shutdown` with the executor's `patience`, on a thread of its own; what had to be left behind is logged, and the
  /// log has `log_patience` to take all that was said. Returns at once.
  void close(std::function<void()> done) override;

  /// `thread_executor::shutdown`, then no timer fires any more. After this nothing that was passed in is called, and
  /// `arm` and `cancel` have no effect. The clocks, `random` and `log` go on. May be repeated.
  executor_leftovers shutdown(time_point deadline);

  /// How long the end waits for a log that does not take its lines. A sink that hangs is left behind.
  static constexpr duration log_patience = std::chrono::seconds{1};

private:
  struct node_log;

  std::shared_ptr<store::session_factory> sessions_;
  std::shared_ptr<node_log> log_;
  std::atomic<std::uint64_t> random_;
  /// Shared with the thread of `close`.
  std::shared_ptr<timer_queue> timers_;
  std::shared_ptr<thread_executor> executor_;
  duration patience_;
  struct closing;
  std::shared_ptr<closing> closing_;
};

} // namespace djm
