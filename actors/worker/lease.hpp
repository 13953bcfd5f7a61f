#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "djm/time.hpp"
#include "zkstore/session_core.hpp"

namespace djm {

/// The local deadline of protocol §5: how long this node may go on working with the locks it holds, on its own clock.
///
///   deadline = contact + T + D - margin,   margin = 5 % of (T + D)
///
/// Contact counts only for the session in which the locks were read again after the join. A session that we close
/// ourselves ends its part: deadline = min(deadline, close + D - margin). Only differences of clock *rates* between
/// machines matter, and the margin covers them.
class lease {
public:
  explicit lease(duration detach_tolerance, duration stop_grace) : d_(detach_tolerance), grace_(stop_grace) {}

  /// The locks were read in session `number`, whose negotiated timeout is `timeout`.
  void verified(std::uint64_t number, duration timeout) {
    number_ = number;
    t_ = timeout;
    told_.reset();
  }
  /// The session was joined again or lost: contact counts no more until `verified`.
  void unverified() { number_ = 0; }

  /// True when the deadline moved.
  bool contact(std::uint64_t number, time_point at) {
    if (number == 0 || number != number_) {
      return false;
    }
    contact_ = at;
    contact_number_ = number;
    auto next = at + t_ + d_ - margin();
    if (deadline_ && next <= *deadline_) {
      return false;
    }
    deadline_ = next;
    return true;
  }

  /// The server granted `timeout` on a reconnect of session `number`. It may end the session that much sooner from now
  /// on, so a shorter one counts for the latest contact too; a longer one does from the next `verified`.
  bool granted(std::uint64_t number, duration timeout) {
    if (number == 0 || number != contact_number_ || timeout >= t_) {
      return false;
    }
    t_ = timeout;
    auto bound = contact_ + t_ + d_ - margin();
    if (*deadline_ <= bound) {
      return false;
    }
    deadline_ = bound;
    return true;
  }

  /// We closed the session at `at`: the others may take it as gone from then on.
  bool closed(time_point at) {
    number_ = 0;
    auto bound = at + after_close();
    if (!deadline_ || *deadline_ <= bound) {
      return false;
    }
    deadline_ = bound;
    return true;
  }

  /// The deadline is told now. True when that only makes longer what was told last since `verified`, and is in force
  /// still.
  bool tell(time_point now) {
    const bool goes_on = told_ && now < *told_ - grace_ && *told_ <= *deadline_;
    told_ = deadline_;
    return goes_on;
  }

  /// Somebody has removed `alive/<w>` while the session lives: the others may count from the latest contact.
  bool removed() { return contact_number_ != 0 && closed(contact_); }

  /// What becomes of a session; true when the deadline moved.
  bool on_session(const store::session_view& v) {
    using phase = store::session_phase;
    const bool moved = v.phase == phase::closed && closed(v.closed_at);
    if (v.phase == phase::closed || v.phase == phase::expired) {
      unverified();
    }
    return (v.phase == phase::connected && granted(v.number, v.timeout)) || moved;
  }

  /// The session of the latest contact.
  std::uint64_t session() const { return contact_number_; }
  /// What is left of the lease, at most, when that session is closed.
  duration after_close() const { return d_ - margin(); }
  duration margin() const { return (t_ + d_) / 20; }
  std::optional<time_point> deadline() const { return deadline_; }
  std::optional<time_point> run_until() const {
    return deadline_ ? std::optional<time_point>{*deadline_ - grace_} : std::nullopt;
  }

private:
  duration d_;
  duration grace_;
  duration t_ = duration::zero();
  std::uint64_t number_ = 0;
  /// The latest contact, and its session.
  time_point contact_{};
  std::uint64_t contact_number_ = 0;
  std::optional<time_point> deadline_;
  std::optional<time_point> told_;
};

} // namespace djm
