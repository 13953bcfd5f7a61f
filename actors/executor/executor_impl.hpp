#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/executor/elastic_pool.hpp"
#include "actors/executor/fair_queue.hpp"
#include "actors/executor/lease_guard.hpp"
#include "actors/executor/run_context.hpp"
#include "actors/executor/thread_executor.hpp"
#include "actors/executor/user_calls.hpp"
#include "djm/open_run.hpp"

namespace djm {

/// Everything that threads touch; they share its ownership.
class thread_executor::impl : public std::enable_shared_from_this<impl> {
public:
  explicit impl(executor_options o)
    : options_(std::move(o)),
      log_(std::move(options_.log)),
      runs_({"djm-run", 1, options_.max_threads, options_.idle_time}),
      calls_({"djm-call", options_.reserved_threads, options_.max_reserved_threads, options_.idle_time}),
      users_({"djm-user", 1, options_.max_reserved_threads, options_.idle_time, options_.overtaken_after}),
      callbacks_({"djm-stop", 1, options_.max_reserved_threads, options_.idle_time}) {}

  run_id next_run_id() { return ++last_run_; }
  /// Starts to watch the lease. Not in the constructor, because the thread shares the ownership.
  void begin();
  void start(std::vector<run_order> orders, done_fn done);
  void request_stop(run_id id, stop_reason reason, const std::vector<item_id>& revoked);
  void tell_revoked(run_id id, const std::vector<item_id>& items);
  void renew_lease(const run_lease& l);
  void session_ends(std::uint64_t session, time_point at);
  void call(std::function<void()> f) {
    calls_.post([self = shared_from_this(), f = std::move(f)] { self->contain(f); });
  }
  void call_user(std::string owner, std::function<void()> f) {
    users_.call(
      std::move(owner), [this, f = std::move(f)] { contain(f); }, shared_from_this());
  }
  std::vector<running_info> running(const job_id& job) const;
  std::optional<running_info> look(run_id id) const;
  bool runs(const job_id& job) const;
  void adopt(const job_id& job, const done_fn& done);
  void keep_states(state_keeper k);
  executor_stats stats() const;
  executor_leftovers shutdown(time_point deadline);
  duration patience() const { return options_.patience; }

private:
  /// Runs that were started together share it.
  using shared_done = std::shared_ptr<const done_fn>;
  struct entry {
    std::shared_ptr<run_context> run;
    shared_done done;
    time_point accepted{};
    duration grace = duration::zero();
    bool started = false;
    bool question = false;
    /// Its code has taken it over: it is on no thread.
    bool open = false;
    /// Once started.
    std::thread::id thread;
    time_point began{};
  };
  using entries = std::unordered_map<run_id, entry>;
  using entry_node = entries::node_type;

  std::string complaint(const run_order& order) const;
  void refuse(run_id id, std::string why, const shared_done& done);
  void accept(run_order order, const shared_done& done, time_point now);
  std::shared_ptr<const run_services> services();
  void released(run_id id, std::vector<item_id> items, std::optional<std::string> declined = {});
  std::function<duration(state_request)> state_asker();
  duration ask_state(state_request r);
  void execute_next();
  void execute_question(run_id id);
  void execute(run_id id, std::unique_lock<std::mutex> lock);
  void leave_open(run_id id);
  void finish(run_id id, run_result result);
  void follow_lease(run_id id, std::weak_ptr<lease_follower> f);
  void change_lease(const std::function<void()>& change);
  void warn_of_waiting(time_point now);
  void watch_lease();
  std::optional<time_point> watch_at() const;
  void wake_watcher();
  void end_lease(const lease_guard::verdict& v, std::unique_lock<std::mutex>& lock);
  entry_node drop(entries::iterator i);
  void tell_dropped(entry_node dropped);
  void deliver(std::unique_lock<std::mutex> lock, shared_done done, const run_result& result);
  void come_back();
  void report(const std::string& text, log_level level = log_level::error);
  void contain(const std::function<void()>& f);
  std::vector<running_info> list(const job_id& job) const;
  static running_info info_of(run_id id, const entry& e);
  bool settled() const;
  bool none_outside() const;
  bool is_outside() const;
  bool on_own_thread() const;
  executor_leftovers tear_down(std::unique_lock<std::mutex>& lock);

  executor_options options_;
  /// Made with the first run.
  std::shared_ptr<const run_services> services_;
  std::atomic<run_id> last_run_{0};

  mutable std::mutex mutex_;
  /// For shutdown: a run or delivery has ended, the deadline has moved, the work of shutdown is done.
  std::condition_variable changed_;
  entries entries_;
  /// Threads that are within a `done`, the log or the state keeper, some more than once.
  std::vector<std::thread::id> outside_;
  /// Runs that are dropped and not told yet: in no table any more, and nobody is outside for them yet.
  std::size_t untold_ = 0;
  /// Not copied and not changed while a thread is outside.
  log_sink log_;
  std::shared_ptr<const state_keeper> states_; ///< null: nobody
  std::uint64_t finished_ = 0, failed_ = 0, dropped_ = 0, contained_ = 0, lease_stops_ = 0;
  duration lease_stop_lateness_ = duration::zero();
  lease_guard guard_;
  /// Held while followers of the lease are told, so that they hear of its changes in their order; taken before
  /// `mutex_`.
  std::mutex telling_;
  std::map<run_id, std::weak_ptr<lease_follower>> followers_;
  time_point told_ = time_point::max(); ///< how long the lease lasts, as they know it
  std::condition_variable lease_changed_;
  /// When its thread looks again by itself.
  time_point watcher_sleeps_until_ = time_point::max();
  /// Tasks in the pool of runs take whoever is next; there are at least as many.
  fair_queue waiting_;
  std::size_t tasks_ = 0;
  /// When to look whether runs wait for too long; nothing while none waits.
  std::optional<time_point> look_at_waiting_;

  enum class phase { open, closing, tearing_down, closed };
  phase phase_ = phase::open;
  time_point deadline_ = time_point::max();
  executor_leftovers leftovers_;

  // Last, so that no thread exists before, or is joined after, what it uses.
  elastic_pool runs_;
  elastic_pool calls_;
  user_calls users_;
  elastic_pool callbacks_;
  std::thread lease_thread_;
};

} // namespace djm
