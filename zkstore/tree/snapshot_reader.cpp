#include "zkstore/tree/snapshot_reader.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace djm::store {

read_batch snapshot_reader::next() {
  read_batch ask;
  switch (round_) {
  case round::base:
    base_ = {ask.children(tree_.workers()),
             ask.children(tree_.alive()),
             ask.get(tree_.pools()),
             ask.children(tree_.pools()),
             ask.children(tree_.marks()),
             ask.children(tree_.refusals()),
             scope_.candidates ? std::optional{ask.children(tree_.latches())} : std::nullopt,
             scope_.candidates ? std::optional{ask.get(tree_.model())} : std::nullopt};
    break;
  case round::details:
    for (const auto& id : worker_names_) {
      worker_reads about{tree_, id, ask};
      workers_.emplace_back(std::move(about), ask.get(tree_.alive(id)));
    }
    for (const auto& id : job_names_) {
      jobs_.emplace_back(tree_, id, false, ask);
    }
    if (scope_.followed) {
      followed_ = ask.each(job_names_, [this](const job_id& id) { return get(tree_.job(id)); });
    }
    marks_ = ask.each(marked_, [this](const node_id& id) { return get(tree_.mark(id)); });
    refusals_ = ask.each(refusal_names_, [this](const std::string& n) { return get(tree_.refusal(n)); });
    candidates_ = ask.each(candidate_names_, [this](const std::string& n) { return exists(tree_.latch(n)); });
    break;
  case round::items:
    folder_slots_ = ask.each(folders_, [this](const folder& f) {
      return children(tree_.assigned(snapshot_.workers[f.worker].record.id, f.job));
    });
    lock_slots_ = ask.each(
      items_, [this](const item_place& p) { return get(tree_.lock(snapshot_.jobs[p.job].record.id, p.item)); });
    break;
  case round::done: break;
  }
  return ask;
}

void snapshot_reader::take() {
  switch (round_) {
  case round::base: {
    take_base();
    const bool nothing = worker_names_.empty() && job_names_.empty() && marked_.empty() && candidate_names_.empty() &&
                         refusal_names_.empty();
    round_ = nothing ? round::done : round::details;
    break;
  }
  case round::details:
    take_details();
    round_ = folders_.empty() && items_.empty() ? round::done : round::items;
    break;
  case round::items:
    take_items();
    round_ = round::done;
    break;
  case round::done: break;
  }
}

void snapshot_reader::take_base() {
  const std::pair<const read_slot&, std::string> needed[] = {
    {base_.workers, tree_.workers()}, {base_.pools, tree_.pools()}, {base_.jobs, tree_.pools()}};
  for (const auto& [slot, path] : needed) {
    if (slot->code != rc::ok) {
      snapshot_.missing.push_back(path);
    }
  }
  worker_names_ = to_ids<node_id>(base_.workers->children);
  job_names_ = to_ids<job_id>(base_.jobs->children);
  for (const auto& w : base_.alive->children) {
    if (!std::binary_search(worker_names_.begin(), worker_names_.end(), w)) {
      note({errc::malformed_payload, tree_.alive(node_id{w}) + ": alive without a registration in " + tree_.workers()});
    }
  }
  const auto pools = read_payload<pools_payload>(*base_.pools, tree_.pools());
  note(pools);
  snapshot_.all_disabled = pools.value && pools.value->all_disabled;
  for (const auto& name : base_.marks->children) {
    if (is_valid_id(name)) {
      marked_.emplace_back(name);
    }
  }
  if (base_.model) {
    snapshot_.model = read_payload<model_payload>(**base_.model, tree_.model());
    note(snapshot_.model);
  }
  refusal_names_ = base_.refusals->children;
  if (base_.candidates) {
    const auto& names = (*base_.candidates)->children;
    std::copy_if(names.begin(), names.end(), std::back_inserter(candidate_names_),
                 [](const std::string& n) { return !candidate_worker(n).empty(); });
    std::sort(candidate_names_.begin(), candidate_names_.end(),
              [](const std::string& a, const std::string& b) { return *sequence_of(a) < *sequence_of(b); });
  }
}

void snapshot_reader::take_details() {
  for (const auto& [reads, alive] : workers_) {
    auto record = reads.take(tree_);
    auto shown = read_alive(*alive, tree_.alive(record.id));
    note(record.registration);
    if (shown.shown == presence::impostor) {
      note({errc::malformed_payload, tree_.alive(record.id) + ": not ephemeral, so nobody's life"});
    }
    note(shown.life);
    for (const auto& job : record.folders) {
      folders_.push_back({snapshot_.workers.size(), job});
    }
    snapshot_.workers.push_back({std::move(record), std::move(shown), {}});
  }
  for (const auto& reads : jobs_) {
    auto record = reads.take(tree_);
    note(record.pool);
    snapshot_.jobs.push_back({std::move(record), {}, {}});
  }
  // In the order of the jobs, and of each or of none.
  for (std::size_t j = 0; j < followed_.size(); ++j) {
    const auto& [id, answer] = followed_[j];
    snapshot_.jobs[j].followed = read_payload<job_payload>(*answer, tree_.job(id));
    note(snapshot_.jobs[j].followed);
  }
  for (const auto& [id, mark] : marks_) {
    const auto m = read_payload<mark_payload>(*mark, tree_.mark(id));
    note(m);
    if (m.value) {
      snapshot_.marks.emplace(id, *m.value);
    }
  }
  take_refusals();
  take_candidates();
  look_at_locks();
}

void snapshot_reader::take_refusals() {
  for (const auto& [name, node] : refusals_) {
    auto r = read_payload<refusal_payload>(*node, tree_.refusal(name));
    note(r);
    if (r.value) {
      snapshot_.refusals.emplace(name, std::move(*r.value));
    }
  }
}

void snapshot_reader::take_candidates() {
  for (const auto& [name, latch] : candidates_) {
    const auto shown = presence_of(*latch);
    if (shown == presence::held) {
      snapshot_.candidates.push_back({candidate_worker(name), latch->stat.czxid});
    } else if (shown == presence::impostor) {
      note({errc::malformed_payload, tree_.latch(name) + ": not ephemeral, so no candidate"});
    }
  }
}

/// All of them or none: some would look like items that nobody holds.
void snapshot_reader::look_at_locks() {
  if (scope_.max_locks == 0) {
    return;
  }
  for (std::size_t j = 0; j < snapshot_.jobs.size(); ++j) {
    for (const auto& item : snapshot_.jobs[j].record.items) {
      items_.push_back({j, item});
      if (items_.size() > scope_.max_locks) {
        snapshot_.locks_left_out = true;
        items_.clear();
        return;
      }
    }
  }
}

void snapshot_reader::take_items() {
  for (const auto& [where, list] : folder_slots_) {
    if (list->code == rc::ok) {
      snapshot_.workers[where.worker].assigned.emplace_back(where.job, to_ids<item_id>(list->children));
    }
  }
  for (const auto& [place, lock] : lock_slots_) {
    if (lock->code != rc::ok) {
      continue;
    }
    auto& job = snapshot_.jobs[place.job];
    auto holder = read_payload<lock_payload>(*lock, tree_.lock(job.record.id, place.item));
    note(holder);
    job.locks.push_back({place.item, lock->stat.czxid, std::move(holder)});
  }
}

} // namespace djm::store
