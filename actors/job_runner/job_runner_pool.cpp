#include "actors/job_runner/job_runner_core.hpp"

#include <set>
#include <utility>

/// The pool function: when it is asked, and what becomes of its answers.
namespace djm {

job_runner_core::effects job_runner_core::on_pool(std::uint64_t request, const expected<std::vector<item_id>>& pool,
                                                  step s) {
  effects out;
  if (request != pool_request_) {
    return out;
  }
  pool_request_ = 0;
  pool_hangs_at_.reset();
  ++counters_.pool_checks;
  pool_known_ = pool_known_ || pool.has_value();
  ask_pool_later(s);
  if (!pool) {
    ++counters_.pool_failures;
    pool_failure_ = pool.error().text;
    out.push_back(emit_effect{pool_problem{cfg_.spec.id, pool.error()}});
    return out;
  }
  const bool failed = !std::exchange(pool_failure_, {}).empty();
  std::set<item_id> valid;
  for (const auto& id : *pool) {
    if (auto ok = check_id(id_kind::item, id); !ok) {
      auto text = "job \"" + cfg_.spec.id + "\", pool function: " + ok.error().text;
      pool_failure_ = text;
      out.push_back(emit_effect{pool_problem{cfg_.spec.id, {ok.error().code, std::move(text)}}});
    } else {
      valid.insert(id);
    }
  }
  if (failed && pool_failure_.empty()) {
    out.push_back(emit_effect{problem_over{"job_runner", about_job(pool_function, cfg_.spec.id)}});
  }
  out.push_back(pool_ready{{valid.begin(), valid.end()}});
  return out;
}

/// Without a first answer the job never runs, so that one is asked for until it comes; later failures leave the pool as
/// it was, and wait for the next check.
void job_runner_core::ask_pool_later(step s) {
  if (stopping_) {
    return;
  }
  if (cfg_.spec.pool_check_period > duration::zero()) {
    pool_due_ = s.now + cfg_.spec.pool_check_period;
  }
  if (!pool_known_) {
    pool_due_ = earliest(pool_due_, s.now + pool_backoff_.draw(s.entropy));
  }
}

void job_runner_core::check_pool(step s, effects& out) {
  if (pool_hangs_at_ && s.now >= *pool_hangs_at_) {
    pool_hangs_at_.reset();
    ++counters_.pool_failures;
    pool_failure_ = "the pool function has not come back after " + format_duration(cfg_.spec.pool_timeout);
    out.push_back(emit_effect{
      pool_problem{cfg_.spec.id, {errc::user_code_hangs, "job \"" + cfg_.spec.id + "\": " + pool_failure_}}});
    // It is asked again only when it has come back: a second call beside a hanging one helps nobody.
  }
  if (pool_due_ && s.now >= *pool_due_ && pool_request_ == 0 && !stopping_) {
    pool_due_.reset();
    pool_request_ = next_request_++;
    pool_hangs_at_ = s.now + cfg_.spec.pool_timeout;
    out.push_back(call_pool{pool_request_});
  }
}

} // namespace djm
