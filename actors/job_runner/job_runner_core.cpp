#include "actors/job_runner/job_runner_core.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace djm {

job_runner_core::job_runner_core(settings s) : cfg_(std::move(s)), cut_(items_, cfg_, failures_), pool_(cfg_) {
  rhythm_.remember(memory_.on(), 0);
}

job_runner_core::effects job_runner_core::on_start(step s) {
  effects out;
  pool_.begin(s);
  pool_.check(last_request_, s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_adopted(const std::vector<run_id>& ids,
                                                     const std::vector<std::vector<work_item>>& items, step s,
                                                     const std::vector<run_purpose>& purposes) {
  s = memory_.by_store(s);
  std::vector<item_no> moved;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    active_run r;
    r.started = s.now;
    r.started_ms = s.wall_ms;
    r.purpose = i < purposes.size() ? purposes[i] : run_purpose{};
    r.token = items[i].empty() ? 0 : items[i].front().token;
    for (const auto& w : items[i]) {
      const auto no = items_.find_or_add(w.id, moved);
      auto& it = items_[no];
      it.run = ids[i];
      it.token = w.token;
      it.fresh = false;
      it.parked = r.preparation = w.id == preparation_item;
      r.items.push_back(no);
    }
    // Nobody has granted these items to us yet; whether they are still ours is for the worker to say.
    runs_.add(ids[i], std::move(r));
    last_run_ = std::max(last_run_, ids[i] & 0xffffffffffu);
  }
  return {};
}

job_runner_core::effects job_runner_core::on_worker_rebuilt(step s) {
  s = memory_.by_store(s);
  effects out;
  forget_claims(s, out);
  std::vector<item_id> all;
  items_.each([&](item_no no) { all.push_back(*items_[no].name); });
  auto more = on_revoked(all, stop_reason::revoked, s);
  std::move(more.begin(), more.end(), std::back_inserter(out));
  return out;
}

job_runner_core::effects job_runner_core::on_lease(time_point run_until, time_point deadline, step s) {
  preparation_.back(s.now);
  return take_lease(run_until, deadline, lease_.in_force(s.now), s);
}

job_runner_core::effects job_runner_core::on_lease_renewed(time_point run_until, time_point deadline, step s) {
  return take_lease(run_until, deadline, lease_.seen_in_force(), s);
}

job_runner_core::effects job_runner_core::take_lease(time_point run_until, time_point deadline, bool could_start,
                                                     step s) {
  s = memory_.by_store(s);
  effects out;
  lease_.renew(std::min(run_until, deadline - cfg_.grace()), deadline); // a job may ask for more grace than its node
  if (!could_start) {
    waiting_.count_anew(s, out);
  }
  runs_.check(s, out);
  questions_.check(s, out);
  start_due(s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_pool(std::uint64_t request, const expected<std::vector<item_id>>& pool,
                                                  step s) {
  effects out;
  pool_.answer(request, pool, s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_trigger(step s) {
  s = memory_.by_store(s);
  effects out;
  ++counters_.triggers;
  lanes_.each([this](lane_no no) { lanes_.edit(no).triggered = true; });
  // A share that is being cut anew may have no lanes yet; those that come are meant as well. So are the first items.
  triggered_ahead_ = triggered_ahead_ || cut_.open() || !rhythm_.began();
  start_due(s, out);
  return out;
}

std::uint64_t job_runner_core::runs_to_come() const {
  if (stopping_) {
    return 0;
  }
  return lanes_.size() == 0 && cut_.open() ? 1 : lanes_.size();
}

expected<job_runner_core::effects> job_runner_core::on_schedule(const schedule& next, step s,
                                                                std::optional<timetable> table) {
  s = memory_.by_store(s);
  if (auto ok = validate(next); !ok) {
    return fail(ok.error().code, "job \"" + cfg_.spec.id + "\": " + ok.error().text);
  }
  effects out;
  if (next == cfg_.spec.schedule) {
    return out; // whoever sets it again and again, to be sure, must neither run the job nor keep it from running
  }
  cfg_.spec.schedule = next;
  cfg_.table = std::move(table);
  rhythm_.count_anew();
  lanes_.each([&](lane_no no) { rhythm_.set_due_from_now_on(lanes_.edit(no), s); });
  follow_memory(s.wall_ms, s, out);
  waiting_.count_anew(s, out);
  start_due(s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_stop(stop_reason reason, step s) {
  s = memory_.by_store(s);
  effects out;
  stopping_ = true;
  pool_.stop();
  waiting_.close();
  runs_.stop_all(reason, s, out);
  questions_.stop(reason, s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_wake(step s) {
  s = memory_.by_store(s);
  effects out;
  runs_.check(s, out);
  questions_.check(s, out);
  pool_.check(last_request_, s, out);
  config_.check(s, out);
  preparation_.check(s.now, out);
  if (runs_.restart_wanted()) {
    runs_.restart(s, out);
  }
  if (!stopping_ && cut_.check(s, out)) {
    adopt_cut(cut_.in_one_piece(), s);
  }
  if (!stopping_ && cut_.is_due(s.now)) {
    recut({}, s, out);
  }
  start_due(s, out);
  if (lease_.seen_in_force() && !stopping_ && !held_ && !preparation_.holds_back() && !turns_.paused()) {
    waiting_.check(cut_.open(), s, out);
  }
  return out;
}

std::optional<time_point> job_runner_core::wake_at() const {
  auto at = earliest(earliest(pool_.wake_at(), config_.wake_at()), earliest(runs_.wake_at(), questions_.wake_at()));
  if (stopping_) {
    return at;
  }
  at = earliest(at, cut_.wake_at());
  at = earliest(at, preparation_.wake_at());
  if (!lease_.seen_in_force() || held_) {
    return at; // what waits for a start is looked at again when the lease is renewed, or when it may start
  }
  if (preparation_.holds_back()) {
    return preparing_item() != no_item ? earliest(at, preparation_.next_try()) : at;
  }
  at = earliest(at, rhythm_.wake_at(lanes_));
  if (turns_.paused()) {
    return at;
  }
  at = earliest(at, waiting_.first());
  if (const auto due = lanes_.first_due(); due && !full()) {
    at = earliest(at, due); // also one after the end of the lease, which will be longer by then
  }
  return at;
}

runner_status job_runner_core::status(time_point now) const {
  runner_status st;
  st.job = cfg_.spec.id;
  st.schedule = cfg_.spec.schedule;
  st.counters = counters_;
  st.times = times_;
  if (last_success_) {
    st.times.last_success_ago = now - *last_success_;
  }
  items_.each([&](item_no no) {
    const auto& it = items_[no];
    if (*it.name == preparation_item) {
      return;
    }
    if (it.starved) {
      st.starved.push_back(*it.name);
    }
    if (it.granted) {
      st.items.push_back(items_.handed_out(no));
    } else {
      st.leaving.push_back(*it.name);
    }
    if (const auto at = waiting_.starves_at(no); at && it.lane != no_lane && lanes_[it.lane].busy > 0) {
      const auto left = std::max(duration::zero(), duration{*at - now});
      st.starves_in = std::min(left, st.starves_in.value_or(left));
    }
  });
  st.lanes = lanes_.size();
  st.active_runs = static_cast<std::uint32_t>(runs_.size());
  lanes_.each([&](lane_no no) {
    if (const auto due = lanes_[no].due) {
      const auto left = std::max(duration::zero(), duration{*due - now});
      st.next_start = std::min(left, st.next_start.value_or(left));
    }
    if (const auto slot = lanes_[no].slot) {
      st.next_slot = std::min(slot_id(*slot), st.next_slot.value_or(slot_id(*slot)));
    }
  });
  turns_.show(st, now);
  runs_.show(st, now);
  st.leased = lease_.in_force(now);
  st.held = held_;
  st.preparing = preparation_.holds_back();
  st.rev = rev_;
  failures_.show(st, now);
  st.pool_failure = pool_.failure();
  st.counters.overruns = runs_.overruns();
  st.counters.timed_out = runs_.timed_out();
  st.counters.pool_checks = pool_.checks();
  st.counters.pool_failures = pool_.failures();
  st.counters.skipped = rhythm_.skipped();
  st.counters.starved = waiting_.starved();
  return st;
}

std::uint64_t job_runner_core::looks() const {
  return items_.looks() + lanes_.looks() + rhythm_.looks() + runs_.looks() + waiting_.looks();
}

} // namespace djm
