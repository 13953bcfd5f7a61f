#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/executor/executor_impl.hpp"

/// What the thread that watches the lease does.
namespace djm {

void thread_executor::impl::begin() {
  std::lock_guard<std::mutex> guard{mutex_};
  lease_thread_ = std::thread{[self = shared_from_this()] { self->watch_lease(); }};
}

/// The thread that sees to the end of the lease.
void thread_executor::impl::watch_lease() {
  pthread_setname_np(pthread_self(), "djm-lease");
  // Condition variables do not notice that the machine was suspended.
  constexpr duration suspend_check = std::chrono::milliseconds{100};
  std::unique_lock<std::mutex> lock{mutex_};
  while (phase_ < phase::tearing_down) {
    const auto verdict = guard_.look(boot_now());
    if (!verdict.stop.empty() || !verdict.overrun.empty()) {
      end_lease(verdict, lock);
      continue;
    }
    if (look_at_waiting_ && boot_now() >= *look_at_waiting_) {
      warn_of_waiting(boot_now());
    }
    if (const auto at = watch_at()) {
      const auto now = boot_now();
      watcher_sleeps_until_ = std::min(*at, now + suspend_check);
      lease_changed_.wait_for(lock, std::max(duration::zero(), duration{watcher_sleeps_until_ - now}));
    } else {
      watcher_sleeps_until_ = time_point::max();
      lease_changed_.wait(lock);
    }
  }
}

/// When there is something to see next.
std::optional<time_point> thread_executor::impl::watch_at() const {
  const auto at = guard_.wake_at();
  return at && look_at_waiting_ ? std::min(*at, *look_at_waiting_) : at ? at : look_at_waiting_;
}

/// Where it would sleep for too long: a short run costs nobody's sleep.
void thread_executor::impl::wake_watcher() {
  if (const auto at = watch_at(); at && *at < watcher_sleeps_until_) {
    watcher_sleeps_until_ = *at;
    lease_changed_.notify_all();
  }
}

/// First every run is asked; nothing in that waits for user code. Stop callbacks and those that had not begun follow on
/// other threads.
void thread_executor::impl::end_lease(const lease_guard::verdict& v, std::unique_lock<std::mutex>& lock) {
  std::vector<std::shared_ptr<run_context>> runs;
  std::vector<std::shared_ptr<entry_node>> dropped;
  for (auto id : v.stop) {
    auto i = entries_.find(id);
    if (i->second.started) {
      runs.push_back(i->second.run);
    } else {
      dropped.push_back(std::make_shared<entry_node>(drop(i)));
    }
  }
  std::vector<running_info> overrun;
  for (auto id : v.overrun) {
    if (auto i = entries_.find(id); i != entries_.end() && i->second.started) {
      overrun.push_back({id, i->second.run->job(), i->second.run->items(), true});
    }
  }
  lock.unlock();
  for (auto& run : runs) {
    run->request_stop(stop_reason::lease_expiring, {});
  }
  const auto now = boot_now();
  for (auto& d : dropped) {
    callbacks_.post([self = shared_from_this(), d] { self->tell_dropped(std::move(*d)); });
  }
  if (options_.overrun) {
    for (auto& r : overrun) {
      options_.overrun(r);
    }
  }
  lock.lock();
  lease_stops_ += v.stop.size();
  if (!v.stop.empty()) {
    lease_stop_lateness_ = std::max(lease_stop_lateness_, now - v.due);
  }
}

void thread_executor::impl::renew_lease(const run_lease& l) {
  change_lease([&] { guard_.renew(l); });
}

void thread_executor::impl::session_ends(std::uint64_t session, time_point at) {
  change_lease([&] { guard_.session_ends(session, at); });
}

/// Whoever follows the lease hears of it before this returns. Where it has become shorter, this waits until they have
/// acknowledged that, or been killed: what is done in the store after this may be the last that this process does for
/// a long time, and the others count from then.
void thread_executor::impl::change_lease(const std::function<void()>& change) {
  std::unique_lock<std::mutex> telling{telling_};
  std::vector<std::shared_ptr<lease_follower>> followers;
  std::unique_lock<std::mutex> lock{mutex_};
  change();
  lease_changed_.notify_all();
  const auto ends = guard_.ends_at().value_or(time_point::max());
  const bool shorter = ends < told_;
  told_ = ends;
  for (const auto& [id, follower] : followers_) {
    if (auto f = follower.lock()) {
      followers.push_back(std::move(f));
    }
  }
  lock.unlock();
  for (const auto& f : followers) {
    contain([&] { f->lease_changed(ends); });
  }
  telling.unlock();
  if (shorter && !followers.empty()) {
    const auto until = saturating_add(boot_now(), options_.follower_patience);
    for (const auto& f : followers) {
      contain([&] { f->settle(until); });
    }
  }
}

void thread_executor::impl::follow_lease(run_id id, std::weak_ptr<lease_follower> f) {
  const auto follower = f.lock();
  std::lock_guard<std::mutex> telling{telling_};
  std::unique_lock<std::mutex> lock{mutex_};
  if (entries_.count(id) == 0) {
    return;
  }
  followers_[id] = std::move(f);
  const auto ends = guard_.ends_at().value_or(time_point::max());
  lock.unlock();
  if (follower) {
    contain([&] { follower->lease_changed(ends); });
  }
}

/// Runs wait for a thread. Says so when one has waited for long, and then seldom as long as any wait.
void thread_executor::impl::warn_of_waiting(time_point now) {
  auto first = now;
  for (auto& [id, e] : entries_) {
    if (!e.started && !e.question) {
      first = std::min(first, e.accepted);
    }
  }
  if (now - first < options_.waits_long) {
    look_at_waiting_ = saturating_add(first, options_.waits_long);
    return;
  }
  constexpr auto silence = std::chrono::minutes{1};
  look_at_waiting_ = saturating_add(now, silence);
  auto text = fmt::format("{} runs of {} jobs wait for a thread, the longest for {}; all {} (max_threads) are busy",
                          waiting_.size(), waiting_.jobs(),
                          describe_duration(std::chrono::duration_cast<std::chrono::milliseconds>(now - first)),
                          std::max(options_.max_threads, 1u));
  callbacks_.post([self = shared_from_this(), text = std::move(text)] { self->report(text, log_level::warning); });
}

void thread_executor::renew_lease(const run_lease& l) {
  impl_->renew_lease(l);
}

void thread_executor::session_ends(std::uint64_t session, time_point at) {
  impl_->session_ends(session, at);
}

} // namespace djm
