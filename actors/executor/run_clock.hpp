#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "djm/time.hpp"

namespace djm {

/// Where the threads of one run block. Everything in a run's context that blocks does so here and nowhere else.
class wait_point {
public:
  virtual ~wait_point() = default;

  /// Blocks the calling thread until `ready()` holds or `deadline` has passed; returns `ready()`. Called with `lock`
  /// held; it is released while blocked and held again whenever `ready` is called and on return.
  virtual bool wait(std::unique_lock<std::mutex>& lock, time_point deadline, const std::function<bool()>& ready) = 0;

  /// Something that a `ready` looks at has changed. Called with the lock held that waiters pass; must not block.
  virtual void wake() = 0;
};

/// The time that blocking user code lives in: the seam through which a test kit makes it virtual.
///
/// In lock step there is one baton: `wait` notes the deadline, hands the baton to the simulator and blocks; `wake` and
/// the advance of virtual time only mark the waiter as ready, and the simulator hands the baton back when it is that
/// waiter's turn. Since one thread runs at a time, runs are as deterministic as everything else. `run_context` needs no
/// other change for that.
class run_clock {
public:
  virtual ~run_clock() = default;
  virtual time_point now() const = 0;
  virtual std::unique_ptr<wait_point> make_wait_point() = 0;
};

/// The boot clock and condition variables.
std::shared_ptr<run_clock> make_system_run_clock();

} // namespace djm
