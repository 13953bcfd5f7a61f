#include "actors/executor/run_clock.hpp"

#include <chrono>
#include <condition_variable>

#include "actors/env/boot_time.hpp"

namespace djm {

namespace {

/// How late a sleep may end when the machine was suspended meanwhile.
constexpr duration clock_check = std::chrono::milliseconds{500};

class system_wait_point final : public wait_point {
public:
  bool wait(std::unique_lock<std::mutex>& lock, time_point deadline, const std::function<bool()>& ready) override {
    return wait_until(lock, changed_, deadline, clock_check, ready);
  }

  void wake() override { changed_.notify_all(); }

private:
  std::condition_variable changed_;
};

class system_run_clock final : public run_clock {
public:
  time_point now() const override { return boot_now(); }
  std::unique_ptr<wait_point> make_wait_point() override { return std::make_unique<system_wait_point>(); }
};

} // namespace

std::shared_ptr<run_clock> make_system_run_clock() {
  return std::make_shared<system_run_clock>();
}

} // namespace djm
