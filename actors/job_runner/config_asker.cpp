#include "actors/job_runner/config_asker.hpp"

#include <utility>

namespace djm {

void config_asker::follow(const user_config& config, std::int64_t rev, std::uint64_t& last_request, step s,
                          runner_effects::all& out) {
  if (request_ != 0 && config == asked_) {
    rev_ = rev;
    return; // the answer is on its way
  }
  rev_ = rev;
  request_ = 0;
  hangs_at_.reset();
  if (config.empty() || (followed_ && config == taken_)) {
    usable_ = true;
    followed_ = true;
    taken_ = config;
    problems_.over(about_job(job_configuration, cfg_.spec.id), out);
    out.push_back(runner_effects::take_config{0, rev, config.empty()});
    return;
  }
  usable_ = followed_;
  asked_ = config;
  request_ = ++last_request;
  hangs_at_ = s.now + cfg_.spec.pool_timeout;
  out.push_back(runner_effects::check_config{request_, config});
}

void config_asker::answer(std::uint64_t request, const expected<void>& verdict, runner_effects::all& out) {
  if (request != request_ || request == 0) {
    return;
  }
  request_ = 0;
  hangs_at_.reset();
  if (!verdict) {
    report(errc::invalid_config, verdict.error().text, out);
    return;
  }
  usable_ = true;
  followed_ = true;
  taken_ = asked_;
  problems_.over(about_job(job_configuration, cfg_.spec.id), out);
  out.push_back(runner_effects::take_config{request, rev_, false});
}

void config_asker::check(step s, runner_effects::all& out) {
  if (hangs_at_ && s.now >= *hangs_at_) {
    hangs_at_.reset(); // it counts when it comes back after all
    report(errc::user_code_hangs,
           "the function that checks it has not come back after " + format_duration(cfg_.spec.pool_timeout), out);
  }
}

void config_asker::report(errc code, const std::string& what, runner_effects::all& out) {
  problems_.tell(about_job(job_configuration, cfg_.spec.id),
                 {code, "job \"" + cfg_.spec.id + "\", configuration at revision " + std::to_string(rev_) +
                          " of its record: " + what +
                          (followed_ ? "; runs go on with the one before" : "; nothing starts")},
                 out);
}

} // namespace djm
