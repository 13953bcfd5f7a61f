#include "strategies/apportion.hpp"

#include <algorithm>

namespace djm {

namespace {

__extension__ typedef __int128 wide;

class division {
public:
  division(std::uint32_t n, std::vector<share>& parties) : n_(n), rest_(n), parties_(parties) {
    for (const auto& p : parties) {
      weights_ += p.weight;
    }
  }

  std::uint32_t run() {
    free_.assign(parties_.size(), true);
    while (weights_ > 0 && fix_violators()) {
    }
    std::int64_t left = n_;
    for (std::size_t k = 0; k < parties_.size(); ++k) {
      auto& p = parties_[k];
      p.open = false;
      if (free_[k]) {
        const auto ideal = static_cast<wide>(rest_) * p.weight;
        p.quota = static_cast<std::uint32_t>(ideal / weights_);
        p.open = ideal % weights_ != 0;
      }
      left -= p.quota;
    }
    return static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0));
  }

private:
  // The level of the free parties moves as others are fixed at a bound. Fixing the side of the greater violation (or
  // both when equal) never fixes a party wrongly, because the final level lies on the other side of the present one.
  bool fix_violators() {
    wide low = 0;
    wide high = 0;
    for (std::size_t k = 0; k < parties_.size(); ++k) {
      if (free_[k]) {
        low += std::max<wide>(below(k), 0);
        high += std::max<wide>(above(k), 0);
      }
    }
    if (low == 0 && high == 0) {
      return false;
    }
    auto rest = rest_;
    auto weights = weights_;
    for (std::size_t k = 0; k < parties_.size(); ++k) {
      if (!free_[k]) {
        continue;
      }
      auto& p = parties_[k];
      if (low >= high && below(k) > 0) {
        p.quota = p.least;
      } else if (high >= low && above(k) > 0) {
        p.quota = p.most;
      } else {
        continue;
      }
      free_[k] = false;
      rest -= p.quota;
      weights -= p.weight;
    }
    rest_ = rest;
    weights_ = weights;
    return true;
  }

  // How far the ideal of a party is below its least or above its most, in units of 1 / weights_.
  wide below(std::size_t k) const {
    return static_cast<wide>(parties_[k].least) * weights_ - static_cast<wide>(rest_) * parties_[k].weight;
  }
  wide above(std::size_t k) const {
    return static_cast<wide>(rest_) * parties_[k].weight - static_cast<wide>(parties_[k].most) * weights_;
  }

  std::int64_t n_;
  std::int64_t rest_;
  std::int64_t weights_ = 0;
  std::vector<share>& parties_;
  std::vector<bool> free_;
};

} // namespace

std::uint32_t apportion(std::uint32_t n, std::vector<share>& parties) {
  return division{n, parties}.run();
}

} // namespace djm
