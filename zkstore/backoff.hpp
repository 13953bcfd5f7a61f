#pragma once

#include <algorithm>
#include <cstdint>

#include "djm/time.hpp"

namespace djm {

/// Delays between retries: doubling from `least` to `most`, each drawn from its upper half so that nodes that failed
/// together do not retry together.
class backoff {
public:
  backoff(duration least, duration most) : least_(least), most_(most), next_(least) {}

  duration draw(std::uint64_t entropy) {
    auto whole = next_;
    next_ = std::min(most_, next_ * 2);
    auto half = whole.count() / 2;
    return duration{half + (half > 0 ? static_cast<duration::rep>(entropy % static_cast<std::uint64_t>(half + 1)) : 0)};
  }

  void reset() { next_ = least_; }

private:
  duration least_;
  duration most_;
  duration next_;
};

} // namespace djm
