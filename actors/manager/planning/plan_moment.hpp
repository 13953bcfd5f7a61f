#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "djm/time.hpp"

namespace djm {

/// Whether a plan is wanted, and from when on. Changes that come one after the other make one plan: it waits until
/// there was none for `debounce`, but never longer than `max_wait` after the first.
class plan_moment {
public:
  plan_moment(duration debounce, duration max_wait) : debounce_(debounce), max_wait_(max_wait) {}

  bool wanted() const { return wanted_; }
  bool due(time_point now) const { return wanted_ && at_ && now >= *at_; }
  /// Nothing: no plan is wanted.
  std::optional<time_point> next() const { return wanted_ ? at_ : std::nullopt; }

  /// The image has changed. `others`: so long those may take that are not to be seen yet, and that the plan had better
  /// wait for.
  void changed(time_point now, duration others = duration::zero()) {
    if (!wanted_) {
      since_ = now;
    }
    wanted_ = true;
    at_ = std::min(now + std::max(debounce_, others), since_ + std::max(max_wait_, 3 * others));
  }
  /// A plan is wanted, at this moment.
  void at(time_point t) {
    wanted_ = true;
    at_ = t;
  }
  /// A plan is wanted at `t`, or earlier if it is wanted earlier for another reason.
  void not_later_than(time_point t, time_point now) {
    if (!std::exchange(wanted_, true)) {
      since_ = now;
      at_ = t;
    }
    at_ = std::min(at_.value_or(t), t);
  }
  /// The plan is being made.
  void taken() {
    wanted_ = false;
    at_.reset();
  }

private:
  duration debounce_;
  duration max_wait_;
  bool wanted_ = false;
  std::optional<time_point> at_;
  time_point since_{}; ///< the first of the changes that wait
};

} // namespace djm
