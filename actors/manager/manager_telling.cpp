#include "actors/manager/manager_core.hpp"

/// What others may know of the leader.
namespace djm {

namespace {

/// A plan, or what is noted down before it.
bool writes(const term& t) {
  return t.store.writes(activity::writing) || t.store.writes(activity::write_model) ||
         t.store.reads(activity::read_model);
}

manager_phase phase_of(const term& t) {
  return t.store.retry_at()      ? manager_phase::backing_off
         : t.planner.under_way() ? manager_phase::planning
         : writes(t)             ? manager_phase::writing
         : t.known.known()       ? manager_phase::ready
                                 : manager_phase::loading;
}

} // namespace

manager_status manager_core::status(time_point now) const {
  manager_status st;
  st.leading = leading();
  st.phase = manager_phase::passive;
  st.problems = life_.problems.texts();
  st.counters = life_.counters;
  if (!term_) {
    return st;
  }
  const auto& t = *term_;
  st.epoch = t.store.mine().epoch;
  st.phase = phase_of(t);
  const auto counts = t.known.counts(); // while the image is built anew: what it was is nearer to the truth
  st.workers = counts.workers;
  st.jobs = counts.jobs;
  st.items = counts.items;
  st.assigned = counts.assigned;
  const auto& report = t.planner.report();
  st.unassigned = report.unassigned;
  st.unassigned_items = report.unassigned_items;
  st.waiting = t.planner.books().slots().requests(slot_manager::request_state::waiting);
  st.last_plan = report.text;
  st.plan = report.figures;
  for (const auto& [who, tracker] : t.watchdog.trackers()) {
    st.gone[who.worker] = now - tracker.since;
  }
  st.problems = t.store.problems().texts();
  return st;
}

std::shared_ptr<const assignment_problem> manager_core::last_problem() const {
  return term_ ? term_->planner.problem() : nullptr;
}

std::shared_ptr<const plan> manager_core::last_plan() const {
  return term_ ? term_->planner.made() : nullptr;
}

std::shared_ptr<const strategy_answers> manager_core::answers() const {
  return term_ ? term_->planner.strategies().answers() : std::make_shared<const strategy_answers>();
}

const cluster_image& manager_core::image() const {
  static const cluster_image nothing;
  return term_ ? term_->known.image() : nothing;
}

const std::set<node_id>& manager_core::kept_back() const {
  static const std::set<node_id> nobody;
  return term_ ? term_->planner.kept_back() : nobody;
}

} // namespace djm
