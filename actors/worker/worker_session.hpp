#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "actors/worker/worker_effects.hpp"
#include "zkstore/session_core.hpp"

namespace djm {

/// The session of this node as its worker sees it, and whether the keeper has joined the cluster in it.
class worker_session {
public:
  /// True: it is another session than before, and nothing is known of it.
  bool on_session(const store::session_view& view) {
    const bool other = view.number != session_;
    if (other) {
      beginning_ = view.asked_at;
    }
    session_ = view.number;
    timeout_ = view.timeout;
    connected_ = view.phase == store::session_phase::connected;
    if (other || view.phase == store::session_phase::closed || view.phase == store::session_phase::expired) {
      joined_ = false;
    }
    return other;
  }

  /// `alive_data` is what the keeper wrote into `alive/<worker>`. False: not in this session, or known already.
  bool on_joined(std::uint64_t number, std::string alive_data) {
    alive_data_ = std::move(alive_data);
    if (number != session_ || number == 0 || joined_) {
      return false;
    }
    return joined_ = true;
  }
  /// When the session began at the earliest, once: what is read after the first join in it has its whole T. Nothing
  /// when that may be over.
  std::optional<time_point> take_beginning(time_point now) {
    const auto began = std::exchange(beginning_, std::nullopt);
    return began && now < *began + timeout_ ? began : std::nullopt;
  }
  void on_unjoined() { joined_ = false; }

  /// `alive/<worker>` has gone: the keeper joins again and tells us.
  void lost(worker_effects& out) {
    joined_ = false;
    out.push_back(registration_lost{});
  }

  bool connected() const { return connected_; }
  bool online() const { return connected_ && joined_; }
  std::uint64_t session() const { return session_; }
  /// What the server granted, from the end of contact to the end of the session.
  duration timeout() const { return timeout_; }
  const std::string& alive_data() const { return alive_data_; }

private:
  std::uint64_t session_ = 0;
  duration timeout_ = duration::zero();
  bool connected_ = false;
  bool joined_ = false; ///< in this session
  std::optional<time_point> beginning_;
  std::string alive_data_;
};

} // namespace djm
