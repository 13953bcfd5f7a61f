#include "actors/worker/assignment_reader.hpp"

#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

namespace {

/// Up to so many items are listed again without a look at which folders have changed: a round trip less.
constexpr std::size_t few_items = 1000;

} // namespace

void assignment_reader::locks_folder_changed() {
  base_watched_ = false;
  dirty_ = true;
}

void assignment_reader::start(worker_effects& out) {
  dirty_ = false;
  incoming_.clear();
  read_batch ask;
  slots answers{ask.get(tree_.assigned(cfg_.node), true), ask.children(tree_.assigned(cfg_.node)), {}};
  if (!base_watched_) {
    answers.locks = ask.exists(tree_.locks(), true);
  }
  store_.read(worker_topic::assigned, ask, false, out, this, &assignment_reader::take_node, answers);
}

void assignment_reader::take_node(const slots& answers, step s, worker_effects& out) {
  const auto path = tree_.assigned(cfg_.node);
  const auto& node = *answers.node;
  const auto& folders = *answers.folders;
  base_watched_ = base_watched_ || (answers.locks && (*answers.locks)->watched);
  if (node.code != rc::ok || folders.code != rc::ok) {
    store_.complain("assigned", {errc::malformed_payload, path + ": cannot be read: " + to_string(node.code)}, out);
    dirty_ = true;
    store_.retry(s);
    if (node.code == rc::no_node) {
      member_.lost(out);
    }
    return;
  }
  if (!node.watched) {
    dirty_ = true; // no watch to be had: ask again
    store_.retry(s);
  }
  auto payload = store::decode<store::assigned_payload>(node.data, path);
  if (!payload) {
    // What it said before still holds as far as we know; the leader writes it anew.
    store_.complain("assigned", payload.error(), out);
    return;
  }
  store_.relieve("assigned", out);
  if (payload->incarnation != cfg_.incarnation) {
    take_over({});
    return;
  }
  incoming_.clear();
  if (folders.children.empty()) {
    ask_why(out);
    return;
  }
  std::size_t items = 0;
  for (const auto& [job, list] : jobs_) {
    items += list.items->size();
  }
  read_folders(to_ids<job_id>(folders.children), items <= few_items, out);
}

/// Lists what is assigned of the jobs; where not of all of them, of those that are known asks whether it has changed.
void assignment_reader::read_folders(const std::vector<job_id>& jobs, bool all, worker_effects& out) {
  read_batch ask;
  std::vector<folder_slot> folders;
  for (const auto& job : jobs) {
    const bool listed = all || jobs_.count(job) == 0;
    const auto path = tree_.assigned(cfg_.node, job);
    folders.push_back({job, listed, listed ? ask.children(path) : ask.exists(path)});
  }
  store_.read(worker_topic::assigned, ask, false, out, this, &assignment_reader::take_folders, std::move(folders));
}

void assignment_reader::take_folders(const std::vector<folder_slot>& folders, step, worker_effects& out) {
  std::vector<job_id> again;
  for (const auto& [job, listed, slot] : folders) {
    const auto& res = *slot;
    if (res.code != rc::ok) {
      continue; // gone meanwhile
    }
    if (listed) {
      incoming_[job] = {res.stat.pzxid,
                        std::make_shared<const std::set<item_id>>(res.children.begin(), res.children.end())};
    } else if (auto k = jobs_.find(job); k != jobs_.end() && k->second.pzxid == res.stat.pzxid) {
      incoming_[job] = k->second;
    } else {
      again.push_back(job);
    }
  }
  if (!again.empty()) {
    read_folders(again, true, out);
    return;
  }
  ask_why(out);
}

/// Where all items of a job are taken away, the pool tells whether it is switched off: users want to know.
void assignment_reader::ask_why(worker_effects& out) {
  std::vector<job_id> lost;
  for (const auto& [job, list] : jobs_) {
    const auto next = incoming_.find(job);
    const bool is_lost = !list.items->empty() && (next == incoming_.end() || next->second.items->empty());
    if (is_lost && !locks_.draining() && locks_.offers(job)) {
      lost.push_back(job);
    }
  }
  if (lost.empty()) {
    take_over(std::exchange(incoming_, {}));
    return;
  }
  read_batch ask;
  const auto pools = ask.each(lost, [this](const job_id& job) { return store::get(tree_.pool(job)); });
  const auto all_pools = ask.get(tree_.pools());
  store_.read(worker_topic::assigned, ask, false, out, this, &assignment_reader::take_why, pools, all_pools);
}

void assignment_reader::take_why(const read_slots<job_id>& pools, const read_slot& all_pools, step, worker_effects&) {
  const auto all = store::decode<store::pools_payload>(all_pools->data, tree_.pools());
  for (const auto& [job, res] : pools) {
    const auto pool = store::decode<store::pool_payload>(res->data, tree_.pool(job));
    // What cannot be read is for the keeper and the leader to report.
    if (res->code == rc::ok && locks_.offers(job) && ((pool && !pool->enabled) || (all && all->all_disabled))) {
      locks_.switched_off(job);
    }
  }
  take_over(std::exchange(incoming_, {}));
}

void assignment_reader::take_over(assigned_jobs jobs) {
  std::set<job_id> changed;
  for (const auto& [job, list] : jobs) {
    if (!list.items->empty()) {
      locks_.switched_on(job);
    }
    const auto before = jobs_.find(job);
    if (before == jobs_.end() || before->second.pzxid != list.pzxid) {
      changed.insert(job);
    }
  }
  for (const auto& [job, list] : jobs_) {
    if (jobs.count(job) == 0) {
      changed.insert(job);
    }
  }
  jobs_ = std::move(jobs);
  known_ = true;
  for (const auto& job : changed) {
    locks_.want(job, items_of(job));
  }
}

const std::set<item_id>& assignment_reader::items_of(const job_id& job) const {
  static const std::set<item_id> none;
  const auto j = jobs_.find(job);
  return j != jobs_.end() ? *j->second.items : none;
}

} // namespace djm
