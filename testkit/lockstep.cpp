#include "testkit/lockstep.hpp"

#include <cxxabi.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "djm/test/failure.hpp"
#include "djm/time.hpp"

namespace djm::test {

namespace {

/// Code that swallows `abandoned` and waits again is resumed this often before it is left behind.
constexpr int most_rounds = 100;

thread_local lockstep::turn* own_turn = nullptr;

} // namespace

struct lockstep::turn {
  std::condition_variable go;
  std::string what;
  std::function<void()> task;
  bool busy = false;
  std::thread thread;
};

/// Shared with the threads: one that is left behind outlives the lockstep.
struct lockstep::state {
  explicit state(duration p) : patience(p) {}

  std::mutex mutex;
  std::condition_variable simulator;
  /// Null: the simulating thread.
  turn* holder = nullptr;
  std::vector<std::unique_ptr<turn>> all;
  std::vector<turn*> idle;
  duration patience;
  bool ending = false;
  bool quit = false;
  /// Not empty: a thread has kept its turn.
  std::string broken;
};

lockstep::lockstep(duration patience) : state_(std::make_shared<state>(patience)) {}

lockstep::~lockstep() {
  close();
}

lockstep::turn* lockstep::mine() noexcept {
  return own_turn;
}

void lockstep::check() const {
  std::lock_guard<std::mutex> lock{state_->mutex};
  if (!state_->broken.empty()) {
    throw failure(state_->broken);
  }
}

bool lockstep::ending() const {
  std::lock_guard<std::mutex> lock{state_->mutex};
  return state_->ending;
}

std::size_t lockstep::threads() const {
  std::lock_guard<std::mutex> lock{state_->mutex};
  return state_->all.size();
}

void lockstep::run(std::string what, std::function<void()> f) {
  auto& s = *state_;
  turn* t = nullptr;
  {
    std::lock_guard<std::mutex> lock{s.mutex};
    if (s.idle.empty()) {
      t = s.all.emplace_back(std::make_unique<turn>()).get();
      t->thread = std::thread{[shared = state_, t] { work(shared, t); }};
    } else {
      t = s.idle.back();
      s.idle.pop_back();
    }
    t->what = std::move(what);
    t->task = std::move(f);
    t->busy = true;
  }
  hand_over(s, t);
}

void lockstep::resume(turn* t) {
  hand_over(*state_, t);
}

void lockstep::hand_over(state& s, turn* t) {
  std::unique_lock<std::mutex> lock{s.mutex};
  if (!s.broken.empty()) {
    throw failure(s.broken);
  }
  s.holder = t;
  t->go.notify_one();
  if (s.simulator.wait_for(lock, s.patience, [&] { return s.holder == nullptr; })) {
    return;
  }
  s.broken =
    fmt::format("{} has gone on for {} of real time without waiting in its job context: it blocks on something that "
                "virtual time cannot move (a lock, a thread of its own, I/O, the real clock), or never ends",
                t->what, format_duration(s.patience));
  throw failure(s.broken);
}

void lockstep::yield() {
  auto& s = *state_;
  auto* self = own_turn;
  std::unique_lock<std::mutex> lock{s.mutex};
  if (s.holder == self) {
    s.holder = nullptr;
    s.simulator.notify_one();
  }
  self->go.wait(lock, [&] { return s.holder == self; });
}

void lockstep::work(const std::shared_ptr<state>& s, turn* self) {
  own_turn = self;
  std::unique_lock<std::mutex> lock{s->mutex};
  for (;;) {
    self->go.wait(lock, [&] { return s->holder == self || s->quit; });
    if (s->holder != self) {
      return;
    }
    auto task = std::exchange(self->task, nullptr);
    lock.unlock();
    try {
      task();
    } catch (const abandoned&) {
      // It has ended as it was meant to.
    } catch (const abi::__forced_unwind&) { // pthread_exit: this thread is gone, the next call gets another one
      task = nullptr;
      lock.lock();
      self->busy = false;
      s->holder = nullptr;
      s->simulator.notify_one();
      throw;
    }
    task = nullptr;
    lock.lock();
    self->busy = false;
    s->idle.push_back(self);
    s->holder = nullptr;
    s->simulator.notify_one();
  }
}

bool lockstep::close() {
  auto& s = *state_;
  const auto busy = [&] {
    std::vector<turn*> result;
    std::lock_guard<std::mutex> lock{s.mutex};
    for (const auto& t : s.all) {
      if (t->busy) {
        result.push_back(t.get());
      }
    }
    return result;
  };
  {
    std::lock_guard<std::mutex> lock{s.mutex};
    if (s.quit) {
      return s.broken.empty();
    }
    s.ending = true;
  }
  try {
    for (int round = 0; round < most_rounds && !busy().empty(); ++round) {
      for (auto* t : busy()) {
        hand_over(s, t);
      }
    }
  } catch (const failure&) {
    // It has been told, or nobody is left to be told.
  }
  std::vector<turn*> ended;
  bool all = true;
  {
    std::lock_guard<std::mutex> lock{s.mutex};
    s.quit = true;
    for (const auto& t : s.all) {
      t->go.notify_one();
      if (t->busy) {
        all = false;
        t->thread.detach();
      } else {
        ended.push_back(t.get());
      }
    }
  }
  for (auto* t : ended) {
    t->thread.join();
  }
  return all;
}

} // namespace djm::test
