#pragma once

#include <string>

#include "djm/client_answers.hpp"
#include "djm/cluster_view.hpp"
#include "zkstore/tree/job_records.hpp"

namespace djm {

/// What the record of a job says, as clients show it. `unknown_job`: it has none; `malformed_payload`.
expected<record_view> view_of_record(const job_id& job, const store::tree_schema& tree,
                                     const store::record_reads& found);

/// What keeps a job from being served: it is, when every item of it is locked by its owner. Empty: nothing, and `found`
/// is the job.
std::string missing_of(const cluster_view& view, const job_id& job, job_view& found);

} // namespace djm
