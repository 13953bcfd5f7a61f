#include "actors/worker/worker_core.hpp"

#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

namespace {

/// Up to so many items are listed again without a look at which folders have changed: a round trip less.
constexpr std::size_t few_items = 1000;

} // namespace

// -- what is assigned -----------------------------------------------------------

void worker_core::apply_assigned(const assigned_slots& slots, step s, effects& out) {
  const auto path = tree_.assigned(cfg_.node);
  const auto& node = *slots.node;
  const auto& folders = *slots.folders;
  base_watched_ = base_watched_ || (slots.locks && (*slots.locks)->watched);
  if (node.code != rc::ok || folders.code != rc::ok) {
    store_.complain("assigned", {errc::malformed_payload, path + ": cannot be read: " + to_string(node.code)}, out);
    assigned_dirty_ = true;
    retry(s);
    if (node.code == rc::no_node) {
      joined_ = 0; // the keeper registers us again and tells us
      out.push_back(not_alive{});
    }
    return;
  }
  if (!node.watched) {
    assigned_dirty_ = true; // no watch to be had: ask again
    retry(s);
  }
  auto payload = store::decode<store::assigned_payload>(node.data, path);
  if (!payload) {
    // What it said before still holds as far as we know; the leader writes it anew.
    store_.complain("assigned", payload.error(), out);
    return;
  }
  store_.relieve("assigned", out);
  if (payload->incarnation != cfg_.incarnation) {
    assigned_.clear();
    assigned_known_ = true;
    apply_wanted();
    return;
  }
  std::size_t items = 0;
  for (const auto& [job, image] : assigned_) {
    items += image.items.size();
  }
  incoming_.clear();
  if (folders.children.empty()) {
    image_read(out);
    return;
  }
  read_folders(folders.children, items <= few_items, out);
}

/// Lists what is assigned of the jobs; where not of all of them, of those that are known asks whether it has changed.
void worker_core::read_folders(const std::vector<job_id>& jobs, bool all, effects& out) {
  read_batch ask;
  std::vector<folder_slot> folders;
  for (const auto& job : jobs) {
    const bool listed = all || assigned_.count(job) == 0;
    const auto path = tree_.assigned(cfg_.node, job);
    folders.push_back({job, listed, listed ? ask.children(path) : ask.exists(path)});
  }
  store_.read(topic::assigned, ask, false, out, &worker_core::apply_folders, std::move(folders));
}

void worker_core::apply_folders(const std::vector<folder_slot>& folders, step, effects& out) {
  std::vector<job_id> again;
  for (const auto& [job, listed, slot] : folders) {
    const auto& res = *slot;
    if (res.code != rc::ok) {
      continue; // gone meanwhile
    }
    if (listed) {
      incoming_[job] = {res.stat.pzxid, {res.children.begin(), res.children.end()}};
    } else if (auto k = assigned_.find(job); k != assigned_.end() && k->second.pzxid == res.stat.pzxid) {
      incoming_[job] = k->second;
    } else {
      again.push_back(job);
    }
  }
  if (!again.empty()) {
    read_folders(again, true, out);
    return;
  }
  image_read(out);
}

/// Where all items of a job are taken away, the pool tells whether it is switched off: users want to know.
void worker_core::image_read(effects& out) {
  std::vector<job_id> lost;
  for (const auto& [job, image] : assigned_) {
    const auto next = incoming_.find(job);
    const bool is_lost = !image.items.empty() && (next == incoming_.end() || next->second.items.empty());
    if (is_lost && !draining_ && jobs_.count(job) > 0) {
      lost.push_back(job);
    }
  }
  if (lost.empty()) {
    take_image();
    return;
  }
  read_batch ask;
  const auto pools = ask.each(lost, [this](const job_id& job) { return store::get(tree_.pool(job)); });
  const auto all_pools = ask.get(tree_.pools());
  store_.read(topic::assigned, ask, false, out, &worker_core::apply_why, pools, all_pools);
}

void worker_core::apply_why(const read_slots<job_id>& pools, const read_slot& all_pools, step, effects&) {
  const auto all = store::decode<store::pools_payload>(all_pools->data, tree_.pools());
  for (const auto& [job, res] : pools) {
    const auto pool = store::decode<store::pool_payload>(res->data, tree_.pool(job));
    // What cannot be read is for the keeper and the leader to report.
    if (res->code == rc::ok && jobs_.count(job) > 0 && ((pool && !pool->enabled) || (all && all->all_disabled))) {
      off_.insert(job);
    }
  }
  take_image();
}

void worker_core::take_image() {
  for (const auto& [job, image] : incoming_) {
    if (!image.items.empty()) {
      off_.erase(job);
    }
  }
  assigned_ = std::move(incoming_);
  incoming_.clear();
  assigned_known_ = true;
  apply_wanted();
}

void worker_core::apply_wanted() {
  std::vector<item_ref> refs;
  refs.reserve(entries_.size());
  for (auto& [ref, e] : entries_) {
    auto j = assigned_.find(ref.job);
    e.wanted = j != assigned_.end() && j->second.items.count(ref.item) > 0;
    refs.push_back(ref);
  }
  for (const auto& [job, image] : assigned_) {
    for (const auto& item : image.items) {
      item_ref ref{job, item};
      if (entries_.count(ref) == 0 && is_valid_id(item)) {
        entries_[ref].wanted = true;
        refs.push_back(std::move(ref));
      }
    }
  }
  for (const auto& ref : refs) {
    settle_entry(ref, entries_[ref]);
  }
}

} // namespace djm
