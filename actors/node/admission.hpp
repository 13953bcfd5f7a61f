#pragma once

#include "djm/error.hpp"
#include "djm/job_spec.hpp"
#include "djm/node_config.hpp"

namespace djm {

/// Whether a node with this configuration can run this job: the job is valid in itself, its grace leaves time to run,
/// and what it publishes fits into the store.
expected<void> check_admission(const job_spec& spec, const node_config& config);

} // namespace djm
