#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/common/open_problems.hpp"
#include "actors/job_runner/runner_effects.hpp"
#include "djm/user_config.hpp"

namespace djm {

/// The configuration that runs get: the job's code is asked about each one before it is used. One that it refuses, or
/// about which it does not come back, changes nothing. Pure.
class config_asker {
public:
  explicit config_asker(const runner_config& cfg) : cfg_(cfg) {}

  /// What the record says. The code is asked, under a number above `last_request`, where that is another one than runs
  /// get already; an empty one is not asked about.
  void follow(const user_config& config, std::int64_t rev, std::uint64_t& last_request, step s,
              runner_effects::all& out);
  /// Answers to former questions change nothing.
  void answer(std::uint64_t request, const expected<void>& verdict, runner_effects::all& out);
  /// Sees whether a call hangs.
  void check(step s, runner_effects::all& out);

  /// Runs may start: there is a configuration for them. Before a record was followed they get none.
  bool usable() const { return usable_; }
  std::optional<time_point> wake_at() const { return hangs_at_; }

private:
  void report(errc code, const std::string& what, runner_effects::all& out);

  const runner_config& cfg_;
  bool usable_ = true;
  bool followed_ = false; ///< one was taken
  user_config taken_;     ///< what runs get, as it is stored
  user_config asked_;     ///< what the code is asked about
  std::int64_t rev_ = 0;  ///< of the record that says so
  std::uint64_t request_ = 0;
  std::optional<time_point> hangs_at_;
  open_problems problems_{"job_runner"};
};

} // namespace djm
