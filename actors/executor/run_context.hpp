#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors/executor/executor.hpp"
#include "actors/executor/run_clock.hpp"

namespace djm {

/// What runs need from whoever executes them; many share one.
struct run_services {
  std::shared_ptr<run_clock> clock;
  /// Runs a stop callback soon, on a thread that runs cannot occupy, never from within the call. A task that is
  /// destroyed instead of run counts as called.
  std::function<void(std::function<void()>)> post;
  /// Told about a contained exception, in words. Must not throw.
  std::function<void(const std::string&)> report;
  /// Told, within the call, that this run has released an item, and why it declines it, if it does. May be empty; must
  /// not throw.
  std::function<void(run_id, const item_id&, const std::optional<std::string>&)> released = nullptr;
  /// Passes on what a run asks about the state of an item; returns how long the answer may take, zero when there will
  /// be none. May be empty; must not throw.
  std::function<duration(state_request)> ask_state = nullptr;
  /// Passes on who follows the lease for a run; must not throw. Empty: there is no lease.
  std::function<void(run_id, std::weak_ptr<lease_follower>)> follow_lease = nullptr;
};

/// One run: its stop request, its stop callbacks and the context its code sees. Knows neither pools nor threads, so
/// every executor (also one that runs in lock step on virtual time) uses this one. Thread-safe; held by shared_ptr,
/// because stop callbacks may be posted when the run ends.
///
///   on_stop     request_stop           reserved thread           returned or thrown
///   --------> registered ----> posted ----------------> called --------------------> gone
///                  `--------------'--- subscription destroyed, or run ended ----------^
class run_context final : public job_context, public std::enable_shared_from_this<run_context> {
public:
  run_context(run_order order, run_services services)
    : run_context(std::move(order), std::make_shared<const run_services>(std::move(services))) {}
  run_context(run_order order, std::shared_ptr<const run_services> services);

  /// Calls the user's code on this thread, contains what it throws, then waits until no stop callback is under way and
  /// releases the code. Once. The forced unwinding of a thread that the code ends (`pthread_exit`, cancellation) is
  /// passed on after the same.
  run_result execute();

  /// As `execute`, but asks the code first whether it takes the run over (`job::begin`). Nothing: it has, and `done` is
  /// called once, on whichever thread ends the run.
  std::optional<run_result> begin(std::function<void(run_result)> done);

  /// Items that are taken away: visible to the run, which is not disturbed otherwise.
  void tell_revoked(const std::vector<item_id>& items);

  /// Takes items from a run that has not started; those it held.
  std::vector<item_id> withdraw(const std::vector<item_id>& items);

  /// Makes the request visible and posts the callbacks; again with more items of the run later. The first reason stays.
  /// With the reason `revoked` it is about the revoked items only, as long as the run keeps others.
  void request_stop(djm::stop_reason reason, const std::vector<item_id>& revoked);

  /// Releases the code of a run that will not start.
  void drop() { order_.code.reset(); }

  const job_id& job() const override { return order_.job; }
  run_id run() const override { return order_.id; }
  const std::vector<work_item>& items() const override { return order_.items; }
  const run_purpose& purpose() const { return order_.purpose; }
  /// Without what has been released.
  std::vector<work_item> held_items() const;
  fencing_token token(const item_id& item) const override;
  const user_config& config() const override;
  std::int64_t config_rev() const override { return order_.run_with ? order_.run_with->rev : 0; }
  std::int64_t generation() const override { return order_.purpose.generation; }
  bool stop_requested() const override;
  djm::stop_reason reason() const override;
  std::vector<item_id> revoked_items() const override;
  std::optional<wall_time> slot() const override { return instant(order_.purpose.slot); }
  std::optional<wall_time> due() const override { return instant(order_.purpose.due); }
  missed_slots missed() const override { return order_.purpose.missed; }
  std::uint32_t attempt() const override { return order_.purpose.attempt; }
  void beat(std::uint64_t done, std::uint64_t total, std::string text) override;
  /// When it said last that it is alive, if it has, and how far it had come.
  std::pair<time_point, run_progress> last_beat() const;
  using job_context::wait_for_stop;
  bool stop_requested(const item_id& item) const override;
  void release(const item_id& item) override { let_go(item, {}); }
  void fail_item(const item_id& item, const std::string& what) override;
  void fail_item_for_good(const item_id& item, const std::string& what) override;
  void decline(const item_id& item, const std::string& why) override { let_go(item, why); }
  expected<std::optional<bytes>> load(const item_id& item) override;
  expected<void> save(const item_id& item, const bytes& state) override;
  bool wait_for_stop(duration timeout) override;
  stop_subscription on_stop(std::function<void(djm::stop_reason)> f) override;

private:
  struct callback {
    std::function<void(djm::stop_reason)> f;
    bool called = false;
    std::thread::id thread;
  };
  struct subscription;
  class opened;
  enum class opening : std::uint8_t { none, begins, open };

  static std::optional<wall_time> instant(std::optional<std::int64_t> ms) {
    return ms ? std::optional{wall_time{std::chrono::milliseconds{*ms}}} : std::nullopt;
  }
  run_result conclude(const std::function<void()>& code);
  static void run_code(const std::function<void()>& code, run_result& result);
  void finish_open(std::exception_ptr thrown);
  void follow_lease(std::weak_ptr<lease_follower> f);
  void post_callback(std::uint64_t id);
  void call_back(std::uint64_t id);
  void called_back(std::uint64_t id);
  void unsubscribe(std::uint64_t id);
  void end();
  void sort_places();
  expected<std::optional<bytes>> ask_state(const item_id& item, std::optional<bytes> save);
  bool wait(std::unique_lock<std::mutex>& lock, time_point deadline, const std::function<bool()>& ready);
  void wake();
  const work_item* find(const item_id& item) const;
  void let_go(const item_id& item, const std::optional<std::string>& declined);
  void note_revoked(const std::vector<item_id>& items);
  bool keeps_some() const;
  /// Whether a request to stop stands: for the whole run, or for items that it has not released yet.
  bool asked() const { return stopped_ || (presses_ > 0 && owed_ > 0); }

  /// Items in the order in which the run sees them.
  run_order order_;
  /// Places in it, by id, where there are several.
  std::vector<std::size_t> by_id_;
  const std::shared_ptr<const run_services> services_;

  mutable std::mutex mutex_;
  /// There once somebody has waited: most runs never do.
  std::unique_ptr<wait_point> changed_;
  bool stopped_ = false;
  bool ended_ = false;
  opening opening_ = opening::none;
  std::optional<std::exception_ptr> finished_; ///< before `begin` of the code has returned
  std::function<void(run_result)> open_done_;
  djm::stop_reason reason_ = djm::stop_reason::none;
  std::set<item_id> revoked_;
  std::set<item_id> released_;
  std::size_t owed_ = 0;      ///< revoked and not released
  std::uint64_t presses_ = 0; ///< requests to release what was revoked
  std::uint64_t heard_ = 0;   ///< those that have cut a wait short
  std::map<item_id, std::string> failed_;
  std::set<item_id> for_good_; ///< of those
  time_point beat_{};
  run_progress progress_;
  std::map<std::uint64_t, callback> callbacks_;
  std::uint64_t last_callback_ = 0;
};

/// Calls `f` and contains what it throws, but for the forced unwinding of a thread that ends. Returns whether it threw;
/// then `text` says what.
bool throws(const std::function<void()>& f, std::string& text);

} // namespace djm
