#pragma once

#include <cstdint>

#include "actors/node/node_context.hpp"
#include "actors/node/node_jobs.hpp"

namespace djm {

/// What users ask a node about its jobs at work: handed on to their runners, who answer. While the node stops nothing
/// is asked of them any more but how they are.
class job_questions {
public:
  job_questions(const node_context& at, node_jobs& jobs) : at_(at), jobs_(jobs) {}

  caf::result<std::uint64_t> trigger(const trigger_here& m);
  caf::result<void> reschedule(const reschedule_job& m);
  caf::result<void> cancel(const cancel_run& m);
  caf::result<void> release(const release_item& m);
  caf::result<void> resume(const resume_here& m);
  caf::result<item_answer> ask(ask_item& m);
  caf::result<run_history> history(const get_history& m);
  caf::result<runner_status> status_of(const job_id& job);
  caf::result<caf::actor> handle_of(const job_id& job);

private:
  template <class Result, class F>
  caf::result<Result> with_job(const job_id& job, F f);
  template <class Result, class Message>
  caf::result<Result> delegate(const job_id& job, Message m);

  const node_context& at_;
  node_jobs& jobs_;
};

} // namespace djm
