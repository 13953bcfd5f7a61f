#include "actors/manager/refresh/refresh.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace djm {

using store::rc;

refresh::refresh(leader_store& store, cluster_knowledge& known, dirty_marks& dirty, lock_watchdog& watchdog,
                 member_history& history, plan_moment& moment, clean_list& list, refusal_desk& refusals)
  : store_(store),
    known_(known),
    dirty_(dirty),
    watchdog_(watchdog),
    history_(history),
    moment_(moment),
    refusals_(refusals),
    base_(store, known, dirty, watchdog, list, refusals),
    details_(store, known, dirty, watchdog, list, refusals) {}

void refresh::start(manager_effects& out) {
  what_ = dirty_.take();
  wanted_ = {};
  wanted_.jobs = what_.jobs;
  read_batch ask;
  auto slots = base_.ask(what_, ask);
  store_.read(activity::load_base, ask, what_.all, out, this, &refresh::apply_base, std::move(slots));
}

void refresh::apply_base(const base_reader::slots& answers, step s, manager_effects& out) {
  const auto maybe_changed = base_.take_over(answers, what_, wanted_, s, out);
  if (!maybe_changed) {
    return;
  }
  if (maybe_changed->empty()) {
    read_details(s, out);
    return;
  }
  read_batch ask;
  const auto workers =
    ask.each(*maybe_changed, [this](const node_id& id) { return store::exists(store_.tree().worker(id)); });
  store_.read(activity::load_changed, ask, false, out, this, &refresh::apply_changed, workers);
}

void refresh::apply_changed(const read_slots<node_id>& workers, step s, manager_effects& out) {
  for (const auto& [id, x] : workers) {
    if (x->code == rc::ok && x->stat.mzxid != known_.image().workers.at(id).mzxid) {
      wanted_.workers.push_back(id);
    }
  }
  read_details(s, out);
}

/// Members whose registration has changed are read whole, of the others only what may have changed without it.
void refresh::read_details(step s, manager_effects& out) {
  auto& alive = wanted_.alive;
  for (const auto& [id, w] : known_.image().workers) {
    const bool listed = base_.is_listed_alive(id);
    if (listed && !w.is_alive()) {
      alive.push_back(id); // also when another life has left its name there: it may be a new one by now
    } else if (!listed && !w.alive.empty()) {
      known_.put_alive(id, {});
    }
  }
  const std::set<node_id> asked{alive.begin(), alive.end()};
  for (const auto& id : wanted_.workers) {
    if (asked.count(id) == 0) {
      alive.push_back(id);
    }
  }
  if (wanted_.empty()) {
    refreshed(s, out);
    return;
  }
  read_batch ask;
  auto slots = details_.ask(wanted_, ask);
  store_.read(activity::load_details, ask, false, out, this, &refresh::apply_details, std::move(slots));
}

void refresh::apply_details(const detail_reader::slots& answers, step s, manager_effects& out) {
  const auto below = details_.take_over(answers, s, out);
  if (below.empty()) {
    refreshed(s, out);
    return;
  }
  read_batch ask;
  const auto folders =
    ask.each(below, [this](const job_folder& f) { return store::children(store_.tree().assigned(f.worker, f.job)); });
  store_.read(activity::load_items, ask, false, out, this, &refresh::apply_items, folders);
}

void refresh::apply_items(const read_slots<job_folder>& folders, step s, manager_effects& out) {
  for (const auto& [where, items] : folders) {
    if (items->code == rc::ok) {
      known_.put_assigned(where.worker, where.job, to_ids<item_id>(items->children));
    } else {
      known_.remove_folder(where.worker, where.job);
    }
  }
  refreshed(s, out);
}

void refresh::refreshed(step s, manager_effects& out) {
  note_lives(s, out);
  known_.complete();
  refusals_.look_around();
  store_.works(effort::reading, out);
  base_.forget_problems(out);
  // Numbers of workers that are no more are given up only here: a cluster with new names each day would collect them.
  const auto& image = known_.image();
  if (image.numbers() > 2 * image.workers.size() + 1000) {
    dirty_.everything();
  }
  moment_.changed(s.now, others_take());
}

/// In a new cluster the first node would get everything, and most of it would move on when the others are there, which
/// start with it and have to read all pools before they register: that takes them about so long for each item.
duration refresh::others_take() const {
  constexpr duration each = std::chrono::microseconds{20};
  const auto& image = known_.image();
  const bool fresh =
    std::all_of(image.workers.begin(), image.workers.end(), [](const auto& w) { return w.second.folders.empty(); });
  return fresh ? each * static_cast<duration::rep>(std::min<std::size_t>(image.item_count(), 1'000'000))
               : duration::zero();
}

/// Who is there is not gone, and whoever ends again and again is told.
void refresh::note_lives(step s, manager_effects& out) {
  const auto& workers = known_.image().workers;
  for (const auto& [id, w] : workers) {
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
  history_.keep(workers);
}

} // namespace djm
