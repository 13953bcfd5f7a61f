#include "actors/node/event_feed.hpp"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include <cxxabi.h>

namespace djm {

namespace {

constexpr std::chrono::seconds last_words{1};

template <class T, class = void>
struct names_items : std::false_type {};
template <class T>
struct names_items<T, std::void_t<decltype(std::declval<const T&>().items.size())>> : std::true_type {};

/// What it takes of the limit.
std::size_t size_of(const event& what) {
  return std::visit(
    [](const auto& x) -> std::size_t {
      using type = std::decay_t<decltype(x)>;
      if constexpr (names_items<type>::value) {
        return 1 + x.items.size();
      } else {
        return 1;
      }
    },
    what);
}

} // namespace

struct event_feed::state {
  std::function<void(const node_event&)> on_event;
  std::size_t limit = 0;
  std::mutex guard;
  std::condition_variable changed;
  std::deque<node_event> queue;
  std::size_t size = 0;     ///< of the queue
  bool full = false;        ///< what comes is dropped
  std::uint64_t missed = 0; ///< dropped since the listener heard of it
  std::uint64_t told = 0, dropped = 0;
  bool ending = false;                                             ///< nothing more is queued
  bool closed = false;                                             ///< nothing more is told
  std::optional<std::chrono::steady_clock::time_point> give_up_at; ///< the same, from then on
  bool over = false;
  std::thread thread;
  std::thread::id thread_id;
};

event_feed::event_feed(std::function<void(const node_event&)> on_event, std::size_t limit)
  : state_(std::make_shared<state>()) {
  state_->on_event = std::move(on_event);
  state_->limit = limit;
  std::lock_guard<std::mutex> lock{state_->guard};
  state_->thread = std::thread{[s = state_] { live(s); }};
  state_->thread_id = state_->thread.get_id();
}

event_feed::~event_feed() {
  {
    std::lock_guard<std::mutex> lock{state_->guard};
    if (!state_->ending) {
      state_->give_up_at = std::chrono::steady_clock::now() + last_words;
    }
  }
  begin_end(false);
  join();
  if (state_->thread.joinable()) {
    state_->thread.detach(); // this thread itself, or one that is in user code
  }
}

void event_feed::live(const std::shared_ptr<state>& s) {
  pthread_setname_np(pthread_self(), "djm-events");
  std::unique_lock<std::mutex> lock{s->guard};
  while (!s->closed && !(s->give_up_at && std::chrono::steady_clock::now() > *s->give_up_at)) {
    if (s->queue.empty()) {
      if (s->ending) {
        break;
      }
      s->changed.wait(lock);
      continue;
    }
    const auto e = std::move(s->queue.front());
    s->queue.pop_front();
    s->size -= size_of(e.what);
    ++s->told;
    lock.unlock();
    try {
      s->on_event(e);
    } catch (const abi::__forced_unwind&) {
      lock.lock(); // the listener ends its thread
      s->over = true;
      s->changed.notify_all();
      throw;
    } catch (...) {
      // The listener is user code: what it throws ends here.
    }
    lock.lock();
  }
  auto listener = std::exchange(s->on_event, nullptr);
  auto unheard = std::exchange(s->queue, {});
  lock.unlock();
  listener = nullptr; // what it owns is user code: destroyed without the lock, and waited for
  unheard.clear();
  lock.lock();
  s->over = true;
  s->changed.notify_all();
}

event_feed::taken event_feed::push(node_event e) {
  auto& s = *state_;
  std::lock_guard<std::mutex> lock{s.guard};
  if (s.ending) {
    return taken::ended;
  }
  const auto add = [&s](node_event x) {
    s.size += size_of(x.what);
    s.queue.push_back(std::move(x));
  };
  const bool was_full = std::exchange(s.full, s.size > (s.full ? s.limit / 2 : s.limit));
  if (s.full) {
    ++s.dropped;
    ++s.missed;
    return was_full ? taken::no : taken::no_longer;
  }
  if (const auto n = std::exchange(s.missed, 0); n > 0) {
    add({e.node, e.at_ms,
         problem{
           "listener",
           {errc::user_code_hangs, std::to_string(n) + " events dropped: the listener did not take them in time"}}});
  }
  add(std::move(e));
  s.changed.notify_all();
  return taken::yes;
}

event_status event_feed::look() const {
  std::lock_guard<std::mutex> lock{state_->guard};
  return {state_->told, state_->dropped, state_->queue.size()};
}

bool event_feed::is_over() const {
  std::lock_guard<std::mutex> lock{state_->guard};
  return state_->over;
}

void event_feed::begin_end(bool closed) {
  std::lock_guard<std::mutex> lock{state_->guard};
  state_->ending = true;
  state_->closed = state_->closed || closed;
  state_->changed.notify_all();
}

bool event_feed::is_own_thread() const {
  return state_->thread_id == std::this_thread::get_id();
}

bool event_feed::wait(std::chrono::steady_clock::time_point until) {
  std::unique_lock<std::mutex> lock{state_->guard};
  return state_->changed.wait_until(lock, until, [this] { return state_->over; });
}

void event_feed::join() {
  std::thread thread;
  {
    std::lock_guard<std::mutex> lock{state_->guard};
    if (state_->over && !is_own_thread()) {
      thread.swap(state_->thread);
    }
  }
  if (thread.joinable()) {
    thread.join();
  }
}

void event_feed::end(const std::vector<std::shared_ptr<event_feed>>& feeds, duration patience) {
  // First the backlog; when that is given up, what the listeners are being told, which may use what its owner destroys
  // next.
  for (const bool closed : {false, true}) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (const auto& f : feeds) {
      f->begin_end(closed && !f->is_own_thread());
    }
    for (const auto& f : feeds) {
      if (!f->is_own_thread()) {
        f->wait(until);
      }
    }
  }
  for (const auto& f : feeds) {
    f->join();
  }
}

void event_feed::end(duration patience) {
  end({std::shared_ptr<event_feed>{std::shared_ptr<void>{}, this}}, patience);
}

bool event_feed::cancel(duration patience) {
  begin_end(true);
  if (is_own_thread()) {
    return false;
  }
  wait(std::chrono::steady_clock::now() + patience);
  join();
  return true;
}

} // namespace djm
