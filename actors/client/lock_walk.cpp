#include "actors/client/lock_walk.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace djm {

using store::rc;

namespace {

/// What locks are compared with.
struct known {
  std::map<item_ref, node_id> owners;
  std::map<node_id, std::string> lives;
  std::set<item_ref> items;
};

known known_of(const store::tree_snapshot& snapshot) {
  known k;
  for (const auto& j : snapshot.jobs) {
    for (const auto& item : j.record.items) {
      k.items.insert({j.record.id, item});
    }
  }
  for (const auto& w : snapshot.workers) {
    if (w.alive.life.value) {
      k.lives[w.record.id] = w.alive.life.value->incarnation;
    }
    for (const auto& [job, items] : w.assigned) {
      for (const auto& item : items) {
        k.owners.emplace(item_ref{job, item}, w.record.id);
      }
    }
  }
  return k;
}

lock_state state_of(const lock_view& v, const known& k) {
  const auto life = k.lives.find(v.holder);
  if (life == k.lives.end()) {
    return lock_state::orphaned;
  }
  if (life->second != v.incarnation) {
    return lock_state::former_life;
  }
  if (k.items.count({v.job, v.item}) == 0) {
    return lock_state::stray;
  }
  return v.owner == v.holder ? lock_state::held : lock_state::moving;
}

} // namespace

read_batch lock_walk::next() {
  read_batch ask;
  if (round_ == round::jobs) {
    folders_ = ask.children(tree_.locks());
  } else if (round_ == round::items) {
    folder_slots_ = ask.each(jobs_, [this](const job_id& job) { return store::children(tree_.locks(job)); });
  } else if (round_ == round::locks) {
    lock_slots_ = ask.each(places_, [this](const place& p) { return store::get(tree_.locks(p.job) + "/" + p.name); });
  }
  return ask;
}

void lock_walk::take() {
  if (round_ == round::jobs) {
    jobs_ = to_ids<job_id>(folders_->children);
    round_ = jobs_.empty() ? round::done : round::items;
  } else if (round_ == round::items) {
    for (const auto& [job, list] : folder_slots_) {
      for (const auto& name : list->children) {
        places_.push_back({job, name});
      }
    }
    round_ = places_.empty() ? round::done : round::locks;
  } else {
    round_ = round::done;
  }
}

std::vector<lock_view> lock_walk::views(const store::tree_snapshot& snapshot) const {
  const auto k = known_of(snapshot);
  std::vector<lock_view> result;
  for (const auto& [where, lock] : lock_slots_) {
    if (lock->code == rc::no_node) {
      continue;
    }
    lock_view v;
    v.job = where.job;
    const auto item = store::item_of_lock_name(where.name);
    v.item = item ? *item : item_id{where.name};
    v.token = lock->stat.czxid;
    if (const auto owner = k.owners.find({v.job, v.item}); owner != k.owners.end()) {
      v.owner = owner->second;
    }
    const auto payload = store::decode<store::lock_payload>(lock->data, {});
    if (!item || !payload) {
      v.state = lock_state::malformed;
    } else {
      v.holder = payload->worker;
      v.incarnation = payload->incarnation;
      v.acquired_at_ms = payload->acquired_at_ms;
      v.detach_ms = payload->detach_ms;
      v.state = state_of(v, k);
    }
    result.push_back(std::move(v));
  }
  return result;
}

} // namespace djm
