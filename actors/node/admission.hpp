#pragma once

#include "djm/ask_context.hpp"
#include "djm/error.hpp"
#include "djm/history.hpp"
#include "djm/job_spec.hpp"
#include "djm/node_config.hpp"

namespace djm {

/// Whether a node with this configuration can run this job: the job is valid in itself, its grace leaves time to run,
/// and what it publishes fits into the store.
expected<void> check_admission(const job_spec& spec, const node_config& config);

/// Whether a question to a job's code can be asked: it leaves time for an answer, and is not too large.
expected<void> check_question(duration timeout, const bytes& question);

/// Whether that much history can be asked for.
expected<void> check_history(const get_history& m);

} // namespace djm
