#pragma once

#include "djm/time.hpp"

namespace djm {

/// The lease of the node as the runner was told of it.
class runner_lease {
public:
  /// Runs may start before `run_until`, are asked to stop at it, and are overruns after `deadline`.
  void renew(time_point run_until, time_point deadline) {
    leased_ = true;
    run_until_ = run_until;
    deadline_ = deadline;
  }
  void look(time_point now) { over_ = now >= run_until_; }

  bool in_force(time_point now) const { return leased_ && now < run_until_; }
  bool has_ended(time_point now) const { return leased_ && now >= run_until_; }
  bool is_past_deadline(time_point now) const { return leased_ && now >= deadline_; }
  /// There is one, and it was in force at the latest event that looked: without it nothing that waits for a start needs
  /// a timer.
  bool seen_in_force() const { return leased_ && !over_; }
  bool leased() const { return leased_; }
  time_point run_until() const { return run_until_; }
  time_point deadline() const { return deadline_; }

private:
  time_point run_until_{};
  time_point deadline_{};
  bool leased_ = false;
  bool over_ = false;
};

} // namespace djm
