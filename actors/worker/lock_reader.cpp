#include "actors/worker/lock_reader.hpp"

#include <utility>
#include <vector>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

// -- what is heard ----------------------------------------------------------------

void lock_reader::folder_changed(const job_id& job) {
  if (child_watches_.erase(job) > 0) {
    locks_.ask_again(job, watched_);
    list_jobs_.insert(job);
  }
}

void lock_reader::lock_changed(const item_ref& ref) {
  watched_.erase(ref);
  locks_.ask_again(ref);
}

void lock_reader::watches_lost() {
  watched_.clear();
  child_watches_.clear();
}

// -- uncertain locks ----------------------------------------------------------------

bool lock_reader::verify(worker_effects& out) {
  std::vector<item_ref> items;
  for (const auto* ref : locks_.all_uncertain()) {
    items.push_back(*ref);
    if (items.size() >= cfg_.read_batch) {
      break;
    }
  }
  if (items.empty()) {
    return false;
  }
  ++rereads_;
  read_batch ask;
  const auto locks = ask.each(items, [this](const item_ref& i) { return store::get(tree_.lock(i)); });
  store_.read(worker_topic::lock_data, ask, true, out, this, &lock_reader::take_locks, locks);
  return true;
}

void lock_reader::take_locks(const read_slots<item_ref>& found, step s, worker_effects& out) {
  for (const auto& [ref, lock] : found) {
    if (lock->watched) {
      watched_.insert(ref);
    }
    if (locks_.asks_about(ref)) {
      take_lock(ref, *lock, s, out);
    } // or else it is decided by something newer
  }
}

void lock_reader::take_lock(const item_ref& ref, const store::read_result& found, step s, worker_effects& out) {
  const auto path = tree_.lock(ref);
  if (found.code == rc::no_node) {
    store_.relieve(path, out);
    locks_.found_free(ref);
    return;
  }
  if (found.code != rc::ok) {
    store_.complain(path, {errc::no_permission, path + ": cannot be read: " + to_string(found.code)}, out);
    store_.retry(s);
    return;
  }
  const auto payload = store_.decode<store::lock_payload>(found, path, out);
  if (payload && payload->worker == cfg_.node && payload->incarnation == cfg_.incarnation) {
    locks_.found_ours(ref, found.stat.czxid);
    return;
  }
  const bool watched = watched_.count(ref) > 0;
  // Locks that are uncertain are read without a watch: they are asked about again, now with one. Where a watch was
  // asked for and is not to be had, that is done after a while.
  if (!locks_.uncertain(ref) && !watched) {
    store_.retry(s);
  }
  locks_.found_taken(ref, payload ? payload->worker + "/" + payload->incarnation : "malformed lock", watched);
}

// -- locks of others ------------------------------------------------------------------

bool lock_reader::look(worker_effects& out) {
  if (list_folders(out)) {
    return true;
  }
  std::vector<item_ref> items;
  for (const auto* taken : locks_.all_taken()) {
    const auto& ref = *taken;
    if (watched_.count(ref) == 0 && watched_.size() + items.size() >= cfg_.max_lock_watches) {
      // Too many locks to watch one by one: one watch on the folder tells of every change in it.
      child_watches_.insert(ref.job);
      list_jobs_.insert(ref.job);
      continue;
    }
    items.push_back(ref);
    if (items.size() >= cfg_.read_batch) {
      break;
    }
  }
  if (items.empty()) {
    return list_folders(out); // of those that are too many
  }
  read_batch ask;
  const auto locks = ask.each(items, [this](const item_ref& i) { return store::get(tree_.lock(i), true); });
  store_.read(worker_topic::lock_data, ask, false, out, this, &lock_reader::take_locks, locks);
  return true;
}

bool lock_reader::list_folders(worker_effects& out) {
  if (list_jobs_.empty()) {
    return false;
  }
  read_batch ask;
  const auto folders = ask.each(
    list_jobs_, [this](const job_id& job) { return store::children(tree_.locks(job), child_watches_.count(job) > 0); });
  list_jobs_.clear();
  store_.read(worker_topic::lock_list, ask, true, out, this, &lock_reader::take_list, folders);
  return true;
}

void lock_reader::take_list(const read_slots<job_id>& folders, step s, worker_effects&) {
  for (const auto& [job, found] : folders) {
    if (found->code != rc::ok) {
      folders_.erase(job);
      child_watches_.erase(job);
      locks_.folder_gone(job);
      continue;
    }
    folders_.insert(job);
    const bool watched = child_watches_.count(job) > 0 && found->watched;
    if (!watched && child_watches_.erase(job) > 0) {
      store_.retry(s);
    }
    std::set<item_id> taken;
    for (const auto& name : found->children) {
      if (auto item = store::item_of_lock_name(name)) {
        taken.insert(std::move(*item));
      }
    }
    locks_.listed(job, taken, watched);
  }
}

} // namespace djm
