#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "djm/job_context.hpp"
#include "simulation/process.hpp"

namespace djm::sim {

/// Processes of commands that the runs of one process have started, each with a helper that goes by the lease as it was
/// told last: they outlive their node when that is frozen or killed, for as long as they may and not a moment less. A
/// helper hears of a shorter lease within the call that tells it, as `open_run::settle` promises for real ones.
///
/// They are in the world's time and not in that of their process. What they do has no influence on anything else, so
/// each run of a simulated job has one.
class virtual_commands {
public:
  /// Called when the last process of a command is dead.
  using ended_function = std::function<void(run_id)>;

  virtual_commands(timeline& t, process& p, ended_function f) : timeline_(t), process_(p), ended_(std::move(f)) {}
  virtual_commands(const virtual_commands&) = delete;
  virtual_commands& operator=(const virtual_commands&) = delete;
  ~virtual_commands() { disarm(); }

  void begin(run_id id) { alive_.insert(id); }
  /// The node has waited until nothing was left of it.
  void end(run_id id) {
    if (alive_.erase(id) > 0) {
      ended_(id);
    }
  }
  bool lives(run_id id) const { return alive_.count(id) > 0; }

  /// By the clock of the machine.
  void lease_told(time_point until) {
    until_ = process_.to_world(until) - kill_reserve;
    arm();
  }
  /// Their helpers find out at once: TERM, and KILL after the grace.
  void node_is_gone(duration grace) {
    const auto by = timeline_.now + grace;
    until_ = until_ ? std::min(*until_, by) : by;
    arm();
  }

private:
  /// In which KILL has taken effect.
  static constexpr duration kill_reserve = std::chrono::milliseconds{10};

  void disarm() {
    if (event_ != 0) {
      timeline_.events.cancel(std::exchange(event_, 0));
    }
  }

  void arm() {
    disarm();
    if (*until_ <= timeline_.now) {
      return kill();
    }
    event_ = timeline_.events.at(*until_, [this] {
      event_ = 0;
      kill();
    });
  }

  void kill() {
    for (const auto id : std::exchange(alive_, {})) {
      ended_(id);
    }
  }

  timeline& timeline_;
  process& process_;
  ended_function ended_;
  std::set<run_id> alive_;
  std::optional<time_point> until_;
  event_queue::id event_ = 0;
};

} // namespace djm::sim
