#include <chrono>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"

/// Runs of the hidden item: what has to be done before any other item runs.
namespace djm {

namespace {

/// How long a node that has failed leaves it to others. Short, for there may be none; and over for long enough before
/// the next failures that it does not grow.
constexpr duration left_to_others = std::chrono::seconds{10};
constexpr duration after_a_stop = std::chrono::seconds{1};

} // namespace

/// That which could be tried now, or soon.
item_no job_runner_core::preparing_item() const {
  if (!preparation_.can_begin()) {
    return no_item;
  }
  const auto no = items_.find(item_id{std::string{preparation_item}});
  return no != no_item && items_[no].granted && items_[no].run == 0 ? no : no_item;
}

bool job_runner_core::may_prepare(step s) const {
  return !stopping_ && !held_ && !turns_.paused() && lease_.in_force(s.now) && preparation_.due(s.now);
}

void job_runner_core::start_preparation(step s, effects& out) {
  const auto no = preparing_item();
  if (no == no_item || !may_prepare(s)) {
    return;
  }
  const auto id = (cfg_.run_base << 40) | ++last_run_;
  active_run r;
  r.items = {no};
  r.preparation = true;
  r.started = s.now;
  r.started_ms = s.wall_ms;
  r.purpose.generation = preparation_.generation();
  items_[no].run = id;
  items_[no].fresh = false;
  const std::vector<work_item> handed{items_.handed_out(no)};
  ++counters_.started;
  out.push_back(emit_effect{run_started{cfg_.spec.id, id, handed, {}, 1}});
  out.push_back(start_run{id, handed, r.purpose});
  runs_.add(id, std::move(r));
  preparation_.begun(s.now);
}

void job_runner_core::end_preparation(run_id id, const active_run& r, const run_end& end, run_outcome outcome, step s,
                                      effects& out) {
  bool elsewhere = false;
  const auto what = cfg_.spec.failures.run_timeout > duration::zero() && outcome == run_outcome::timed_out
                      ? "it took longer than run_timeout, " + describe_duration(cfg_.spec.failures.run_timeout)
                      : end.failure;
  if (end.dropped || outcome == run_outcome::stopped || outcome == run_outcome::cancelled || end.again_in) {
    preparation_.interrupted(end.again_in.value_or(after_a_stop), s.now);
  } else if (!end.failed && outcome != run_outcome::timed_out) {
    preparation_.succeeded(r.purpose.generation, end.took, s.now, out);
  } else {
    elsewhere = preparation_.failed(what, s.now, out);
  }
  const auto no = r.items.front();
  if (items_[no].run != id) {
    return;
  }
  std::vector<item_id> free;
  std::vector<item_id> fed;
  leave_run(no, s, free, fed);
  give_back(std::move(free), out);
  if (elsewhere && items_.find(item_id{std::string{preparation_item}}) == no && items_[no].granted) {
    decline({no}, left_to_others, what, s, out);
  }
}

} // namespace djm
