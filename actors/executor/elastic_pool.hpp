#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "djm/time.hpp"

namespace djm {

/// Threads that take tasks in the order of posting. A thread is started when a task finds none idle and fewer than
/// `most` exist (those in tasks that hang not counted); one that has been idle for `idle_time` ends while more than
/// `keep` exist. Threads are woken and started one after the other, each by the one before as long as tasks wait: many
/// short tasks are done by few threads, and behind one that takes its time the next has begun already. Thread-safe.
///
/// Threads share the ownership of all they touch here: one that never ends cannot be joined, so `shutdown` leaves it
/// detached and nothing it returns to later has been destroyed.
class elastic_pool {
public:
  struct limits {
    /// Name of the threads, at most 15 characters.
    std::string name;
    /// Started at construction (which throws std::system_error when that fails) and never ended before shutdown.
    std::uint32_t keep = 0;
    /// At least 1 and at least `keep`; lower values are raised.
    std::uint32_t most = 1;
    duration idle_time = duration::zero();
    /// A task that has been running for longer does not count against `most` any more: whatever hangs, the tasks behind
    /// it get to run. There are then as many threads more as tasks hang, so whoever posts has to bound those.
    duration overtaken_after = duration::max();
  };

  struct load {
    std::uint32_t threads = 0, busy = 0, waiting = 0;
    /// Threads whose task has been running for at least the time asked for.
    std::uint32_t stuck = 0;
  };

  /// Must not throw, but may end its thread (`pthread_exit`, cancellation).
  using task = std::function<void()>;

  explicit elastic_pool(limits l);
  elastic_pool(const elastic_pool&) = delete;
  elastic_pool& operator=(const elastic_pool&) = delete;
  /// As `shutdown(boot_now())`.
  ~elastic_pool();

  /// False, and destroys the task, after shutdown. When the system refuses a thread the task waits for the existing
  /// ones.
  bool post(task t);
  /// The same so many times, at less cost.
  bool post(const task& t, std::size_t times);

  load look(duration stuck_after) const;

  /// Whether the calling thread belongs to this pool.
  bool on_own_thread() const;

  /// Destroys the waiting tasks, waits until `deadline` for those that run, joins every thread that is not in a task
  /// and detaches the others; the thread that calls this is one of those when it belongs to the pool, and is not waited
  /// for. Returns the number of threads left behind. Later calls return 0.
  std::uint32_t shutdown(time_point deadline);

private:
  struct state;
  static void work(const std::shared_ptr<state>& s, std::uint64_t self);
  static void start_thread(const std::shared_ptr<state>& s);
  static void call_somebody(const std::shared_ptr<state>& s, std::unique_lock<std::mutex> lock);
  static void end_within_task(const std::shared_ptr<state>& s, std::uint64_t self);

  std::shared_ptr<state> state_;
};

} // namespace djm
