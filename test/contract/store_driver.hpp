#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "zkstore/ensemble_port.hpp"
#include "zkstore/session_core.hpp"

namespace djm::contract {

/// A session core pumped by real time over any factory, for use from one test thread: blocking calls with wide bounds.
/// A call that meets its bound throws `std::runtime_error`, which fails the test case.
class store_driver {
public:
  static constexpr duration wide = std::chrono::seconds{30};

  /// Whatever clients of the session are told, in order.
  using delivery = std::variant<store::session_core::commit_done, store::session_core::read_done,
                                store::session_core::watch_fired, store::session_core::session_changed,
                                store::session_core::contact_advanced, store::session_core::probe_failed>;

  /// Opens a session and, unless told otherwise, waits until it is connected.
  store_driver(store::session_factory& factory, store::session_options options, store::session_limits limits = {},
               bool wait_for_connect = true);
  /// Closes the session and waits for the end of its handle.
  ~store_driver();

  store_driver(const store_driver&) = delete;
  store_driver& operator=(const store_driver&) = delete;

  const store::session_view& view() const noexcept { return core_.view(); }
  const store::session_counters& counters() const noexcept { return core_.counters(); }

  /// Number of the ticket; the answer is waited for with `wait_commit` or `wait_read`.
  std::uint64_t start_commit(store::transaction txn, std::uint32_t client = 1);
  std::uint64_t start_read(std::vector<store::read_op> reads, bool fresh = false, std::uint32_t client = 1);
  store::commit_outcome wait_commit(std::uint64_t request);
  store::read_outcome wait_read(std::uint64_t request);

  store::commit_outcome commit(store::transaction txn, std::uint32_t client = 1);
  store::read_outcome read(std::vector<store::read_op> reads, bool fresh = false, std::uint32_t client = 1);

  /// Convenience for cases: must succeed, else throws with the outcome in words.
  store::committed must_commit(store::transaction txn);
  store::read_result must_read(store::read_op op, bool fresh = false);

  /// The next watch event of `client` that no call has returned yet.
  store::watch_event wait_watch(std::uint32_t client = 1);
  /// Whether an event of `client` is there, after a barrier: what happened before has been told.
  bool watch_pending(std::uint32_t client = 1);

  void wait_phase(store::session_phase phase);
  /// Waits until the core has announced a view of this phase since the last call (it may have passed already).
  void wait_announced(store::session_phase phase);
  /// Waits until `done` says so; `what` goes into the failure.
  void wait_until(const std::function<bool()>& done, const std::string& what);

  void open();
  /// Asks for the end; `wait_closed` waits for the handle.
  void close();
  void wait_closed();
  /// Destroys the handle without closing it, as a crash does. The driver is of no use afterwards.
  void drop();
  void forget(std::uint32_t client);
  void start_probing(std::string path);

  /// Everything told so far, answers and events that were returned included.
  const std::vector<delivery>& history() const noexcept { return history_; }

private:
  struct mailbox;

  time_point now() const;
  std::uint64_t entropy();
  void carry_out(store::session_core::effects effects);
  /// Handles what is there, waiting for it at most until `limit`.
  void pump(time_point limit);

  store::session_factory& factory_;
  store::session_options options_;
  store::session_core core_;
  std::shared_ptr<mailbox> mailbox_;
  std::map<std::uint64_t, std::unique_ptr<store::session_port>> ports_;
  std::optional<store::session_core::arm_timer> timer_;
  std::vector<delivery> history_;
  std::map<std::uint64_t, store::commit_outcome> commits_;
  std::map<std::uint64_t, store::read_outcome> reads_;
  std::map<std::uint32_t, std::deque<store::watch_event>> watches_;
  std::deque<store::session_phase> phases_;
  std::uint64_t last_request_ = 0;
  std::uint64_t random_ = 88172645463325252ULL;
  bool dropped_ = false;
};

/// For messages: "committed{zxid 5}", "conflict{1, no_node}", ...
std::string to_text(const store::commit_outcome& outcome);
std::string to_text(const store::read_outcome& outcome);

} // namespace djm::contract
