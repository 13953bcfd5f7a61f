#include "actors/job_runner/job_runner_core.hpp"

#include <utility>

/// What the record of the job says, and operators by it.
namespace djm {

job_runner_core::effects job_runner_core::on_follow(const followed_job& f, step s,
                                                    expected<std::optional<timetable>> table) {
  s = memory_.by_store(s);
  effects out;
  auto& mine = cfg_.spec;
  rev_ = f.rev;
  mine.max_concurrent_runs = f.spec.max_concurrent_runs;
  mine.pool_check_period = f.spec.pool_check_period;
  mine.pool_timeout = f.spec.pool_timeout;
  mine.stop_grace = f.spec.stop_grace;
  mine.attributes = f.spec.attributes;
  mine.slots = f.spec.slots;
  mine.failures = f.spec.failures;
  mine.on_pool_change = f.spec.on_pool_change;
  pool_.period_changed(s);
  config_.follow(f.config, f.rev, last_request_, s, out);
  const bool resumes = paused_by_order_ && !f.paused;
  paused_by_order_ = f.paused;
  const bool waited = preparation_.holds_back();
  preparation_.follow(f, out);
  hold(paused_by_order_ || !config_.usable(), s, out);
  if (waited) {
    waiting_.count_anew(s, out); // nothing could start
  }
  if (resumes && memory_.on()) {
    rhythm_.skip_pause(lanes_, s, out);
  }
  const auto about = about_job(job_calendar, mine.id);
  if (!table) {
    calendar_.tell(about, table.error(), out); // a zone that this machine does not know, say
  } else {
    calendar_.over(about, out);
    if (!(f.spec.schedule == mine.schedule)) {
      mine.schedule = f.spec.schedule;
      cfg_.table = std::move(*table);
      rhythm_.count_anew();
      lanes_.each([&](lane_no no) { rhythm_.set_due_from_now_on(lanes_.edit(no), s); });
      waiting_.count_anew(s, out);
    }
  }
  follow_memory(f.slots_since_ms, s, out);
  if (f.triggers > 0) {
    const auto more = on_trigger(s);
    out.insert(out.end(), more.begin(), more.end());
  }
  start_due(s, out);
  return out;
}

/// A node that has nothing of the job has nothing to start anew.
job_runner_core::effects job_runner_core::on_pool_changed(step) {
  effects out;
  if (cfg_.spec.on_pool_change == pool_change::signal && !stopping_ && !items_.empty()) {
    out.push_back(
      emit_effect{restart_wanted{cfg_.spec.id, "items of job \"" + cfg_.spec.id + "\" have been added or removed"}});
  }
  return out;
}

job_runner_core::effects job_runner_core::on_config(std::uint64_t request, const expected<void>& verdict, step s) {
  s = memory_.by_store(s);
  effects out;
  config_.answer(request, verdict, out);
  hold(paused_by_order_ || !config_.usable(), s, out);
  start_due(s, out);
  return out;
}

/// What came due meanwhile is over when it ends: operators who resume a job do not ask for all that it has missed.
void job_runner_core::hold(bool held, step s, effects& out) {
  const bool resumed = held_ && !held;
  held_ = held;
  if (resumed && memory_.on()) {
    waiting_.count_anew(s,
                        out); // what has passed meanwhile is caught up on, but for what the record of the job excludes
  } else if (resumed) {
    rhythm_.skip_pause(lanes_, s, out);
    lanes_.each([&](lane_no no) { rhythm_.skip_missed(lanes_.edit(no), s); });
    waiting_.count_anew(s, out);
  }
}

} // namespace djm
