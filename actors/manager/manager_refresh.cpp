#include "actors/manager/manager_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

// -- questions to the store ---------------------------------------------------------

void manager_core::read(activity a, std::vector<store::read_op> ops, bool fresh, effects& out) {
  doing_ = a;
  questions_ = std::move(ops);
  asked_for_ = 0;
  answers_.clear();
  read_part(fresh, out);
}

/// A cluster may hold more than the store takes in one question. What is read in parts is no older for it: all that is
/// decided on it is guarded by versions that were read first.
void manager_core::read_part(bool fresh, effects& out) {
  request_ = next_request_++;
  const auto from = questions_.begin() + static_cast<std::ptrdiff_t>(asked_for_);
  const auto n = std::min(questions_.size() - asked_for_, cfg_.read_batch);
  asked_for_ += n;
  out.push_back(read_effect{request_, {from, from + static_cast<std::ptrdiff_t>(n)}, fresh});
}

void manager_core::reading_failed(activity what, const store::read_outcome& r, step s, effects& out) {
  // Once is a matter of the connection. What fails again and again has to be told, with a name.
  constexpr std::uint32_t patience = 5;
  ++failures_in_a_row_;
  const auto rejected = r.status == store::read_status::rejected;
  if (rejected || failures_in_a_row_ >= patience) {
    const auto first = questions_.empty() ? std::string{} : questions_.front().path;
    complain("read",
             {rejected ? errc::internal : errc::timed_out,
              fmt::format("the leader cannot read {}: {} questions, the first about \"{}\": {}",
                          what == activity::load_base || what == activity::load_changed ? "the cluster"
                          : what == activity::load_details                              ? "workers and pools"
                          : what == activity::load_items                                ? "assignments"
                          : what == activity::clean_read                                ? "what is to be cleaned"
                                                                                        : "locks",
                          questions_.size(), first, r.text)},
             out);
  }
  start_over(s, "a read failed: " + r.text, out);
}

// -- reading the cluster ----------------------------------------------------------

void manager_core::start_refresh(effects& out) {
  refresh_all_ = all_dirty_;
  refresh_members_ = all_dirty_ || members_dirty_;
  refresh_pools_ = all_dirty_ || pools_dirty_;
  detail_workers_.clear();
  detail_alive_.clear();
  detail_folders_.clear();
  detail_jobs_.assign(jobs_dirty_.begin(), jobs_dirty_.end());
  all_dirty_ = members_dirty_ = pools_dirty_ = false;
  unwatched_ = unwatched_ && !refresh_all_;
  jobs_dirty_.clear();
  std::vector<store::read_op> ops{store::get(tree_.assignment_version()),
                                  store::get(tree_.worker_version(), refresh_members_),
                                  store::children(tree_.workers()),
                                  store::children(tree_.alive(), refresh_members_),
                                  store::get(tree_.pools(), refresh_pools_),
                                  store::children(tree_.pools(), refresh_pools_),
                                  store::children(tree_.marks()),
                                  store::get(tree_.pool_version(), true)};
  read(activity::load_base, std::move(ops), refresh_all_, out);
}

void manager_core::apply_base(const store::read_outcome& r, step s, effects& out) {
  const std::string paths[] = {
    tree_.assignment_version(), tree_.worker_version(), tree_.workers(), tree_.alive(), tree_.pools(), tree_.pools()};
  for (std::size_t i = 0; i < 6; ++i) {
    if (r.results[i].code != rc::ok) {
      complain("base", {errc::malformed_payload, paths[i] + " is missing: the tree is incomplete"}, out);
      setback(s, effort::reading, paths[i] + " is missing", out);
      return;
    }
  }
  relieve("base", out);
  const bool watched = (!refresh_members_ || (r.results[1].watched && r.results[3].watched)) &&
                       (!refresh_pools_ || (r.results[4].watched && r.results[5].watched));
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
    assignment_version_ = r.results[0].stat.version;
  } else if (r.results[0].stat.version > assignment_version_) {
    setback(s, effort::reading, "somebody else wrote assignments", out);
    return;
  }
  // Whoever changes a registration that counts bumps the version of the workers.
  const bool members = refresh_all_ || refresh_members_ || r.results[1].stat.version != worker_version_;
  worker_version_ = r.results[1].stat.version;
  alive_names_ = {r.results[3].children.begin(), r.results[3].children.end()};
  worker_names_ = r.results[2].children;
  job_names_ = r.results[5].children;
  const auto& names = worker_names_;
  std::vector<node_id> removed;
  maybe_changed_.clear();
  if (members && !clean_queue_.empty()) {
    clean_queue_.clear(); // somebody may want again what was to be cleaned
    clean_at_ = s.now;
  }
  for (const auto& [id, w] : image_.workers) {
    if (!std::binary_search(names.begin(), names.end(), id)) {
      removed.push_back(id);
    } else if (members && (alive_names_.count(id) > 0 || !is_over(id, w, s.now))) {
      maybe_changed_.push_back(id); // those that are over cost nothing, however many there are
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
    for (const auto& name : r.results[6].children) {
      if (alive_names_.count(name) > 0) {
        marked_.push_back(name);
      }
    }
    read_marks_ = !marked_.empty();
  }
  // Pools.
  if (auto pools = store::decode<store::pools_payload>(r.results[4].data, tree_.pools())) {
    image_.all_disabled = pools->all_disabled;
    relieve(tree_.pools(), out);
  } else if (!r.results[4].data.empty()) {
    complain(tree_.pools(), pools.error(), out);
  }
  const auto& jobs = r.results[5].children;
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
  if (maybe_changed_.empty()) {
    read_details(s, out);
    return;
  }
  std::vector<store::read_op> ops;
  for (const auto& id : maybe_changed_) {
    ops.push_back(store::exists(tree_.worker(id)));
  }
  read(activity::load_changed, std::move(ops), false, out);
}

void manager_core::apply_changed(const store::read_outcome& r, step s, effects& out) {
  for (std::size_t i = 0; i < maybe_changed_.size(); ++i) {
    const auto& x = r.results[i];
    if (x.code == rc::ok && x.stat.mzxid != image_.workers.at(maybe_changed_[i]).mzxid) {
      detail_workers_.push_back(maybe_changed_[i]);
    }
  }
  read_details(s, out);
}

/// Members whose registration has changed are read whole, of the others only what may have changed without it.
void manager_core::read_details(step s, effects& out) {
  for (auto& [id, w] : image_.workers) {
    if (alive_names_.count(id) == 0) {
      w.alive.clear();
    } else if (!w.is_alive()) {
      detail_alive_.push_back(id); // also when another life has left its name there: it may be a new one by now
    }
  }
  const std::set<node_id> listed{detail_alive_.begin(), detail_alive_.end()};
  for (const auto& id : detail_workers_) {
    if (listed.count(id) == 0) {
      detail_alive_.push_back(id);
    }
  }
  // Whoever is read anew is in `detail_alive_`.
  if (detail_alive_.empty() && detail_jobs_.empty() && !read_marks_) {
    refreshed(s, out);
    return;
  }
  std::vector<store::read_op> ops;
  for (const auto& id : detail_workers_) {
    ops.push_back(store::get(tree_.worker(id)));
    ops.push_back(store::children(tree_.available(id)));
    ops.push_back(store::get(tree_.assigned(id)));
    ops.push_back(store::children(tree_.assigned(id)));
  }
  for (const auto& id : detail_alive_) {
    ops.push_back(store::get(tree_.alive(id)));
  }
  for (const auto& id : detail_jobs_) {
    ops.push_back(store::get(tree_.pool(id), true));
    ops.push_back(store::children(tree_.pool(id), true));
  }
  for (const auto& id : read_marks_ ? marked_ : std::vector<node_id>{}) {
    ops.push_back(store::get(tree_.mark(id)));
  }
  read(activity::load_details, std::move(ops), false, out);
}

/// Made by a node with other credentials than ours, or with some where we have none: it takes part in nothing.
void manager_core::unreadable(const std::string& path, rc code, effects& out) {
  if (code == rc::no_auth) {
    complain(path, {errc::no_permission, path + " may not be read: it was made with other credentials (store.digest)"},
             out);
  }
}

void manager_core::apply_details(const store::read_outcome& r, step s, effects& out) {
  std::size_t i = 0;
  for (const auto& id : detail_workers_) {
    const auto& reg = r.results[i++];
    const auto& available = r.results[i++];
    const auto& assigned = r.results[i++];
    const auto& folders = r.results[i++];
    if (reg.code != rc::ok) {
      image_.workers.erase(id);
      unreadable(tree_.worker(id), reg.code, out);
      continue;
    }
    const bool known = image_.workers.count(id) > 0;
    auto& w = image_.workers[id];
    const auto before = w.registration ? w.registration->incarnation : std::string{};
    w.mzxid = reg.stat.mzxid;
    w.version = reg.stat.version;
    if (auto p = store::decode<store::worker_payload>(reg.data, tree_.worker(id))) {
      w.registration = std::move(*p);
      w.former_mark = store::decode<store::mark_payload>(reg.data, {}).value_or(store::mark_payload{});
      relieve(tree_.worker(id), out);
    } else {
      w.registration.reset();
      complain(tree_.worker(id), p.error(), out);
    }
    w.available = {available.children.begin(), available.children.end()};
    w.assigned_exists = assigned.code == rc::ok;
    if (!w.assigned_exists) {
      // Nothing could be written for it, and one conflict would keep everybody from work. It registers itself anew.
      w.registration.reset();
      complain(tree_.assigned(id), {errc::malformed_payload, tree_.assigned(id) + " is missing"}, out);
    } else if (known) {
      const auto p = store::decode<store::assigned_payload>(assigned.data, tree_.assigned(id));
      if (p) {
        relieve(tree_.assigned(id), out);
      }
      if (p && (p->incarnation != w.assigned_incarnation || p->counter != w.assigned_counter)) {
        all_dirty_ = true; // made anew, or written by a stranger: what we know of it is void
      }
    }
    if (!known) {
      w.folders = {folders.children.begin(), folders.children.end()};
      for (const auto& job : w.folders) {
        detail_folders_.emplace_back(id, job);
      }
      if (w.assigned_exists) {
        if (auto p = store::decode<store::assigned_payload>(assigned.data, tree_.assigned(id))) {
          w.assigned_incarnation = p->incarnation;
          w.assigned_counter = p->counter;
          relieve(tree_.assigned(id), out);
        } else {
          complain(tree_.assigned(id), p.error(), out); // written anew with the next plan
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
  for (const auto& id : detail_alive_) {
    const auto& x = r.results[i++];
    auto w = image_.workers.find(id);
    if (w == image_.workers.end()) {
      continue;
    }
    w->second.alive.clear();
    unreadable(tree_.alive(id), x.code, out);
    if (x.code == rc::ok && !held_by_session(x)) {
      complain(tree_.alive(id), {errc::malformed_payload, tree_.alive(id) + " is not ephemeral: it is nobody's life"},
               out);
    } else if (x.code == rc::ok) {
      if (auto p = store::decode<store::alive_payload>(x.data, tree_.alive(id))) {
        w->second.alive = p->incarnation;
        relieve(tree_.alive(id), out);
      } else {
        complain(tree_.alive(id), p.error(), out);
      }
    }
  }
  for (const auto& id : detail_jobs_) {
    const auto& data = r.results[i++];
    const auto& list = r.results[i++];
    if (data.code == rc::no_auth || list.code == rc::no_auth) {
      unreadable(tree_.pool(id), rc::no_auth, out);
      continue; // what was known of it stands
    }
    if (data.code != rc::ok || list.code != rc::ok) {
      image_.remove_job(id);
      unwatched_jobs_.erase(id);
      continue;
    }
    unwatched_ = unwatched_ || !data.watched || !list.watched;
    if (data.watched && list.watched) {
      unwatched_jobs_.erase(id);
    } else {
      unwatched_jobs_.insert(id);
    }
    auto& j = image_.jobs[id];
    if (auto p = store::decode<store::pool_payload>(data.data, tree_.pool(id))) {
      j.pool = std::move(*p);
      if (j.pool.retired) {
        clean_at_ = s.now;
      }
      relieve(tree_.pool(id), out);
    } else {
      complain(tree_.pool(id), p.error(), out);
    }
    image_.set_items(id, list.children);
  }
  for (const auto& id : read_marks_ ? marked_ : std::vector<node_id>{}) {
    const auto& x = r.results[i++];
    if (auto m = store::decode<store::mark_payload>(x.data, tree_.mark(id))) {
      image_.marks[id] = *m;
      relieve(tree_.mark(id), out);
    } else if (x.code == rc::ok) {
      complain(tree_.mark(id), m.error(), out);
    }
  }
  if (detail_folders_.empty()) {
    refreshed(s, out);
    return;
  }
  std::vector<store::read_op> ops;
  for (const auto& [worker, job] : detail_folders_) {
    ops.push_back(store::children(tree_.assigned(worker, job)));
  }
  read(activity::load_items, std::move(ops), false, out);
}

void manager_core::apply_items(const store::read_outcome& r, step s, effects& out) {
  for (std::size_t i = 0; i < detail_folders_.size(); ++i) {
    const auto& [worker, job] = detail_folders_[i];
    if (r.results[i].code == rc::ok) {
      image_.add_assigned(worker, job, r.results[i].children);
    } else {
      image_.workers.at(worker).folders.erase(job);
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
      complain(
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
  problems_.works(effort::reading, out);
  forget_problems(out);
  // Numbers of workers that are no more are given up only here: a cluster with new names each day would collect them.
  if (image_.numbers() > 2 * image_.workers.size() + 1000) {
    all_dirty_ = true;
  }
  changed(s);
}

} // namespace djm
