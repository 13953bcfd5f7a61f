#include "testkit/virtual_clock.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include "actors/env/boot_time.hpp"
#include "djm/test/failure.hpp"
#include "djm/test/spend.hpp"

namespace djm::test {

namespace {

thread_local virtual_clock* own_clock = nullptr;
thread_local int user_waits = 0;

} // namespace

class virtual_clock::point final : public wait_point {
public:
  point(sim::process& p, lockstep& l) : process_(p), lockstep_(l) {}

  bool wait(std::unique_lock<std::mutex>& lock, time_point deadline, const std::function<bool()>& ready) override {
    auto* self = lockstep::mine();
    while (!ready()) {
      if (self == nullptr) {
        throw failure("only threads that the cluster has called may wait in a job context, and only while it goes on");
      }
      if (lockstep_.ending() && user_waits > 0) {
        return abandon();
      }
      if (process_.local_now() >= deadline) {
        return false;
      }
      waiter w{self, 0};
      // Nobody waits for a century; the numbers of virtual time would not have room for it.
      if (deadline < saturating_add(process_.local_now(), std::chrono::hours{24 * 36500})) {
        w.event = resume_at(process_.to_world(deadline), self);
      }
      waiters_.push_back(&w);
      lock.unlock();
      lockstep_.yield();
      lock.lock();
      waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &w));
      process_.cancel(w.event);
    }
    return true;
  }

  void wake() override {
    for (auto* w : waiters_) {
      process_.cancel(w->event);
      w->event = resume_at(time_point::min(), w->who);
    }
  }

private:
  struct waiter {
    lockstep::turn* who;
    sim::process::pending_id event;
  };

  /// Events of the past are due now.
  sim::process::pending_id resume_at(time_point when, lockstep::turn* who) {
    return process_.later(when, sim::process::kind::code, [this, who] { lockstep_.resume(who); });
  }

  /// Within a destructor that an exception runs, another one would end the process.
  static bool abandon() {
    if (std::uncaught_exceptions() == 0) {
      throw abandoned{};
    }
    return false;
  }

  sim::process& process_;
  lockstep& lockstep_;
  std::vector<waiter*> waiters_;
};

std::unique_ptr<wait_point> virtual_clock::make_wait_point() {
  return std::make_unique<point>(process_, lockstep_);
}

void virtual_clock::spend(duration d) {
  point here{process_, lockstep_};
  std::mutex mutex;
  std::unique_lock<std::mutex> lock{mutex};
  user_wait flag;
  here.wait(lock, saturating_add(now(), d), [] { return false; });
}

virtual_clock* virtual_clock::mine() noexcept {
  return own_clock;
}

virtual_clock::seat::seat(virtual_clock& c) noexcept {
  own_clock = &c;
}

virtual_clock::seat::~seat() {
  own_clock = nullptr;
}

virtual_clock::user_wait::user_wait() noexcept {
  ++user_waits;
}

virtual_clock::user_wait::~user_wait() {
  --user_waits;
}

void spend(any_duration time) {
  const duration d = time;
  auto* clock = virtual_clock::mine();
  if (clock == nullptr) {
    throw failure("spend(" + describe_duration(d) + ") is for user code that a test cluster has called");
  }
  clock->spend(d);
}

bool in_user_code() noexcept {
  return virtual_clock::mine() != nullptr;
}

} // namespace djm::test
