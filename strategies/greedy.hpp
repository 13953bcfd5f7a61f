#pragma once

#include "djm/plan.hpp"

namespace djm {

/// A valid sticky plan under all rules, item by item: jobs by priority, items stay where they may, orphans go where the
/// job has least, or where the fewest of lower priority have to give way, then items move from the fullest to the
/// emptiest worker of a job while that evens it out. Serves where rules interact so that counting does not suffice;
/// optimal in nothing but always legal.
plan greedy_plan(const assignment_problem& problem, bool even_out_totals);

} // namespace djm
