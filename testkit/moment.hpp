#pragma once

#include <string>

#include <fmt/format.h>

#include "djm/time.hpp"

namespace djm::test {

/// A virtual time for people: "12.346s".
inline std::string moment(duration d) {
  return fmt::format("{:.3f}s", std::chrono::duration<double>(d).count());
}

} // namespace djm::test
