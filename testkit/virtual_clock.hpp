#pragma once

#include <memory>

#include "actors/executor/run_clock.hpp"
#include "simulation/process.hpp"
#include "testkit/lockstep.hpp"

namespace djm::test {

/// The time that user code of one process lives in: whoever waits gives its turn back and is resumed by an event of the
/// simulation. A process that is paused or dead resumes nobody.
class virtual_clock final : public run_clock {
public:
  virtual_clock(sim::process& p, lockstep& l) : process_(p), lockstep_(l) {}

  time_point now() const override { return process_.local_now(); }
  std::unique_ptr<wait_point> make_wait_point() override;
  /// Lets so much time pass for the calling thread, which must have a seat.
  void spend(duration d);

  /// Whose user code the calling thread is in; null outside.
  static virtual_clock* mine() noexcept;

  /// The calling thread is in user code of this process.
  class seat {
  public:
    explicit seat(virtual_clock& c) noexcept;
    ~seat();
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
  };

  /// The calling thread waits on behalf of user code, not of the executor: such a wait may be abandoned.
  class user_wait {
  public:
    user_wait() noexcept;
    ~user_wait();
    user_wait(const user_wait&) = delete;
    user_wait& operator=(const user_wait&) = delete;
  };

private:
  class point;

  sim::process& process_;
  lockstep& lockstep_;
};

} // namespace djm::test
