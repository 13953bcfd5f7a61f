#pragma once

#include <vector>

#include "actors/executor/executor.hpp"
#include "actors/node/guarded_job.hpp"

namespace djm {

/// Names what keeps a job: its runs, its other functions, its destructor.
error hanging_error(const node_id& node, const job_id& job, const job_activity& activity,
                    const std::vector<running_info>& running);

} // namespace djm
