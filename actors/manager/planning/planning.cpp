#include "actors/manager/planning/planning.hpp"

#include <utility>

#include "actors/manager/planning/standing.hpp"
#include "zkstore/tree/shared_settings.hpp"

namespace djm {

planning::planning(manager_lifetime& life, leader_store& store, const cluster_knowledge& known,
                   const lock_watchdog& watchdog, const member_history& history, plan_moment& moment)
  : cfg_(life.cfg),
    store_(store),
    known_(known),
    watchdog_(watchdog),
    history_(history),
    moment_(moment),
    plans_(life.counters.plans),
    plan_time_(life.counters.plan_time),
    failures_(store, life.counters.plan_failures),
    strategies_(life, store, moment, failures_) {}

void planning::look_at_time(time_point now) {
  if (!moment_.wanted() &&
      (frozen(known_.image(), watchdog_, now) != frozen_ || shunned(known_.image(), history_, now) != shunned_)) {
    moment_.at(now); // nothing to wait for
  }
}

void planning::start(step s, manager_effects& out) {
  moment_.taken();
  frozen_ = frozen(known_.image(), watchdog_, s.now);
  shunned_ = shunned(known_.image(), history_, s.now);
  forget_flaps(s.now, out);
  auto task = make_task(known_.image(), frozen_, shunned_);
  if (!task) {
    failures_.tell("plan", task.error(), out);
    return;
  }
  tell_warnings(task->warnings, out);
  tell_mismatches(out);
  asked_ = task->problem;
  if (auto line = books_.open(*asked_, frozen_); !line.empty()) {
    asked_ = std::make_shared<const assignment_problem>(asked_->with_waiting(std::move(line)));
  }
  asked_at_ = s.now;
  request_ = store_.draw_number();
  ++plans_;
  out.push_back(plan_request{request_, asked_, cfg_.planning, strategies_.answers()});
}

void planning::forget_flaps(time_point now, manager_effects& out) {
  const auto flapping = history_.shunned(now);
  store_.over_if(
    [&](const std::string& about) {
      return about.compare(0, 7, "flaps: ") == 0 && flapping.count(node_id{about.substr(7)}) == 0;
    },
    out);
}

void planning::tell_warnings(const std::vector<error>& warnings, manager_effects& out) {
  std::set<std::string> told;
  for (const auto& w : warnings) {
    store_.complain(*told.insert("plan: " + w.text).first, w, out);
  }
  store_.over_if([&](const std::string& about) { return about.compare(0, 6, "plan: ") == 0 && told.count(about) == 0; },
                 out);
}

bool planning::on_planned(const expected<plan_so_far>& result, step s, manager_effects& out) {
  request_ = 0;
  auto answered = std::exchange(asked_, nullptr);
  if (!result) {
    failures_.tell("plan", result.error(), out);
    withdrawn();
    moment_.at(s.now + store_.draw_backoff(s));
    return false;
  }
  store_.relieve("plan", out);
  if (const auto until = strategies_.ask(result->open, s, out)) {
    withdrawn();
    moment_.not_later_than(*until, s.now);
    return false;
  }
  problem_ = std::move(answered);
  plan_ = std::make_shared<const plan>(result->planned);
  strategies_.note_failures(*plan_, s, out);
  plan_time_.add(s.now - asked_at_);
  report_ = describe_plan(*problem_, *plan_, s.now - asked_at_);
  tell_wanted(out);
  waits_.planned(known_.image(), *problem_, *plan_, s.now);
  tell_waits(out);
  if (plan_->summary.moves_deferred > 0) {
    moment_.changed(s.now); // the rest follows in rounds of their own
  }
  return true;
}

// -- items that wait for too long --------------------------------------------------------

void planning::look_at_waits(time_point now, manager_effects& out) {
  auto overdue = waits_.look(now);
  for (auto& x : overdue) {
    out.push_back(emit_effect{std::move(x)});
  }
  if (!overdue.empty()) {
    tell_waits(out);
  }
}

void planning::tell_waits(manager_effects& out) {
  const auto now = waits_.problems();
  std::set<std::string> told;
  for (const auto& [job, text] : now) {
    store_.complain(*told.insert(about_job(allocation, job)).first, {errc::timed_out, text}, out);
  }
  const std::string begin = std::string{allocation} + " ";
  store_.over_if(
    [&](const std::string& about) { return about.compare(0, begin.size(), begin) == 0 && told.count(about) == 0; },
    out);
}

// -- nodes that do not agree -------------------------------------------------------------

/// Of those that are there: who is gone may come back as it should be.
void planning::tell_mismatches(manager_effects& out) {
  std::map<node_id, const store::settings_map*> nodes;
  for (const auto& [id, w] : known_.image().workers) {
    if (w.is_alive()) {
      nodes.emplace(id, &w.registration->shared);
    }
  }
  const std::string begin = "configuration: ";
  std::set<std::string> told;
  for (const auto& d : store::differences(nodes)) {
    store_.complain(*told.insert(begin + d.key).first,
                    {errc::config_mismatch, "nodes of this cluster have to agree: " + store::describe(d)}, out);
  }
  store_.over_if(
    [&](const std::string& about) { return about.compare(0, begin.size(), begin) == 0 && told.count(about) == 0; },
    out);
}

// -- what has come of it -----------------------------------------------------------------

/// Items that found no room call for more capacity: each once until it has been served, told together per job.
void planning::tell_wanted(manager_effects& out) {
  for (const auto& [job, items] : books_.planned(known_.image(), *problem_, *plan_)) {
    capacity_wanted e{job, items, {}};
    const auto& jobs = known_.image().jobs;
    if (auto j = jobs.find(job); j != jobs.end()) {
      e.profile = j->second.pool.attributes.profile;
    }
    out.push_back(emit_effect{std::move(e)});
  }
}

void planning::written(manager_effects& out) {
  books_.written(*problem_, *plan_);
  store_.works(effort::planning, out);
  store_.no_longer_refused(activity::writing, out); // or what was refused is not wanted any more
}

} // namespace djm
