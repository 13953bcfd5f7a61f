#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "execution/wire/wire.hpp"

namespace djm::exec {

/// When the processes of a command get TERM and KILL, and when nothing of them is left. Pure: the helper tells it what
/// happens and carries out what it says. Times are nanoseconds of CLOCK_BOOTTIME.
///
///   waiting --order--> running --main process ended--> emptying --nothing left--> over
///      `--lease over, asked to stop, or node gone-------------------------------^
class run_core {
public:
  enum class effect {
    start,  ///< the program
    refuse, ///< it: the lease is over
    term,   ///< everything that there is of it
    kill,   ///< the same; again and again until nothing is left
    over,   ///< nothing is left, or there never was anything
    ack,    ///< of the latest lease: what that asks for is done
  };
  using effects = std::vector<effect>;

  /// True: it goes by this one now. Either way `on_wake` is to be called when all that has come was read: it has to be
  /// acknowledged. An older one that comes late changes nothing.
  bool on_lease(const lease& l);
  effects on_order(const order& o, std::int64_t now);
  effects on_stop(std::int64_t grace, std::int64_t now) { return end(ending::asked, grace, now); }
  effects on_node_gone(std::int64_t now);
  /// The program could not be executed; nothing of it is left.
  effects on_refused();
  /// The main process has ended, and nothing is left besides (`empty`), or something is.
  effects on_exited(bool empty, std::int64_t now);
  /// Nothing is left any more.
  effects on_empty();
  effects on_wake(std::int64_t now);

  /// When `on_wake` has something to say next.
  std::optional<std::int64_t> wake_at() const;
  /// The number of the lease that it goes by; 0 before the first.
  std::uint64_t seq() const { return lease_.seq; }
  /// From then on nothing is to be executed any more.
  std::int64_t start_until() const;
  /// What is said of its end.
  gone report() const { return report_; }
  bool is_over() const { return phase_ == phase::over; }
  bool waits() const { return phase_ == phase::waiting; }

private:
  enum class phase { waiting, running, emptying, over };

  effects end(ending why, std::int64_t grace, std::int64_t now);
  effects end_of_all();
  effects due(std::int64_t now);
  std::int64_t kill_at() const;

  phase phase_ = phase::waiting;
  lease lease_{0, 0};
  bool unacknowledged_ = false;
  std::int64_t grace_ = 0, reserve_ = 0, left_over_grace_ = 0;
  /// After a TERM: when KILL follows at the latest, wherever the lease ends.
  std::optional<std::int64_t> kill_by_;
  std::optional<std::int64_t> killed_at_;
  gone report_;
};

} // namespace djm::exec
