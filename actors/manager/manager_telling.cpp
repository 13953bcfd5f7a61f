#include "actors/manager/manager_core.hpp"

#include <algorithm>

/// What the leader tells of itself, and what it finds wrong in the tree.
namespace djm {

/// What the store says to a transaction.
void manager_core::learn_limits(activity what, const store::commit_outcome& outcome, step s, effects& out) {
  auto& batch = what == activity::breaking ? break_batch_ : batch_;
  const auto* no = std::get_if<store::rejected>(&outcome);
  if (no != nullptr && no->why.code != errc::not_connected) {
    batch.refused(*no, s.now);
    refused_ = what;
    store_.complain("commit", no->why, out);
  } else if (std::holds_alternative<store::committed>(outcome)) {
    batch.worked(s.now);
    no_longer_refused(what, out);
  }
}

/// Only what was refused itself says that it is taken now: that something else is written proves nothing.
void manager_core::no_longer_refused(activity what, effects& out) {
  if (refused_ == what) {
    refused_.reset();
    store_.relieve("commit", out);
  }
}

std::string manager_core::name_below(const std::string& path, const std::string& folder) {
  return path.compare(0, folder.size() + 1, folder + "/") == 0
           ? path.substr(folder.size() + 1, path.find('/', folder.size() + 1) - folder.size() - 1)
           : std::string{};
}

/// What was wrong with a node of the tree is over when the node is.
void manager_core::forget_problems(effects& out) {
  store_.over_if(
    [&](const std::string& about) {
      if (const auto worker = name_below(about, tree_.workers()); !worker.empty()) {
        return !std::binary_search(worker_names_.begin(), worker_names_.end(), worker);
      }
      if (const auto worker = name_below(about, tree_.alive()); !worker.empty()) {
        return alive_names_.count(worker) == 0;
      }
      if (const auto worker = name_below(about, tree_.marks()); !worker.empty()) {
        return !std::binary_search(marked_.begin(), marked_.end(), worker);
      }
      const auto job = name_below(about, tree_.pools());
      return !job.empty() && !std::binary_search(job_names_.begin(), job_names_.end(), job);
    },
    out);
}

const char* manager_core::subject_of(activity a) {
  switch (a) {
  case activity::breaking: return effort::breaking;
  case activity::clean_write: return effort::cleaning;
  case activity::writing: return effort::planning;
  default: return effort::reading;
  }
}

manager_status manager_core::status(time_point now) const {
  manager_status st;
  st.leading = leading();
  st.epoch = epoch_;
  st.phase = !leading()                         ? manager_phase::passive
             : store_.retry_at()                ? manager_phase::backing_off
             : plan_request_ != 0               ? manager_phase::planning
             : store_.writes(activity::writing) ? manager_phase::writing
             : known_                           ? manager_phase::ready
                                                : manager_phase::loading;
  if (rebuilding_ && known_) { // the image is being built anew: what it was is nearer to the truth
    st.workers = known_workers_;
    st.jobs = known_jobs_;
    st.items = known_items_;
    st.assigned = known_assigned_;
  } else {
    st.workers = image_.alive_count();
    st.jobs = static_cast<std::uint32_t>(image_.jobs.size());
    st.items = static_cast<std::uint32_t>(image_.item_count());
    st.assigned = static_cast<std::uint32_t>(image_.assigned_count());
  }
  st.unassigned = unassigned_;
  st.unassigned_items = unassigned_items_;
  st.waiting = books_.slots().requests(slot_manager::request_state::waiting);
  st.last_plan = plan_text_;
  st.plan = plan_status_;
  for (const auto& [who, t] : watchdog_.trackers()) {
    st.gone[who.worker] = now - t.since;
  }
  st.problems = store_.problems().texts();
  st.counters = counters_;
  return st;
}

} // namespace djm
