#include <doctest/doctest.h>

#include <map>

#include "actors/executor/run_context.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

/// The smallest lock-step simulator: one baton, virtual time, the earliest waiter first. It shows that the seam is
/// enough to run blocking user code deterministically.
class lockstep final : public run_clock, public std::enable_shared_from_this<lockstep> {
public:
  time_point now() const override {
    std::lock_guard<std::mutex> guard{mutex_};
    return now_;
  }

  std::unique_ptr<wait_point> make_wait_point() override { return std::make_unique<point>(shared_from_this()); }

  /// Runs `f` on its own thread until it first waits or ends.
  std::thread spawn(std::function<void()> f) {
    std::unique_lock<std::mutex> lock{mutex_};
    holder_ = user;
    std::thread t{[this, f = std::move(f)] {
      f();
      std::lock_guard<std::mutex> guard{mutex_};
      holder_ = simulator;
      baton_.notify_all();
    }};
    baton_.wait(lock, [&] { return holder_ == simulator; });
    return t;
  }

  /// Resumes the waiter that is due first; false when nobody waits.
  bool step() {
    std::unique_lock<std::mutex> lock{mutex_};
    auto first = sleepers_.end();
    for (auto i = sleepers_.begin(); i != sleepers_.end(); ++i) {
      if (first == sleepers_.end() || i->second.due < first->second.due) {
        first = i;
      }
    }
    if (first == sleepers_.end()) {
      return false;
    }
    now_ = std::max(now_, first->second.due);
    holder_ = first->first;
    baton_.notify_all();
    baton_.wait(lock, [&] { return holder_ == simulator; });
    return true;
  }

private:
  using ticket = std::uint64_t;
  static constexpr ticket simulator = 0, user = 1;

  struct sleeper {
    const void* where;
    time_point due;
  };

  class point final : public wait_point {
  public:
    explicit point(std::shared_ptr<lockstep> clock) : clock_(std::move(clock)) {}

    bool wait(std::unique_lock<std::mutex>& lock, time_point deadline, const std::function<bool()>& ready) override {
      while (!ready() && clock_->now() < deadline) {
        std::unique_lock<std::mutex> baton{clock_->mutex_};
        auto me = ++clock_->last_;
        clock_->sleepers_[me] = {this, deadline};
        clock_->holder_ = simulator;
        clock_->baton_.notify_all();
        lock.unlock();
        clock_->baton_.wait(baton, [&] { return clock_->holder_ == me; });
        clock_->sleepers_.erase(me);
        baton.unlock();
        lock.lock();
      }
      return ready();
    }

    void wake() override {
      std::lock_guard<std::mutex> guard{clock_->mutex_};
      for (auto& [id, s] : clock_->sleepers_) {
        if (s.where == this) {
          s.due = clock_->now_;
        }
      }
    }

  private:
    std::shared_ptr<lockstep> clock_;
  };

  mutable std::mutex mutex_;
  std::condition_variable baton_;
  time_point now_{};
  ticket holder_ = simulator, last_ = user;
  std::map<ticket, sleeper> sleepers_;
};

} // namespace

TEST_CASE("lock step: blocking runs live on virtual time, in an order that never varies") {
  for (int round = 0; round < 20; ++round) {
    auto clock = std::make_shared<lockstep>();
    std::vector<std::string> trace; // unsynchronised: one thread runs at a time
    auto note = [&](std::string what) {
      trace.push_back(format_duration(clock->now().time_since_epoch()) + " " + std::move(what));
    };
    run_services services{clock, [](auto) {}, [](auto&) {}};
    auto sleeper = std::make_shared<run_context>(order(1,
                                                       [&](job_context& ctx) {
                                                         note("sleeper starts");
                                                         CHECK(ctx.sleep(hours{1}));
                                                         note("sleeper wakes");
                                                         CHECK_FALSE(ctx.sleep(hours{100}));
                                                         note("sleeper is asked to stop");
                                                       }),
                                                 services);
    auto stopper = std::make_shared<run_context>(order(2,
                                                       [&](job_context& ctx) {
                                                         note("stopper starts");
                                                         ctx.sleep(hours{2});
                                                         sleeper->request_stop(stop_reason::shutdown, {});
                                                         note("stopper ends");
                                                       }),
                                                 services);
    auto one = clock->spawn([&] { sleeper->execute(); });
    auto two = clock->spawn([&] { stopper->execute(); });
    while (clock->step()) {
    }
    one.join();
    two.join();
    CHECK(trace == std::vector<std::string>{"0s sleeper starts", "0s stopper starts", "1h sleeper wakes",
                                            "2h stopper ends", "2h sleeper is asked to stop"});
  }
}
