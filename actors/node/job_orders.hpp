#pragma once

#include "actors/node/node_state.hpp"

/// What users ask a node about its jobs at work, handed on to their runners.
namespace djm {

/// Why there is no such job.
caf::error unknown(const node_state& st, const job_id& job);
/// Null as well for a job that has been let go and whose code has not come back.
job_entry* at_work(node_state& st, const job_id& job);

caf::result<std::uint64_t> trigger(node_ptr self, const trigger_here& m);
caf::result<void> reschedule(node_ptr self, const reschedule_job& m);
caf::result<void> cancel(node_ptr self, const cancel_run& m);
caf::result<void> release(node_ptr self, const release_item& m);
caf::result<void> resume(node_ptr self, const resume_here& m);
caf::result<item_answer> ask(node_ptr self, ask_item& m);
caf::result<run_history> history(node_ptr self, const get_history& m);
caf::result<runner_status> status_of_job(node_ptr self, const job_id& job);
caf::result<caf::actor> handle_of_job(node_ptr self, const job_id& job);

} // namespace djm
