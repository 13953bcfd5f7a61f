#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "zkstore/types.hpp"

namespace djm::store {

/// When it was committed, by the wall clock of the server that led then, in ms of Unix time. Nothing: it sets nothing,
/// or the store does not say when.
inline std::optional<std::int64_t> time_of(const committed& done) {
  std::optional<std::int64_t> latest;
  for (const auto& r : done.results) {
    if (r.stat.mtime_ms > 0) {
      latest = std::max(latest.value_or(0), r.stat.mtime_ms);
    }
  }
  return latest;
}

} // namespace djm::store
