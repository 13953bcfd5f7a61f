#pragma once

#include "djm/plan.hpp"

namespace djm {

/// Takes back moves that others of the same job make needless: where an item left a worker that another item of its job
/// came to, the first stays and the other one takes the place that the first was going to. Every worker ends with as
/// many items of every job as before, so whatever counts items still holds, and no item loses its place. Items that are
/// pinned, and jobs whose items weigh differently, stay as they are.
void stay_put(const assignment_problem& problem, plan& x);

} // namespace djm
