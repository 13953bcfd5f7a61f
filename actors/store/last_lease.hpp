#pragma once

#include <optional>

#include "djm/time.hpp"

namespace djm {

/// A part has read older data than it wrote itself: the store was restored, and this life of the node has to end. Its
/// lease may have just begun; it ends as if we ended the session now, D later at the latest. When nothing runs then,
/// nothing can start any more, and the life may end. Pure.
class last_lease {
public:
  /// True the first time: the lease has to be ended, from `now` on. `tolerance` is D.
  bool begin(time_point now, duration tolerance) {
    if (ends_at_) {
      return false;
    }
    ends_at_ = now + tolerance;
    return true;
  }
  /// Whether the life may end. `runs`: anything of this node still runs.
  bool over(time_point now, bool runs) const { return ends_at_ && now >= *ends_at_ && !runs; }

private:
  std::optional<time_point> ends_at_;
};

} // namespace djm
