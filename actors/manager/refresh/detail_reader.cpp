#include "actors/manager/refresh/detail_reader.hpp"

#include <utility>

namespace djm {

using store::rc;

detail_reader::slots detail_reader::ask(const wanted& what, read_batch& into) const {
  const auto& tree = store_.tree();
  slots answers;
  for (const auto& id : what.workers) {
    answers.workers.push_back({id, into.get(tree.worker(id)), into.children(tree.available(id)),
                               into.get(tree.assigned(id)), into.children(tree.assigned(id))});
  }
  answers.alive = into.each(what.alive, [&](const node_id& id) { return store::get(tree.alive(id)); });
  for (const auto& id : what.jobs) {
    answers.jobs.push_back({id, into.get(tree.pool(id), true), into.children(tree.pool(id), true)});
  }
  answers.marks = into.each(what.marks, [&](const node_id& id) { return store::get(tree.mark(id)); });
  return answers;
}

std::vector<job_folder> detail_reader::take_over(const slots& answers, step s, manager_effects& out) {
  std::vector<job_folder> below;
  for (const auto& w : answers.workers) {
    take_worker(w, below, out);
  }
  for (const auto& [id, found] : answers.alive) {
    take_alive(id, *found, out);
  }
  for (const auto& j : answers.jobs) {
    take_job(j.id, *j.pool, *j.items, s, out);
  }
  for (const auto& [id, x] : answers.marks) {
    if (x->code != rc::ok) {
      continue;
    }
    if (auto m = store_.decode<store::mark_payload>(*x, store_.tree().mark(id), out)) {
      known_.put_mark(id, *m);
    }
  }
  return below;
}

void detail_reader::take_worker(const worker_slots& answers, std::vector<job_folder>& below, manager_effects& out) {
  const auto& id = answers.id;
  const auto& tree = store_.tree();
  const auto& reg = *answers.registration;
  const auto& available = *answers.available;
  if (reg.code != rc::ok) {
    known_.hide_worker(id);
    store_.unreadable(tree.worker(id), reg.code, out);
    return;
  }
  const auto& all = known_.image().workers;
  const auto at = all.find(id);
  const bool known = at != all.end();
  auto w = known ? at->second : worker_image{};
  const auto before = w.registration ? w.registration->incarnation : std::string{};
  w.mzxid = reg.stat.mzxid;
  w.version = reg.stat.version;
  w.registration.reset();
  if (auto p = store_.decode<store::worker_payload>(reg, tree.worker(id), out)) {
    w.registration = std::move(*p);
    w.former_mark = store::decode<store::mark_payload>(reg.data, {}).value_or(store::mark_payload{});
  }
  w.available = {available.children.begin(), available.children.end()};
  w.assigned_exists = answers.assigned->code == rc::ok;
  if (!w.assigned_exists) {
    // Nothing could be written for it, and one conflict would keep everybody from work. It registers itself anew.
    w.registration.reset();
    store_.complain(tree.assigned(id), {errc::malformed_payload, tree.assigned(id) + " is missing"}, out);
  } else if (known) {
    take_known(w, id, *answers.assigned, out);
  }
  if (!known) {
    take_new(w, answers, below, out);
  }
  note_former_lives(id, w, before);
  known_.put_worker(id, std::move(w));
}

void detail_reader::take_known(const worker_image& w, const node_id& id, const store::read_result& assigned,
                               manager_effects& out) {
  const auto path = store_.tree().assigned(id);
  const auto p = store::decode<store::assigned_payload>(assigned.data, path);
  if (p) {
    store_.relieve(path, out);
  }
  if (p && (p->incarnation != w.assigned_incarnation || p->counter != w.assigned_counter)) {
    dirty_.everything(); // made anew, or written by a stranger: what we know of it is void
  }
}

void detail_reader::take_new(worker_image& w, const worker_slots& answers, std::vector<job_folder>& below,
                             manager_effects& out) {
  const auto& folders = *answers.folders;
  w.folders = {folders.children.begin(), folders.children.end()};
  for (const auto& job : w.folders) {
    below.push_back({answers.id, job});
  }
  if (w.assigned_exists) {
    // One that is malformed is written anew with the next plan.
    if (auto p = store_.decode<store::assigned_payload>(*answers.assigned, store_.tree().assigned(answers.id), out)) {
      w.assigned_incarnation = p->incarnation;
      w.assigned_counter = p->counter;
    }
  }
}

/// An earlier life of this worker may have left locks: its clock starts now.
void detail_reader::note_former_lives(const node_id& id, const worker_image& w, const std::string& before) {
  const auto now_inc = w.registration ? w.registration->incarnation : std::string{};
  if (!before.empty() && before != now_inc) {
    watchdog_.look_at({id, before});
  }
  if (!w.assigned_incarnation.empty() && w.assigned_incarnation != now_inc) {
    watchdog_.look_at({id, w.assigned_incarnation});
  }
}

void detail_reader::take_alive(const node_id& id, const store::read_result& found, manager_effects& out) {
  if (known_.image().workers.count(id) == 0) {
    return;
  }
  const auto path = store_.tree().alive(id);
  std::string incarnation;
  store_.unreadable(path, found.code, out);
  if (found.code == rc::ok && !held_by_session(found)) {
    store_.complain(path, {errc::malformed_payload, path + " is not ephemeral: it is nobody's life"}, out);
  } else if (found.code == rc::ok) {
    if (auto p = store_.decode<store::alive_payload>(found, path, out)) {
      incarnation = p->incarnation;
    }
  }
  known_.put_alive(id, incarnation);
}

void detail_reader::take_job(const job_id& id, const store::read_result& data, const store::read_result& list, step s,
                             manager_effects& out) {
  const auto path = store_.tree().pool(id);
  if (data.code == rc::no_auth || list.code == rc::no_auth) {
    store_.unreadable(path, rc::no_auth, out);
    return; // what was known of it stands
  }
  if (data.code != rc::ok || list.code != rc::ok) {
    known_.remove_job(id);
    dirty_.job_gone(id);
    return;
  }
  dirty_.job_read(id, data.watched && list.watched);
  if (auto p = store_.decode<store::pool_payload>(data, path, out)) {
    if (p->retired) {
      list_.make_at(s.now);
    }
    known_.put_pool(id, std::move(*p));
  }
  known_.put_items(id, list.children);
}

} // namespace djm
