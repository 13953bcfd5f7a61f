#include "actors/node/job_orders.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace djm {

caf::error unknown(const node_state& st, const job_id& job) {
  return caf::make_error(errc::unknown_job,
                         "job \"" + job + "\" is not registered on node \"" + st.identity.config.id + "\"");
}

job_entry* at_work(node_state& st, const job_id& job) {
  const auto j = st.jobs.find(job);
  return j == st.jobs.end() || !j->second.runner ? nullptr : &j->second;
}

namespace {

/// `f(entry)` with the job at work, or an error that says why there is none.
template <class Result, class F>
caf::result<Result> with_job(node_ptr self, const job_id& job, F f) {
  auto& st = self->state();
  if (st.life->is_stopping()) {
    return to_caf(stopping_error(st));
  }
  auto* j = at_work(st, job);
  if (j == nullptr) {
    return unknown(st, job);
  }
  return f(*j);
}

} // namespace

caf::result<std::uint64_t> trigger(node_ptr self, const trigger_here& m) {
  return with_job<std::uint64_t>(self, m.job, [self](job_entry& j) -> caf::result<std::uint64_t> {
    return self->mail(msg::trigger{}).delegate(j.runner);
  });
}

caf::result<void> reschedule(node_ptr self, const reschedule_job& m) {
  return with_job<void>(self, m.job, [&](job_entry& j) -> caf::result<void> {
    if (auto ok = validate(m.schedule); !ok) {
      return to_caf(ok.error());
    }
    auto table = table_of(m.schedule, *self->state().parts.env);
    if (!table) {
      return to_caf(table.error());
    }
    j.spec.schedule = m.schedule;
    j.table = *std::move(table);
    self->mail(msg::reschedule{m.schedule}).send(j.runner);
    return caf::unit;
  });
}

caf::result<void> cancel(node_ptr self, const cancel_run& m) {
  return with_job<void>(
    self, m.job, [&](job_entry& j) -> caf::result<void> { return self->mail(msg::cancel{m.run}).delegate(j.runner); });
}

caf::result<void> release(node_ptr self, const release_item& m) {
  return with_job<void>(self, m.job, [&](job_entry& j) -> caf::result<void> {
    return self->mail(msg::release{m.item}).delegate(j.runner);
  });
}

caf::result<void> resume(node_ptr self, const resume_here& m) {
  return with_job<void>(
    self, m.job, [&](job_entry& j) -> caf::result<void> { return self->mail(msg::resume{}).delegate(j.runner); });
}

namespace {

expected<void> check_question(const ask_item& m) {
  constexpr duration least = std::chrono::milliseconds{1};
  constexpr duration most = std::chrono::minutes{10};
  if (m.timeout < least || m.timeout > most) {
    return fail(errc::invalid_config,
                "ask_item: timeout is " + describe_duration(m.timeout) + "; it must be from 1ms to 10min");
  }
  if (m.question.data.size() > max_question_size) {
    return fail(errc::too_large, "ask_item: the question has " + std::to_string(m.question.data.size()) +
                                   " bytes; at most " + std::to_string(max_question_size) + " are possible");
  }
  return {};
}

} // namespace

caf::result<item_answer> ask(node_ptr self, ask_item& m) {
  if (auto ok = check_question(m); !ok) {
    return to_caf(ok.error());
  }
  return with_job<item_answer>(
    self, m.job, [&](job_entry& j) -> caf::result<item_answer> { return self->mail(std::move(m)).delegate(j.runner); });
}

caf::result<run_history> history(node_ptr self, const get_history& m) {
  constexpr std::uint32_t most = 10'000;
  if (m.limit < 1 || m.limit > most) {
    return to_caf({errc::invalid_config, "get_history: limit is " + std::to_string(m.limit) +
                                           "; it must be from 1 to " + std::to_string(most)});
  }
  return self->state().parts.env->history().find(m);
}

/// Runners are asked while the node stops, too: that is when one wants to know what still runs.
caf::result<runner_status> status_of_job(node_ptr self, const job_id& job) {
  auto& st = self->state();
  auto* j = at_work(st, job);
  if (j == nullptr) {
    return unknown(st, job);
  }
  return self->mail(msg::get_part_status{}).delegate(j->runner);
}

caf::result<caf::actor> handle_of_job(node_ptr self, const job_id& job) {
  auto& st = self->state();
  auto* j = at_work(st, job);
  if (j == nullptr) {
    return unknown(st, job);
  }
  return caf::actor_cast<caf::actor>(j->runner);
}

} // namespace djm
