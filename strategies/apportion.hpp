#pragma once

#include <cstdint>
#include <vector>

namespace djm {

/// One party of an apportionment.
struct share {
  std::uint32_t least = 0;
  std::uint32_t most = UINT32_MAX;
  std::int64_t weight = 1;
  /// Result: what the party gets in any fair solution, and whether it may get one more.
  std::uint32_t quota = 0;
  bool open = false;
};

/// Divides `n` units in proportion to the weights (positive) within the bounds: each party's ideal is `level * weight`,
/// clamped; its quota is the ideal rounded down, and it is open when the ideal is a fraction. Returns the units that
/// are left, to be given to the open parties one each. There are always more open parties than units left, or none:
/// then all parties are at their `most` and the units have no place. `n` below the sum of `least` gives everybody
/// `least`.
std::uint32_t apportion(std::uint32_t n, std::vector<share>& parties);

} // namespace djm
