#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

/// What events and commands cost, in what a core looks at (`looks`): no clock is asked. An event may cost hardly more
/// where there are more items that it is not about, a command to all grows as their number.
///
/// The same tests are compiled once more where the cores count each block of code that they enter (test/unit/scaling):
/// that leaves nothing out.
namespace djm::test {

#ifdef DJM_COUNT_OPERATIONS
constexpr bool counts_everything = true;
constexpr const char* unit_of_work = "blocks of code";
std::uint64_t operations();
template <class Core>
std::uint64_t work_of(const Core&) {
  return operations();
}
#else
constexpr bool counts_everything = false;
constexpr const char* unit_of_work = "looks";
template <class Core>
std::uint64_t work_of(const Core& core) {
  return core.looks();
}
#endif

constexpr double event_limit = 0.2;
constexpr double command_limit = 1.2;

/// By what happens.
using costs = std::map<std::string, double>;

/// Costs at some number of items.
struct costs_at {
  int items = 0;
  costs of;
};

/// The power of the number of items with which a cost grows.
inline double growth(double small, double large, double ratio) {
  return std::log((large + 1) / (small + 1)) / std::log(ratio);
}

/// Prints the exponent of each and fails where one is above the limit.
inline void compare(const std::string& what, const costs_at& few, const costs_at& many, double limit,
                    const char* unit = unit_of_work) {
  const auto exponent = [&](const std::string& event) {
    return growth(few.of.at(event), many.of.at(event), static_cast<double>(many.items) / few.items);
  };
  for (const auto& x : many.of) {
    const auto& event = x.first;
    CHECK_MESSAGE(exponent(event) <= limit, what, ": ", event, ": ", few.of.at(event), ", ", x.second);
    std::printf("figure: %s: %s: %.0f %s at %d items, %.0f at %d, exponent %.2f\n", what.c_str(), event.c_str(),
                few.of.at(event), unit, few.items, x.second, many.items, exponent(event));
  }
}

} // namespace djm::test
