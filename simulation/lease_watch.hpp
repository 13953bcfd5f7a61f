#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "actors/executor/lease_guard.hpp"
#include "simulation/process.hpp"

namespace djm::sim {

/// What the thread that watches the lease is to a real process: it goes on while actors are held, and stands still with
/// the process.
class lease_watch {
public:
  using act_function = std::function<void(const lease_guard::verdict&)>;

  /// `act` asks the runs; it may call `forget`.
  lease_watch(timeline& t, process& p, act_function act) : timeline_(t), process_(p), act_(std::move(act)) {}

  void renew(const run_lease& l) {
    guard_.renew(l);
    arm();
  }
  void session_ends(std::uint64_t session, time_point at) {
    guard_.session_ends(session, at);
    arm();
  }
  void watch(run_id id, duration grace) {
    guard_.watch(id, grace);
    arm();
  }
  void forget(run_id id) { guard_.forget(id); }
  /// How long it lasts, by the clock of the process; nothing before the first.
  std::optional<time_point> ends_at() const { return guard_.ends_at(); }
  bool admits(duration grace) const { return guard_.admits(grace, process_.local_now()); }

private:
  void arm() {
    const auto at = guard_.wake_at();
    if (at == armed_for_) {
      return;
    }
    process_.cancel(timer_);
    armed_for_ = at;
    if (at) {
      timer_ =
        process_.later(std::max(timeline_.now, process_.to_world(*at)), process::kind::timer, [this] { look(); });
    }
  }

  void look() {
    armed_for_.reset();
    act_(guard_.look(process_.local_now()));
    arm();
  }

  timeline& timeline_;
  process& process_;
  act_function act_;
  lease_guard guard_;
  std::optional<time_point> armed_for_;
  process::pending_id timer_ = 0;
};

} // namespace djm::sim
