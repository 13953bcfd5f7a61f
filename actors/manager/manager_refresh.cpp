#include "actors/manager/manager_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

void manager_core::reading_failed(const dialogue::answered_read& q, step s, effects& out) {
  // Once is a matter of the connection. What fails again and again has to be told, with a name.
  constexpr std::uint32_t patience = 5;
  ++failures_in_a_row_;
  const auto what = q.topic;
  const auto rejected = q.status == store::read_status::rejected;
  if (rejected || failures_in_a_row_ >= patience) {
    store_.complain(
      "read",
      {rejected ? errc::internal : errc::timed_out,
       fmt::format("the leader cannot read {}: {} questions, the first about \"{}\": {}",
                   what == activity::load_base || what == activity::load_changed ? "the cluster"
                   : what == activity::load_details                              ? "workers and pools"
                   : what == activity::load_items                                ? "assignments"
                   : what == activity::clean_read                                ? "what is to be cleaned"
                                                                                 : "locks",
                   q.asked.size(), q.asked.empty() ? std::string{} : q.asked.begin()->first.path, q.text)},
      out);
  }
  start_over(s, "a read failed: " + q.text, out);
}

// -- reading the cluster ----------------------------------------------------------

void manager_core::start_refresh(effects& out) {
  refresh_all_ = all_dirty_;
  refresh_members_ = all_dirty_ || members_dirty_;
  refresh_pools_ = all_dirty_ || pools_dirty_;
  detail_workers_.clear();
  detail_jobs_.assign(jobs_dirty_.begin(), jobs_dirty_.end());
  all_dirty_ = members_dirty_ = pools_dirty_ = false;
  unwatched_ = unwatched_ && !refresh_all_;
  jobs_dirty_.clear();
  read_batch ask;
  const base_slots slots{ask.get(tree_.assignment_version()),
                         ask.get(tree_.worker_version(), refresh_members_),
                         ask.children(tree_.workers()),
                         ask.children(tree_.alive(), refresh_members_),
                         ask.get(tree_.pools(), refresh_pools_),
                         ask.children(tree_.pools(), refresh_pools_),
                         ask.children(tree_.marks())};
  ask.get(tree_.pool_version(), true); // for the watch
  store_.read(activity::load_base, ask, refresh_all_, out, &manager_core::apply_base, slots);
}

void manager_core::apply_base(const base_slots& slots, step s, effects& out) {
  const std::pair<const read_slot&, std::string> needed[] = {{slots.assignment_version, tree_.assignment_version()},
                                                             {slots.worker_version, tree_.worker_version()},
                                                             {slots.workers, tree_.workers()},
                                                             {slots.alive, tree_.alive()},
                                                             {slots.all_pools, tree_.pools()},
                                                             {slots.pools, tree_.pools()}};
  for (const auto& [slot, path] : needed) {
    if (slot->code != rc::ok) {
      store_.complain("base", {errc::malformed_payload, path + " is missing: the tree is incomplete"}, out);
      setback(s, effort::reading, path + " is missing", out);
      return;
    }
  }
  const auto& assignment_version = slots.assignment_version->stat.version;
  const auto& worker_version = *slots.worker_version;
  const auto& alive = *slots.alive;
  const auto& all_pools = *slots.all_pools;
  const auto& pools = *slots.pools;
  store_.relieve("base", out);
  const bool watched = (!refresh_members_ || (worker_version.watched && alive.watched)) &&
                       (!refresh_pools_ || (all_pools.watched && pools.watched));
  unwatched_ = unwatched_ || !watched;
  if (refresh_all_) {
    if (known_) {
      known_workers_ = image_.alive_count();
      known_jobs_ = static_cast<std::uint32_t>(image_.jobs.size());
      known_items_ = static_cast<std::uint32_t>(image_.item_count());
      known_assigned_ = static_cast<std::uint32_t>(image_.assigned_count());
    }
    image_ = {};
    rebuilding_ = true;
    unwatched_jobs_.clear();
    assignment_version_ = assignment_version;
  } else if (assignment_version > assignment_version_) {
    setback(s, effort::reading, "somebody else wrote assignments", out);
    return;
  }
  // Whoever changes a registration that counts bumps the version of the workers.
  const bool members = refresh_all_ || refresh_members_ || worker_version.stat.version != worker_version_;
  worker_version_ = worker_version.stat.version;
  alive_names_ = {alive.children.begin(), alive.children.end()};
  auto maybe_changed = apply_members(*slots.workers, *slots.marks, members, s);
  apply_pools(all_pools, pools.children, out);
  if (maybe_changed.empty()) {
    read_details(s, out);
    return;
  }
  read_batch ask;
  const auto workers = ask.each(maybe_changed, [this](const node_id& id) { return store::exists(tree_.worker(id)); });
  store_.read(activity::load_changed, ask, false, out, &manager_core::apply_changed, workers);
}

/// Returns the members that are known and may have changed.
std::vector<node_id> manager_core::apply_members(const store::read_result& workers, const store::read_result& marks,
                                                 bool members, step s) {
  worker_names_ = workers.children;
  const auto& names = worker_names_;
  std::vector<node_id> removed;
  std::vector<node_id> maybe_changed;
  if (members && !clean_queue_.empty()) {
    clean_queue_.clear(); // somebody may want again what was to be cleaned
    clean_at_ = s.now;
  }
  for (const auto& [id, w] : image_.workers) {
    if (!std::binary_search(names.begin(), names.end(), id)) {
      removed.push_back(id);
    } else if (members && (alive_names_.count(id) > 0 || !is_over(id, w, s.now))) {
      maybe_changed.push_back(id); // those that are over cost nothing, however many there are
    }
  }
  for (const auto& id : removed) {
    image_.remove_worker(id);
  }
  for (const auto& name : names) {
    if (is_valid_id(name) && image_.workers.count(name) == 0) {
      detail_workers_.push_back(name);
    }
  }
  // Whoever sets a mark bumps the version of the workers. Those of nodes that are not there cost nothing.
  read_marks_ = false;
  if (members) {
    marked_.clear();
    image_.marks.clear();
    for (const auto& name : marks.children) {
      if (alive_names_.count(name) > 0) {
        marked_.push_back(name);
      }
    }
    read_marks_ = !marked_.empty();
  }
  return maybe_changed;
}

void manager_core::apply_pools(const store::read_result& all_pools, const std::vector<job_id>& jobs, effects& out) {
  job_names_ = jobs;
  if (auto pools = store::decode<store::pools_payload>(all_pools.data, tree_.pools())) {
    image_.all_disabled = pools->all_disabled;
    store_.relieve(tree_.pools(), out);
  } else if (!all_pools.data.empty()) {
    store_.complain(tree_.pools(), pools.error(), out);
  }
  std::vector<job_id> gone;
  for (const auto& [id, j] : image_.jobs) {
    if (!std::binary_search(jobs.begin(), jobs.end(), id)) {
      gone.push_back(id);
    }
  }
  for (const auto& id : gone) {
    image_.remove_job(id);
    unwatched_jobs_.erase(id);
  }
  const std::set<job_id> asked{detail_jobs_.begin(), detail_jobs_.end()};
  for (const auto& id : jobs) {
    if (is_valid_id(id) && image_.jobs.count(id) == 0 && asked.count(id) == 0) {
      detail_jobs_.push_back(id);
    }
  }
}

void manager_core::apply_changed(const read_slots<node_id>& workers, step s, effects& out) {
  for (const auto& [id, x] : workers) {
    if (x->code == rc::ok && x->stat.mzxid != image_.workers.at(id).mzxid) {
      detail_workers_.push_back(id);
    }
  }
  read_details(s, out);
}

/// Members whose registration has changed are read whole, of the others only what may have changed without it.
void manager_core::read_details(step s, effects& out) {
  std::vector<node_id> alive;
  for (auto& [id, w] : image_.workers) {
    if (alive_names_.count(id) == 0) {
      w.alive.clear();
    } else if (!w.is_alive()) {
      alive.push_back(id); // also when another life has left its name there: it may be a new one by now
    }
  }
  const std::set<node_id> listed{alive.begin(), alive.end()};
  for (const auto& id : detail_workers_) {
    if (listed.count(id) == 0) {
      alive.push_back(id);
    }
  }
  // Whoever is read anew is in `alive`.
  if (alive.empty() && detail_jobs_.empty() && !read_marks_) {
    refreshed(s, out);
    return;
  }
  read_batch ask;
  detail_slots slots;
  for (const auto& id : detail_workers_) {
    slots.workers.push_back({id, ask.get(tree_.worker(id)), ask.children(tree_.available(id)),
                             ask.get(tree_.assigned(id)), ask.children(tree_.assigned(id))});
  }
  slots.alive = ask.each(alive, [this](const node_id& id) { return store::get(tree_.alive(id)); });
  for (const auto& id : detail_jobs_) {
    slots.jobs.push_back({id, ask.get(tree_.pool(id), true), ask.children(tree_.pool(id), true)});
  }
  slots.marks = ask.each(read_marks_ ? marked_ : std::vector<node_id>{},
                         [this](const node_id& id) { return store::get(tree_.mark(id)); });
  store_.read(activity::load_details, ask, false, out, &manager_core::apply_details, slots);
}

/// Made by a node with other credentials than ours, or with some where we have none: it takes part in nothing.
void manager_core::unreadable(const std::string& path, rc code, effects& out) {
  if (code == rc::no_auth) {
    store_.complain(
      path, {errc::no_permission, path + " may not be read: it was made with other credentials (store.digest)"}, out);
  }
}

void manager_core::apply_details(const detail_slots& slots, step s, effects& out) {
  std::vector<job_folder> below; // the folders of workers that are new to us
  for (const auto& w : slots.workers) {
    apply_worker(w, below, out);
  }
  for (const auto& [id, found] : slots.alive) {
    apply_alive(id, *found, out);
  }
  for (const auto& j : slots.jobs) {
    apply_job(j.id, *j.pool, *j.items, s, out);
  }
  for (const auto& [id, x] : slots.marks) {
    if (x->code != rc::ok) {
      continue;
    }
    if (auto m = store_.decode<store::mark_payload>(*x, tree_.mark(id), out)) {
      image_.marks[id] = *m;
    }
  }
  if (below.empty()) {
    refreshed(s, out);
    return;
  }
  read_batch ask;
  const auto folders =
    ask.each(below, [this](const job_folder& f) { return store::children(tree_.assigned(f.worker, f.job)); });
  store_.read(activity::load_items, ask, false, out, &manager_core::apply_items, folders);
}

void manager_core::apply_worker(const worker_slots& slots, std::vector<job_folder>& below, effects& out) {
  const auto& id = slots.id;
  const auto& reg = *slots.registration;
  const auto& available = *slots.available;
  const auto& assigned = *slots.assigned;
  const auto& folders = *slots.folders;
  if (reg.code != rc::ok) {
    image_.workers.erase(id);
    unreadable(tree_.worker(id), reg.code, out);
    return;
  }
  const bool known = image_.workers.count(id) > 0;
  auto& w = image_.workers[id];
  const auto before = w.registration ? w.registration->incarnation : std::string{};
  w.mzxid = reg.stat.mzxid;
  w.version = reg.stat.version;
  w.registration.reset();
  if (auto p = store_.decode<store::worker_payload>(reg, tree_.worker(id), out)) {
    w.registration = std::move(*p);
    w.former_mark = store::decode<store::mark_payload>(reg.data, {}).value_or(store::mark_payload{});
  }
  w.available = {available.children.begin(), available.children.end()};
  w.assigned_exists = assigned.code == rc::ok;
  if (!w.assigned_exists) {
    // Nothing could be written for it, and one conflict would keep everybody from work. It registers itself anew.
    w.registration.reset();
    store_.complain(tree_.assigned(id), {errc::malformed_payload, tree_.assigned(id) + " is missing"}, out);
  } else if (known) {
    const auto p = store::decode<store::assigned_payload>(assigned.data, tree_.assigned(id));
    if (p) {
      store_.relieve(tree_.assigned(id), out);
    }
    if (p && (p->incarnation != w.assigned_incarnation || p->counter != w.assigned_counter)) {
      all_dirty_ = true; // made anew, or written by a stranger: what we know of it is void
    }
  }
  if (!known) {
    w.folders = {folders.children.begin(), folders.children.end()};
    for (const auto& job : w.folders) {
      below.push_back({id, job});
    }
    if (w.assigned_exists) {
      // One that is malformed is written anew with the next plan.
      if (auto p = store_.decode<store::assigned_payload>(assigned, tree_.assigned(id), out)) {
        w.assigned_incarnation = p->incarnation;
        w.assigned_counter = p->counter;
      }
    }
  }
  // An earlier life of this worker may have left locks: its clock starts now.
  const auto now_inc = w.registration ? w.registration->incarnation : std::string{};
  if (!before.empty() && before != now_inc) {
    observe_now_.insert({id, before});
  }
  if (!w.assigned_incarnation.empty() && w.assigned_incarnation != now_inc) {
    observe_now_.insert({id, w.assigned_incarnation});
  }
}

void manager_core::apply_alive(const node_id& id, const store::read_result& found, effects& out) {
  auto w = image_.workers.find(id);
  if (w == image_.workers.end()) {
    return;
  }
  w->second.alive.clear();
  unreadable(tree_.alive(id), found.code, out);
  if (found.code == rc::ok && !held_by_session(found)) {
    store_.complain(tree_.alive(id),
                    {errc::malformed_payload, tree_.alive(id) + " is not ephemeral: it is nobody's life"}, out);
  } else if (found.code == rc::ok) {
    if (auto p = store_.decode<store::alive_payload>(found, tree_.alive(id), out)) {
      w->second.alive = p->incarnation;
    }
  }
}

void manager_core::apply_job(const job_id& id, const store::read_result& data, const store::read_result& list, step s,
                             effects& out) {
  if (data.code == rc::no_auth || list.code == rc::no_auth) {
    unreadable(tree_.pool(id), rc::no_auth, out);
    return; // what was known of it stands
  }
  if (data.code != rc::ok || list.code != rc::ok) {
    image_.remove_job(id);
    unwatched_jobs_.erase(id);
    return;
  }
  unwatched_ = unwatched_ || !data.watched || !list.watched;
  if (data.watched && list.watched) {
    unwatched_jobs_.erase(id);
  } else {
    unwatched_jobs_.insert(id);
  }
  auto& j = image_.jobs[id];
  if (auto p = store_.decode<store::pool_payload>(data, tree_.pool(id), out)) {
    j.pool = std::move(*p);
    if (j.pool.retired) {
      clean_at_ = s.now;
    }
  }
  image_.set_items(id, list.children);
}

void manager_core::apply_items(const read_slots<job_folder>& folders, step s, effects& out) {
  for (const auto& [where, items] : folders) {
    if (items->code == rc::ok) {
      image_.add_assigned(where.worker, where.job, items->children);
    } else {
      image_.workers.at(where.worker).folders.erase(where.job);
    }
  }
  refreshed(s, out);
}

void manager_core::refreshed(step s, effects& out) {
  for (const auto& [id, w] : image_.workers) {
    if (!w.alive.empty()) {
      watchdog_.forget({id, w.alive});
    }
    if (w.is_alive() && history_.here(id, w.alive, w.registration->after_crash, s.now)) {
      store_.complain(
        "flaps: " + id,
        {errc::not_connected,
         fmt::format("worker \"{}\" has ended {} times in a row without leaving: it gets no items that others can "
                     "run until it has been there for {}",
                     id, history_.ends(id), format_duration(*history_.shunned_until(id) - s.now))},
        out);
    }
  }
  history_.keep(image_.workers);
  known_ = true;
  rebuilding_ = false;
  store_.works(effort::reading, out);
  forget_problems(out);
  // Numbers of workers that are no more are given up only here: a cluster with new names each day would collect them.
  if (image_.numbers() > 2 * image_.workers.size() + 1000) {
    all_dirty_ = true;
  }
  changed(s);
}

} // namespace djm
