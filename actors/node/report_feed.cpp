#include "actors/node/report_feed.hpp"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <cxxabi.h>

#include "model/exception_text.hpp"

namespace djm {

struct report_feed::state {
  std::shared_ptr<metrics_reporter> to;
  node_id node;
  std::function<void(const std::string&)> complain;
  std::mutex guard;
  std::condition_variable changed;
  std::optional<node_status> waiting;
  counters count;
  bool busy = true;     ///< the reporter has been called and has not come back
  bool started = false; ///< `start` has returned
  bool ending = false;  ///< nothing more comes
  bool failing = false; ///< it threw the last time
  bool over = false;
  std::thread thread;
  std::thread::id thread_id;

  /// Calls the reporter without the lock, which is held; false: it threw.
  template <class F>
  bool call(std::unique_lock<std::mutex>& lock, const char* what, F f) {
    busy = true;
    lock.unlock();
    std::string text;
    bool threw = false;
    try {
      f(*to);
    } catch (const abi::__forced_unwind&) {
      lock.lock(); // it ends its thread
      over = true;
      changed.notify_all();
      throw;
    } catch (...) {
      threw = true;
      text = impl::current_exception_text();
    }
    if (threw && !std::exchange(failing, true)) {
      complain(std::string{"the reporter of metrics threw in "} + what + ": " + text);
    }
    failing = threw;
    lock.lock();
    busy = false;
    return !threw;
  }
};

void metrics_reporter::start(const node_id&) {}
void metrics_reporter::stop() {}

report_feed::report_feed(std::shared_ptr<metrics_reporter> to, node_id node,
                         std::function<void(const std::string&)> complain)
  : state_(std::make_shared<state>()) {
  state_->to = std::move(to);
  state_->node = std::move(node);
  state_->complain = std::move(complain);
  std::lock_guard<std::mutex> lock{state_->guard};
  state_->thread = std::thread{[s = state_] { live(s); }};
  state_->thread_id = state_->thread.get_id();
}

report_feed::~report_feed() {
  end(duration::zero());
}

void report_feed::live(const std::shared_ptr<state>& s) {
  pthread_setname_np(pthread_self(), "djm-report");
  std::unique_lock<std::mutex> lock{s->guard};
  s->call(lock, "start", [&](metrics_reporter& to) { to.start(s->node); });
  s->started = true;
  s->changed.notify_all();
  for (;;) {
    s->changed.wait(lock, [&] { return s->waiting || s->ending; });
    if (!s->waiting) {
      break;
    }
    const auto status = std::move(*std::exchange(s->waiting, std::nullopt));
    ++s->count.made;
    if (!s->call(lock, "report", [&](metrics_reporter& to) { to.report(status); })) {
      ++s->count.failed;
    }
  }
  s->call(lock, "stop", [](metrics_reporter& to) { to.stop(); });
  auto last = std::exchange(s->to, nullptr);
  auto complain = std::exchange(s->complain, nullptr);
  lock.unlock();
  last = nullptr; // user code: destroyed without the lock, and waited for
  complain = nullptr;
  lock.lock();
  s->over = true;
  s->changed.notify_all();
}

bool report_feed::wait_started(duration patience) const {
  std::unique_lock<std::mutex> lock{state_->guard};
  return state_->changed.wait_for(lock, patience, [this] { return state_->started || state_->over; });
}

void report_feed::push(node_status s) {
  std::lock_guard<std::mutex> lock{state_->guard};
  if (state_->ending) {
    return;
  }
  if (state_->busy || state_->waiting) {
    ++state_->count.skipped;
    return;
  }
  state_->waiting = std::move(s);
  state_->changed.notify_all();
}

void report_feed::finish(node_status last) {
  std::lock_guard<std::mutex> lock{state_->guard};
  if (!state_->ending) {
    state_->waiting = std::move(last); // in place of one that it has not got to
    state_->ending = true;
    state_->changed.notify_all();
  }
}

void report_feed::begin_end() {
  std::lock_guard<std::mutex> lock{state_->guard};
  state_->ending = true;
  state_->changed.notify_all();
}

void report_feed::end(duration patience) {
  begin_end();
  std::unique_lock<std::mutex> lock{state_->guard};
  const bool own = state_->thread_id == std::this_thread::get_id(); // the reporter itself ends its node
  const bool over = !own && state_->changed.wait_for(lock, patience, [this] { return state_->over; });
  std::thread thread;
  thread.swap(state_->thread);
  lock.unlock();
  if (thread.joinable() && over) {
    thread.join();
  } else if (thread.joinable()) {
    thread.detach();
  }
}

report_feed::counters report_feed::look() const {
  std::lock_guard<std::mutex> lock{state_->guard};
  return state_->count;
}

} // namespace djm
