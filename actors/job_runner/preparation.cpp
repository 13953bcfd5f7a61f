#include "actors/job_runner/preparation.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace djm {

namespace {

/// After so many failures in a row others are to try.
constexpr std::uint32_t most_failures = 3;
constexpr duration first_pause = std::chrono::seconds{1};
constexpr duration longest_pause = std::chrono::seconds{30};
/// How long the record may take to say what is done.
constexpr duration patience = std::chrono::seconds{10};

duration pause_after(std::uint32_t failures) {
  const auto doublings = std::min<std::uint32_t>(failures, 6) - 1;
  return std::min(longest_pause, first_pause * (1 << doublings));
}

} // namespace

void preparation::follow(const followed_job& f, runner_effects::all& out) {
  if (f.generation != generation_) {
    failures_ = 0;
    next_at_.reset();
    told_ = false;
    problems_.over(about(), out);
  }
  generation_ = f.generation;
  done_ = f.prepared;
  if (done_) {
    lost(out);
  }
}

void preparation::begun(time_point now) {
  next_at_.reset();
  told_ = false;
  hangs_at_ = now + cfg_.spec.pool_timeout;
}

void preparation::succeeded(std::int64_t generation, duration took, time_point now, runner_effects::all& out) {
  failures_ = 0;
  hangs_at_.reset();
  told_ = generation == generation_;
  next_at_ = told_ ? now + patience : now;
  problems_.over(about(), out);
  if (generation == 0) {
    return; // one of the runner before this one: the next look shows what it has saved
  }
  out.push_back(emit_effect{job_prepared{cfg_.spec.id, generation, took}});
  out.push_back(runner_effects::prepared{generation});
}

void preparation::back(time_point now) {
  if (told_ && next_at_) {
    next_at_ = now;
  }
}

bool preparation::failed(const std::string& why, time_point now, runner_effects::all& out) {
  hangs_at_.reset();
  const auto pause = pause_after(++failures_);
  next_at_ = now + pause;
  tell(errc::user_code_failed,
       fmt::format("preparation {} has failed, {} times in a row on this node, and is tried again: {}", generation_,
                   failures_, why),
       out);
  return failures_ % most_failures == 0;
}

void preparation::interrupted(duration pause, time_point now) {
  hangs_at_.reset();
  next_at_ = now + pause;
}

void preparation::lost(runner_effects::all& out) {
  failures_ = done_ ? 0 : failures_;
  hangs_at_.reset();
  problems_.over(about(), out);
}

void preparation::check(time_point now, runner_effects::all& out) {
  if (hangs_at_ && now >= *hangs_at_) {
    hangs_at_.reset();
    tell(errc::user_code_hangs,
         fmt::format("preparation {} has not come back after {}: items wait, and so they do until it has, or "
                     "failures.run_timeout ends it",
                     generation_, format_duration(cfg_.spec.pool_timeout)),
         out);
  }
}

void preparation::tell(errc code, const std::string& text, runner_effects::all& out) {
  problems_.tell(about(), {code, "job \"" + cfg_.spec.id + "\": " + text}, out);
}

} // namespace djm
