#include "actors/node/actor_host.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "djm/caf.hpp"

namespace djm {

namespace {

struct host_config : caf::actor_system_config {
  explicit host_config(std::uint32_t threads) {
    set(cx::max_threads_option, static_cast<std::size_t>(std::max<std::uint32_t>(threads, 1)));
    cx::wait_at_one_queue(*this);
    add_error_renderer(*this);
  }
};

} // namespace

struct actor_host::state {
  enum class phase { building, ready, ending, over };

  std::uint32_t actor_threads = 1;
  std::mutex guard;
  std::condition_variable changed;
  phase now = phase::building;
  /// Why the system could not be built.
  std::exception_ptr failure;
  /// What `call` waits for; one at a time.
  const std::function<void(caf::actor_system&)>* task = nullptr;
  std::exception_ptr thrown;
  std::mutex one_caller;
  std::thread thread;
};

actor_host::actor_host(std::uint32_t actor_threads) : state_(std::make_shared<state>()) {
  state_->actor_threads = actor_threads;
  std::unique_lock<std::mutex> lock{state_->guard};
  state_->thread = std::thread{[s = state_] { live(s); }};
  state_->changed.wait(lock, [&] { return state_->now != state::phase::building; });
  if (state_->failure) {
    lock.unlock();
    state_->thread.join();
    std::rethrow_exception(state_->failure);
  }
}

actor_host::~actor_host() {
  end(duration::zero());
}

void actor_host::live(const std::shared_ptr<state>& s) {
  pthread_setname_np(pthread_self(), "djm-host");
  std::unique_lock<std::mutex> lock{s->guard};
  try {
    host_config config{s->actor_threads};
    caf::actor_system system{config};
    s->now = state::phase::ready;
    s->changed.notify_all();
    for (;;) {
      s->changed.wait(lock, [&] { return s->task != nullptr || s->now == state::phase::ending; });
      if (s->task == nullptr) {
        break;
      }
      lock.unlock();
      std::exception_ptr thrown;
      try {
        (*s->task)(system);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      s->thrown = thrown;
      s->task = nullptr;
      s->changed.notify_all();
    }
    lock.unlock();
    system.await_all_actors_done();
  } catch (...) {
    s->failure = std::current_exception();
  }
  if (!lock.owns_lock()) {
    lock.lock();
  }
  s->now = state::phase::over;
  s->changed.notify_all();
}

void actor_host::call(const std::function<void(caf::actor_system&)>& f) {
  std::lock_guard<std::mutex> alone{state_->one_caller};
  std::unique_lock<std::mutex> lock{state_->guard};
  state_->task = &f;
  state_->changed.notify_all();
  state_->changed.wait(lock, [&] { return state_->task == nullptr; });
  if (auto thrown = std::exchange(state_->thrown, nullptr)) {
    std::rethrow_exception(thrown);
  }
}

bool actor_host::end(duration patience) {
  std::unique_lock<std::mutex> lock{state_->guard};
  if (state_->now == state::phase::ready) {
    state_->now = state::phase::ending;
    state_->changed.notify_all();
  }
  const bool over = state_->changed.wait_for(lock, patience, [&] { return state_->now == state::phase::over; });
  std::thread thread;
  thread.swap(state_->thread); // by whoever comes first
  lock.unlock();
  if (thread.joinable()) {
    if (over) {
      thread.join();
    } else {
      thread.detach();
    }
  }
  return over;
}

} // namespace djm
