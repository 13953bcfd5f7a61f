#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "zkstore/session_core.hpp"
#include "zkstore/tree/read_batch.hpp"

namespace djm {

/// A session with the store for one thread at a time, which runs its core whenever it waits: between calls nothing
/// happens but what the store's own client does to keep the session. Not thread-safe.
class store_line {
public:
  using read_done = store::session_core::read_done;
  using commit_done = store::session_core::commit_done;
  using watch_fired = store::session_core::watch_fired;
  using session_changed = store::session_core::session_changed;
  /// The time is over.
  struct nothing {};
  using news = std::variant<nothing, read_done, commit_done, watch_fired, session_changed>;

  store_line(std::shared_ptr<store::session_factory> sessions, store::session_options options,
             store::session_limits limits);
  store_line(const store_line&) = delete;
  store_line& operator=(const store_line&) = delete;
  /// Closes the session.
  ~store_line();

  const store::session_view& view() const noexcept { return core_.view(); }

  // -- questions, answered by `next` with the number that these give --

  std::uint64_t read(std::vector<store::read_op> reads, bool fresh);
  std::uint64_t commit(std::uint64_t session, store::transaction txn);
  /// What comes next, waited for until then.
  news next(time_point until);

  // -- questions that are waited for --

  /// Tried again as long as the connection fails. `not_connected`, `timed_out`, `no_permission` for credentials.
  expected<void> ask(read_batch& batch, bool fresh, time_point until);
  /// A watch has fired, or the session is another one, since this was asked last. For whoever reads again then.
  bool take_stirred() { return std::exchange(stirred_, false); }
  /// What stood in the way of an answer in time.
  error trouble() const;

private:
  struct mailbox;

  std::uint64_t entropy();
  void carry_out(store::session_core::effects effects);
  void pump(time_point until);
  bool refused() const { return core_.view().phase == store::session_phase::refused; }
  std::optional<store::read_outcome> wait_read(std::uint64_t request, time_point until);

  std::shared_ptr<store::session_factory> sessions_;
  store::session_options options_;
  store::session_core core_;
  std::shared_ptr<mailbox> mailbox_;
  std::map<std::uint64_t, std::unique_ptr<store::session_port>> ports_;
  std::optional<store::session_core::arm_timer> timer_;
  std::deque<news> news_;
  error reported_;
  bool stirred_ = true;
  std::uint64_t last_request_ = 0;
  std::uint64_t random_;
};

} // namespace djm
