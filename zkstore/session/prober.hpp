#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "djm/time.hpp"
#include "zkstore/ensemble_port.hpp"

namespace djm::store {

/// Decides when to probe and what the answers prove (protocol §1). Pure.
///
/// A probe is a transaction of one check. The *contact* is the send time of the latest successful probe that another
/// successful probe of the same session followed T/3 or more later: a follower hands session touches to its leader only
/// now and then, so the latest probe alone proves nothing about what the leader has seen.
class prober {
public:
  /// Probes not yet answered, at most.
  static constexpr std::size_t max_outstanding = 2;

  void start(std::string path, duration session_timeout, time_point now);
  void stop();
  bool active() const noexcept { return active_; }
  const std::string& path() const noexcept { return path_; }

  /// The server granted another timeout on a reconnect.
  void set_timeout(duration session_timeout);

  /// When the next probe is due; nothing while stopped.
  std::optional<time_point> due() const;

  /// To be called when due: whether a probe is to be sent now. Moves the due time in any case.
  bool take_turn(time_point now);

  void sent(op_id_t id, time_point now);

  enum class verdict : std::uint8_t { nothing, contact, gone };

  /// The answer to a probe that was sent. `contact`: `contact()` has moved.
  verdict answered(op_id_t id, rc code);

  /// Latest contact of this session; nothing before the first.
  const std::optional<time_point>& contact() const noexcept { return contact_; }

private:
  struct flight {
    op_id_t id;
    time_point sent;
  };

  bool active_ = false;
  std::string path_;
  duration interval_ = duration::zero();
  time_point next_{};
  std::deque<flight> outstanding_;
  /// Send times of successful probes that still wait for one to follow them, ascending.
  std::deque<time_point> successes_;
  std::optional<time_point> contact_;
};

} // namespace djm::store
