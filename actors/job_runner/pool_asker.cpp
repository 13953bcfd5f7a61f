#include "actors/job_runner/pool_asker.hpp"

#include <set>
#include <utility>

#include "actors/common/open_problems.hpp"
#include "djm/prepare_context.hpp"

namespace djm {

void pool_asker::answer(std::uint64_t request, const expected<std::vector<item_id>>& pool, step s,
                        runner_effects::all& out) {
  if (request != request_) {
    return;
  }
  request_ = 0;
  hangs_at_.reset();
  ++checks_;
  known_ = known_ || pool.has_value();
  ask_later(s);
  if (!pool) {
    ++failures_;
    failure_ = pool.error().text;
    out.push_back(emit_effect{pool_problem{cfg_.spec.id, pool.error()}});
    return;
  }
  const bool failed = !std::exchange(failure_, {}).empty();
  auto names = valid_names(*pool, out);
  if (failed && failure_.empty()) {
    out.push_back(emit_effect{problem_over{"job_runner", about_job(pool_function, cfg_.spec.id)}});
  }
  out.push_back(runner_effects::pool_ready{std::move(names)});
}

std::vector<item_id> pool_asker::valid_names(const std::vector<item_id>& pool, runner_effects::all& out) {
  std::set<item_id> valid;
  for (const auto& id : pool) {
    auto ok = check_id(id_kind::item, id);
    if (id == preparation_item) {
      ok =
        fail(errc::invalid_id, "item \"" + id + "\": this name is reserved, for what a job does before any item runs");
    }
    if (!ok) {
      auto text = "job \"" + cfg_.spec.id + "\", pool function: " + ok.error().text;
      failure_ = text;
      out.push_back(emit_effect{pool_problem{cfg_.spec.id, {ok.error().code, std::move(text)}}});
    } else {
      valid.insert(id);
    }
  }
  return {valid.begin(), valid.end()};
}

/// Without a first answer the job never runs, so that one is asked for until it comes; later failures leave the pool as
/// it was, and wait for the next check.
void pool_asker::ask_later(step s) {
  if (stopped_) {
    return;
  }
  period_ = cfg_.spec.pool_check_period;
  if (period_ > duration::zero()) {
    due_ = s.now + cfg_.spec.pool_check_period;
  }
  if (!known_) {
    due_ = earliest(due_, s.now + backoff_.draw(s.entropy));
  }
}

void pool_asker::check(std::uint64_t& last_request, step s, runner_effects::all& out) {
  if (hangs_at_ && s.now >= *hangs_at_) {
    hangs_at_.reset();
    ++failures_;
    failure_ = "the pool function has not come back after " + format_duration(cfg_.spec.pool_timeout);
    out.push_back(
      emit_effect{pool_problem{cfg_.spec.id, {errc::user_code_hangs, "job \"" + cfg_.spec.id + "\": " + failure_}}});
    // It is asked again only when it has come back: a second call beside a hanging one helps nobody.
  }
  if (due_ && s.now >= *due_ && request_ == 0 && !stopped_) {
    due_.reset();
    request_ = ++last_request;
    hangs_at_ = s.now + cfg_.spec.pool_timeout;
    out.push_back(runner_effects::call_pool{request_});
  }
}

void pool_asker::period_changed(step s) {
  if (known_ && request_ == 0 && period_ != cfg_.spec.pool_check_period) {
    due_.reset();
    ask_later(s);
  }
}

void pool_asker::stop() {
  stopped_ = true;
  due_.reset();
}

} // namespace djm
