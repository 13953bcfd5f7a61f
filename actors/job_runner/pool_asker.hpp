#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/job_runner/runner_effects.hpp"

namespace djm {

/// The pool function: when it is asked, and what becomes of its answers.
class pool_asker {
public:
  explicit pool_asker(const runner_config& cfg) : cfg_(cfg), backoff_(cfg.backoff_min, cfg.backoff_max) {}

  void begin(step s) { due_ = s.now; }
  /// Asks where it is time, under a number above `last_request`, and sees whether a call hangs.
  void check(std::uint64_t& last_request, step s, runner_effects::all& out);
  void answer(std::uint64_t request, const expected<std::vector<item_id>>& pool, step s, runner_effects::all& out);
  /// `pool_check_period` may be another one.
  void period_changed(step s);
  /// Asks no more.
  void stop();

  std::optional<time_point> wake_at() const { return earliest(due_, hangs_at_); }
  const std::string& failure() const { return failure_; }
  std::uint64_t checks() const { return checks_; }
  std::uint64_t failures() const { return failures_; }

private:
  void ask_later(step s);
  std::vector<item_id> valid_names(const std::vector<item_id>& pool, runner_effects::all& out);

  const runner_config& cfg_;
  std::uint64_t request_ = 0;
  bool known_ = false; ///< the pool function has answered once
  bool stopped_ = false;
  backoff backoff_;
  duration period_ = duration::zero(); ///< with which `due_` was computed
  std::optional<time_point> due_;
  std::optional<time_point> hangs_at_;
  std::string failure_; ///< what it did wrong the last time
  std::uint64_t checks_ = 0;
  std::uint64_t failures_ = 0;
};

} // namespace djm
