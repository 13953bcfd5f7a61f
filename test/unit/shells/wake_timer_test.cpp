#include <map>
#include <stdexcept>

#include <doctest/doctest.h>

#include "actors/common/shell.hpp"
#include "actors/protocol/worker.hpp"

using namespace djm;

namespace {

/// Timers that go off when the test says so; nothing else.
class hand_wound_env final : public node_env {
public:
  std::map<timer_id, time_point> armed;

  /// The timers due at `now` fire: their wakes are on the way.
  std::size_t fire(time_point now) {
    std::size_t fired = 0;
    for (auto i = armed.begin(); i != armed.end();) {
      const bool due = i->second <= now;
      fired += due ? 1 : 0;
      i = due ? armed.erase(i) : std::next(i);
    }
    return fired;
  }

  timer_id arm(time_point at, std::function<void()>) override {
    armed.emplace(++last_, at);
    return last_;
  }
  void cancel(timer_id id) override { armed.erase(id); }

  time_point now() const override { return {}; }
  std::chrono::time_point<std::chrono::system_clock, duration> wall_now() const override { return {}; }
  std::uint64_t random() override { return 0; }
  executor& exec() override { throw std::logic_error{"no executor"}; }
  store::session_factory& sessions() override { throw std::logic_error{"no sessions"}; }
  void log(log_record) override {}
  void close(std::function<void()>) override {}

private:
  timer_id last_ = 0;
};

time_point at(int ms) {
  return time_point{std::chrono::milliseconds{ms}};
}

struct timer_rig {
  std::shared_ptr<hand_wound_env> env = std::make_shared<hand_wound_env>();
  wake_timer<worker_actor> timer;
  timer_rig() { timer.init(env, {}); }
};

} // namespace

TEST_CASE("wake timer: one timer at a time, at the moment set last") {
  timer_rig r;
  r.timer.set(at(10));
  r.timer.set(at(10));
  CHECK(r.env->armed == std::map<timer_id, time_point>{{1, at(10)}});
  r.timer.set(at(5));
  CHECK(r.env->armed == std::map<timer_id, time_point>{{2, at(5)}});
  r.timer.set(std::nullopt);
  CHECK(r.env->armed.empty());
}

TEST_CASE("wake timer: after a wake even the same moment is armed anew") {
  timer_rig r;
  r.timer.set(at(10));
  CHECK(r.env->fire(at(10)) == 1);
  r.timer.fired();
  r.timer.set(at(10));
  CHECK(r.env->armed.size() == 1);
}

TEST_CASE("wake timer: a wake that something else has overtaken leaves no second timer behind") {
  timer_rig r;
  int wakes = 0;
  for (int now = 0; now < 100; now += 10) {
    r.timer.set(at(now));
    wakes += static_cast<int>(r.env->fire(at(now)));
    r.timer.set(at(now + 5)); // by what came in before the wake
    while (wakes > 0) {
      --wakes;
      r.timer.fired();
      r.timer.set(at(now + 5));
    }
    CHECK(r.env->armed.size() == 1);
    wakes += static_cast<int>(r.env->fire(at(now + 5)));
    CHECK(wakes == 1);
  }
}

TEST_CASE("wake timer: nothing stays armed for who is gone") {
  std::shared_ptr<hand_wound_env> env;
  {
    timer_rig r;
    env = r.env;
    r.timer.set(at(10));
    CHECK(env->armed.size() == 1);
  }
  CHECK(env->armed.empty());
}
