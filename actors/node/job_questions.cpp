#include "actors/node/job_questions.hpp"

#include <utility>

#include "actors/node/admission.hpp"
#include "actors/node/node_state.hpp"

namespace djm {

/// `f(entry)` with the job at work, or an error that says why there is none.
template <class Result, class F>
caf::result<Result> job_questions::with_job(const job_id& job, F f) {
  if (at_.life->is_stopping()) {
    return to_caf(at_.stopping_error());
  }
  auto* j = jobs_.at_work(job);
  if (j == nullptr) {
    return at_.unknown(job);
  }
  return f(*j);
}

template <class Result, class Message>
caf::result<Result> job_questions::delegate(const job_id& job, Message m) {
  return with_job<Result>(
    job, [&](job_entry& j) -> caf::result<Result> { return at_.self->mail(std::move(m)).delegate(j.runner); });
}

caf::result<std::uint64_t> job_questions::trigger(const trigger_here& m) {
  return delegate<std::uint64_t>(m.job, msg::trigger{});
}

caf::result<void> job_questions::cancel(const cancel_run& m) {
  return delegate<void>(m.job, msg::cancel{m.run});
}

caf::result<void> job_questions::release(const release_item& m) {
  return delegate<void>(m.job, msg::release{m.item});
}

caf::result<void> job_questions::resume(const resume_here& m) {
  return delegate<void>(m.job, msg::resume{});
}

caf::result<item_answer> job_questions::ask(ask_item& m) {
  if (auto ok = check_question(m.timeout, m.question); !ok) {
    return to_caf(ok.error());
  }
  const auto job = m.job;
  return delegate<item_answer>(job, std::move(m));
}

caf::result<void> job_questions::reschedule(const reschedule_job& m) {
  return with_job<void>(m.job, [&](job_entry& j) -> caf::result<void> {
    if (auto ok = validate(m.schedule); !ok) {
      return to_caf(ok.error());
    }
    auto table = table_of(m.schedule, at_.env());
    if (!table) {
      return to_caf(table.error());
    }
    j.spec.schedule = m.schedule;
    j.table = *std::move(table);
    at_.self->mail(msg::reschedule{m.schedule}).send(j.runner);
    return caf::unit;
  });
}

caf::result<run_history> job_questions::history(const get_history& m) {
  if (auto ok = check_history(m); !ok) {
    return to_caf(ok.error());
  }
  return at_.env().history().find(m);
}

/// Runners are asked while the node stops, too: that is when one wants to know what still runs.
caf::result<runner_status> job_questions::status_of(const job_id& job) {
  const auto* j = jobs_.at_work(job);
  if (j == nullptr) {
    return at_.unknown(job);
  }
  return at_.self->mail(msg::get_part_status{}).delegate(j->runner);
}

caf::result<caf::actor> job_questions::handle_of(const job_id& job) {
  const auto* j = jobs_.at_work(job);
  if (j == nullptr) {
    return at_.unknown(job);
  }
  return caf::actor_cast<caf::actor>(j->runner);
}

} // namespace djm
