#include "actors/manager/refresh/detail_reader.hpp"

#include <utility>

namespace djm {

using store::rc;

detail_reader::slots detail_reader::ask(const wanted& what, read_batch& into) const {
  const auto& tree = store_.tree();
  slots answers;
  for (const auto& id : what.workers) {
    answers.workers.emplace_back(tree, id, into);
  }
  answers.alive = into.each(what.alive, [&](const node_id& id) { return store::get(tree.alive(id)); });
  for (const auto& id : what.jobs) {
    answers.jobs.emplace_back(tree, id, true, into);
  }
  answers.marks = into.each(what.marks, [&](const node_id& id) { return store::get(tree.mark(id)); });
  answers.refusals = into.each(what.refusals, [&](const std::string& n) { return store::get(tree.refusal(n)); });
  return answers;
}

std::vector<job_folder> detail_reader::take_over(const slots& answers, step s, manager_effects& out) {
  const auto& tree = store_.tree();
  std::vector<job_folder> below;
  for (const auto& w : answers.workers) {
    take_worker(w.take(tree), below, out);
  }
  for (const auto& [id, found] : answers.alive) {
    take_alive(id, store::read_alive(*found, tree.alive(id)), out);
  }
  for (const auto& j : answers.jobs) {
    take_job(j.take(tree), s, out);
  }
  for (const auto& [id, x] : answers.marks) {
    if (x->code != rc::ok) {
      continue;
    }
    if (auto m = store_.decode<store::mark_payload>(*x, tree.mark(id), out)) {
      known_.put_mark(id, *m);
    }
  }
  for (const auto& [name, found] : answers.refusals) {
    refusals_.take(name, *found, s, out);
  }
  return below;
}

void detail_reader::take_worker(const store::worker_record& found, std::vector<job_folder>& below,
                                manager_effects& out) {
  const auto& id = found.id;
  const auto& tree = store_.tree();
  if (found.code != rc::ok) {
    known_.hide_worker(id);
    store_.unreadable(tree.worker(id), found.code, out);
    return;
  }
  const auto& all = known_.image().workers;
  const auto at = all.find(id);
  const bool known = at != all.end();
  auto w = known ? at->second : worker_image{};
  const auto before = w.registration ? w.registration->incarnation : std::string{};
  w.mzxid = found.stat.mzxid;
  w.version = found.stat.version;
  store_.judge(found.registration, tree.worker(id), out);
  w.registration = found.registration.value;
  if (w.registration) {
    w.former_mark = found.former_mark;
  }
  w.available = {found.available.begin(), found.available.end()};
  w.assigned_exists = found.assigned_code == rc::ok;
  if (!w.assigned_exists) {
    // Nothing could be written for it, and one conflict would keep everybody from work. It registers itself anew.
    w.registration.reset();
    store_.complain(tree.assigned(id), {errc::malformed_payload, tree.assigned(id) + " is missing"}, out);
  } else if (known) {
    take_known(w, found, out);
  }
  if (!known) {
    take_new(w, found, below, out);
  }
  note_former_lives(id, w, before);
  known_.put_worker(id, std::move(w));
}

void detail_reader::take_known(const worker_image& w, const store::worker_record& found, manager_effects& out) {
  if (const auto& p = found.assigned.value) {
    store_.relieve(store_.tree().assigned(found.id), out);
    if (p->incarnation != w.assigned_incarnation || p->counter != w.assigned_counter) {
      dirty_.everything(); // made anew, or written by a stranger: what we know of it is void
    }
  }
}

void detail_reader::take_new(worker_image& w, const store::worker_record& found, std::vector<job_folder>& below,
                             manager_effects& out) {
  w.folders = {found.folders.begin(), found.folders.end()};
  for (const auto& job : w.folders) {
    below.push_back({found.id, job});
  }
  if (w.assigned_exists) {
    // One that is malformed is written anew with the next plan.
    store_.judge(found.assigned, store_.tree().assigned(found.id), out);
    if (const auto& p = found.assigned.value) {
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

void detail_reader::take_alive(const node_id& id, const store::alive_record& found, manager_effects& out) {
  if (known_.image().workers.count(id) == 0) {
    return;
  }
  const auto path = store_.tree().alive(id);
  store_.unreadable(path, found.code, out);
  if (found.shown == store::presence::impostor) {
    store_.complain(path, {errc::malformed_payload, path + " is not ephemeral: it is nobody's life"}, out);
  } else if (found.shown == store::presence::held) {
    store_.judge(found.life, path, out);
  }
  known_.put_alive(id, found.life.value ? found.life.value->incarnation : std::string{});
}

void detail_reader::take_job(const store::job_record& found, step s, manager_effects& out) {
  const auto& id = found.id;
  const auto path = store_.tree().pool(id);
  if (found.code == rc::no_auth) {
    store_.unreadable(path, rc::no_auth, out);
    return; // what was known of it stands
  }
  if (found.code != rc::ok) {
    known_.remove_job(id);
    dirty_.job_gone(id);
    return;
  }
  dirty_.job_read(id, found.watched);
  store_.judge(found.pool, path, out);
  if (const auto& p = found.pool.value) {
    if (p->retired) {
      list_.make_at(s.now);
    }
    known_.put_pool(id, *p);
  }
  known_.put_items(id, found.items);
}

} // namespace djm
