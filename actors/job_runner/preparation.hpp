#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/common/open_problems.hpp"
#include "actors/job_runner/runner_effects.hpp"
#include "djm/job_record.hpp"
#include "djm/prepare_context.hpp"

namespace djm {

/// Whether the job is prepared, as far as this node knows, and when this node tries it next, if it has the hidden item
/// of which that is a run. Says nothing about locks and leases. Pure.
class preparation {
public:
  explicit preparation(const runner_config& cfg) : cfg_(cfg), done_(!cfg.spec.prepares) {}

  /// What the record says.
  void follow(const followed_job& f, runner_effects::all& out);
  /// No item may start.
  bool holds_back() const { return !done_; }
  /// Of the runs that start now.
  std::int64_t generation() const { return generation_; }

  /// This node has the item: its code can be called. Of a version that prepares nothing there is nothing to call.
  bool can_begin() const { return !done_ && generation_ > 0 && cfg_.spec.prepares; }
  bool due(time_point now) const { return !next_at_ || *next_at_ <= now; }
  void begun(time_point now);
  /// It is saved as done. The record has to follow: if it does not, that is found out after a while.
  void succeeded(std::int64_t generation, duration took, time_point now, runner_effects::all& out);
  /// The connection was away, and what was to be told to the record may not have been: it is looked at again at once.
  void back(time_point now);
  /// True: another node is to try.
  bool failed(const std::string& why, time_point now, runner_effects::all& out);
  /// Nobody knows more than before: it was stopped, or could not ask the store.
  void interrupted(duration pause, time_point now);
  /// The item is gone: whoever has it tells of its problems.
  void lost(runner_effects::all& out);
  /// Tells of a run that goes on for too long.
  void check(time_point now, runner_effects::all& out);

  /// When there is something to try, where it waits for nothing else, or to tell.
  std::optional<time_point> next_try() const { return next_at_; }
  std::optional<time_point> wake_at() const { return hangs_at_; }

private:
  void tell(errc code, const std::string& text, runner_effects::all& out);
  std::string about() const { return about_job(job_preparation, cfg_.spec.id); }

  const runner_config& cfg_;
  bool done_;
  std::int64_t generation_ = 0;
  std::uint32_t failures_ = 0; ///< in a row
  std::optional<time_point> next_at_;
  std::optional<time_point> hangs_at_; ///< of the run that goes on
  bool told_ = false;                  ///< it is done, and the record has to follow
  open_problems problems_{"job_runner"};
};

} // namespace djm
