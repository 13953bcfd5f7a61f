#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "djm/plan.hpp"

/// The figures of the planner as a table, each beside its limit and beside a plain copy of the owners on this machine.
namespace djm::bench {

struct figure {
  std::string name;
  std::size_t items = 0;
  double limit_ms = 0;     ///< 0 = none stated
  double wall_ms = 0;      ///< median
  double processor_ms = 0; ///< median, of the one thread
  plan_summary summary;
  double bytes_per_item = 0; ///< peak beyond input and output
  bool fully_eligible = false;
};

/// The case that the others are compared with.
constexpr const char* copy_case = "plain copy of the owners";

void print_figures(const std::vector<figure>& figures);

/// The model of 372 items on eight workers that start one after another: the planner beside the seed system.
void print_small_model();

} // namespace djm::bench
