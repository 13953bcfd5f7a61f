#include "actors/job_runner/turn_book.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace djm {

namespace {

std::set<item_no> numbers_of(const item_table& items, const std::vector<item_id>& names) {
  std::set<item_no> numbers;
  for (const auto& name : names) {
    numbers.insert(items.find(name));
  }
  return numbers;
}

} // namespace

item_id turn_book::own_name(lane_no no) const {
  const auto own = lanes_[no].own;
  return own != no_item ? *items_[own].name : item_id{};
}

std::vector<item_no> turn_book::note(const turn_end& t, step s, runner_effects::all& out) {
  if (t.outcome == run_outcome::finished && !trouble_) {
    return {}; // as most runs of most jobs: there is nothing to look at
  }
  trouble_ = true;
  for (const auto no : t.items) {
    items_[no].retrying = false;
  }
  if (t.outcome == run_outcome::stopped || t.outcome == run_outcome::cancelled || t.outcome == run_outcome::dropped) {
    return {};
  }
  if (t.outcome == run_outcome::postponed) {
    std::map<lane_no, std::vector<item_no>> lanes;
    for (const auto no : t.items) {
      lanes[items_[no].lane].push_back(no);
    }
    for (auto& [lane, items] : lanes) {
      plan(lane, items, t.purpose, t.pause, s);
    }
    return {};
  }
  const bool failed = t.outcome != run_outcome::finished;
  const auto named = numbers_of(items_, t.named);
  const auto for_good = numbers_of(items_, t.for_good);
  const bool last = t.outcome == run_outcome::failed_for_good ||
                    t.purpose.attempt - t.purpose.spared >= cfg_.spec.failures.retry.attempts_allowed;
  std::vector<item_no> again;
  std::vector<item_no> lost;
  for (const auto no : t.items) {
    if (!failed || (!named.empty() && named.count(no) == 0)) {
      items_[no].failed_turns = 0;
    } else {
      items_[no].culprit = t.alone || !named.empty();
      (last || for_good.count(no) > 0 ? lost : again).push_back(no);
    }
  }
  if (!failed) {
    failed_in_a_row_ = 0;
    return {};
  }
  what_ = t.what;
  plan_retries(t, again, s, out);
  return fail(lost, s, out);
}

void turn_book::plan(lane_no no, const std::vector<item_no>& items, const run_purpose& next, duration pause, step s) {
  if (no == no_lane) {
    return; // the cut has left them out meanwhile
  }
  for (const auto item : items) {
    items_[item].retrying = true;
  }
  auto& l = lanes_.edit(no);
  l.retry_at = earliest(l.retry_at, s.now + std::min<duration>(pause, max_schedule_duration));
  l.retry.set(next);
}

void turn_book::plan_retries(const turn_end& t, const std::vector<item_no>& again, step s, runner_effects::all& out) {
  std::map<lane_no, std::vector<item_no>> lanes;
  for (const auto no : again) {
    lanes[items_[no].lane].push_back(no);
  }
  auto next = t.purpose;
  ++next.attempt;
  for (auto& [lane, items] : lanes) {
    if (lane == no_lane) {
      continue;
    }
    const auto pause = retry_delay(cfg_.spec.failures.retry, cfg_.spec.id, own_name(lane), t.purpose.slot.value_or(0),
                                   t.purpose.attempt);
    retry_planned told{cfg_.spec.id, {}, next.attempt, pause};
    for (const auto no : items) {
      told.items.push_back(*items_[no].name);
    }
    plan(lane, items, next, pause, s);
    out.push_back(emit_effect{std::move(told)});
  }
}

/// The turn has failed for these items.
std::vector<item_no> turn_book::fail(const std::vector<item_no>& items, step s, runner_effects::all& out) {
  std::vector<item_no> parked;
  if (items.empty()) {
    return parked;
  }
  const auto& rules = cfg_.spec.failures;
  items_parked told{cfg_.spec.id, {}, what_, false};
  for (const auto no : items) {
    auto& it = items_[no];
    it.failed_turns += it.culprit ? 1 : 0;
    if (it.culprit && rules.park_item_after > 0 && it.failed_turns >= rules.park_item_after) {
      it.parked = true;
      lanes_.leave(no);
      parked_[no] = {what_, s.now};
      parked.push_back(no);
      told.items.push_back(*it.name);
    } else if (it.culprit && rules.decline_item_after > 0 && it.failed_turns >= rules.decline_item_after) {
      if (std::find(declined_.begin(), declined_.end(), no) == declined_.end()) { // it may be waiting to go already
        declined_.push_back(no);
      }
    }
  }
  if (!parked.empty()) {
    std::sort(told.items.begin(), told.items.end());
    out.push_back(emit_effect{std::move(told)});
  }
  ++failed_in_a_row_;
  if (rules.pause_job_after > 0 && failed_in_a_row_ >= rules.pause_job_after && !std::exchange(paused_, true)) {
    out.push_back(emit_effect{job_paused{cfg_.spec.id, what_, false}});
  }
  return parked;
}

void turn_book::go_on_with(item_no no, const run_purpose& next, duration pause, step s) {
  trouble_ = true;
  plan(items_[no].lane, {no}, next, pause, s);
}

void turn_book::know_failures(item_no no, std::uint32_t turns) {
  items_[no].failed_turns = turns;
  trouble_ = trouble_ || turns > 0;
}

void turn_book::park(item_no no, std::string what, step s) {
  items_[no].parked = true;
  lanes_.leave(no);
  parked_[no] = {std::move(what), s.now};
}

bool turn_book::set_aside(lane_no no) {
  const auto own = lanes_[no].own;
  if (on_trial_ == no_item || own == no_item || !items_[own].suspect) {
    return false;
  }
  lanes_.edit(no).aside = true;
  aside_.push_back(no);
  return true;
}

void turn_book::look_at_trial() {
  if (on_trial_ == no_item || items_[on_trial_].run != 0) {
    return;
  }
  on_trial_ = no_item;
  for (const auto no : std::exchange(aside_, {})) {
    if (lanes_.has(no)) {
      lanes_.edit(no).aside = false;
    }
  }
}

/// What comes due takes the place of another attempt: then the turn before has failed for good.
bool turn_book::check_retry(lane_no no, step s, std::vector<item_no>& parked, runner_effects::all& out) {
  const auto& l = lanes_[no];
  if (!l.retry_at) {
    return false;
  }
  std::vector<item_no> waiting;
  for (const auto item : lanes_.idle_items(l, false)) {
    if (items_[item].retrying) {
      waiting.push_back(item);
    }
  }
  const bool superseded = l.due && *l.due <= s.now;
  if (!superseded && !waiting.empty()) {
    return false;
  }
  const bool failed = l.retry->attempt - l.retry->spared > 1;
  auto& x = lanes_.edit(no);
  x.retry_at.reset();
  if (!superseded) {
    return true;
  }
  for (const auto item : waiting) {
    items_[item].retrying = false;
  }
  if (failed) { // and was not merely postponed
    auto more = fail(waiting, s, out);
    parked.insert(parked.end(), more.begin(), more.end());
  }
  return true;
}

run_purpose turn_book::begin_retry(lane& l) {
  l.retry_at.reset();
  retried_ += l.retry->attempt > 1 ? 1 : 0;
  return *l.retry;
}

std::vector<item_no> turn_book::take_declined() {
  declined_.erase(std::remove_if(declined_.begin(), declined_.end(),
                                 [&](item_no no) { return items_[no].failed_turns == 0; }), // it has succeeded since
                  declined_.end());
  const auto busy =
    std::stable_partition(declined_.begin(), declined_.end(), [&](item_no no) { return !items_.in_use(no); });
  std::vector<item_no> now{declined_.begin(), busy};
  declined_.erase(declined_.begin(), busy);
  return now;
}

void turn_book::forget(item_no no, runner_effects::all& out) {
  declined_.erase(std::remove(declined_.begin(), declined_.end(), no), declined_.end());
  if (parked_.erase(no) > 0) {
    out.push_back(emit_effect{items_parked{cfg_.spec.id, {*items_[no].name}, {}, true}});
  }
}

bool turn_book::release(item_no no, runner_effects::all& out) {
  if (no == no_item || parked_.count(no) == 0) {
    return false;
  }
  forget(no, out);
  items_[no].parked = false;
  items_[no].failed_turns = 0;
  return true;
}

bool turn_book::resume(runner_effects::all& out) {
  if (!std::exchange(paused_, false)) {
    return false;
  }
  failed_in_a_row_ = 0;
  out.push_back(emit_effect{job_paused{cfg_.spec.id, {}, true}});
  return true;
}

void turn_book::show(runner_status& st, time_point now) const {
  for (const auto& [no, e] : parked_) {
    st.parked.push_back({*items_[no].name, items_[no].failed_turns, e.what, now - e.since});
  }
  std::sort(st.parked.begin(), st.parked.end(), [](const auto& a, const auto& b) { return a.item < b.item; });
  st.paused = paused_;
  st.counters.retried = retried_;
}

} // namespace djm
