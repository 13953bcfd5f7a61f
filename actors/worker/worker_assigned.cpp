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

void worker_core::apply_assigned(const store::read_outcome& r, step s, effects& out) {
  const auto path = tree_.assigned(cfg_.node);
  const auto& node = r.results[0];
  base_watched_ = base_watched_ || (r.results.size() > 2 && r.results[2].watched);
  if (node.code != store::rc::ok || r.results[1].code != store::rc::ok) {
    problem_once("assigned", {errc::malformed_payload, path + ": cannot be read: " + to_string(node.code)}, out);
    assigned_dirty_ = true;
    later(s);
    if (node.code == rc::no_node) {
      joined_ = 0; // the keeper registers us again and tells us
      out.push_back(not_alive{});
    }
    return;
  }
  if (!node.watched) {
    assigned_dirty_ = true; // no watch to be had: ask again
    later(s);
  }
  auto payload = store::decode<store::assigned_payload>(node.data, path);
  if (!payload) {
    // What it said before still holds as far as we know; the leader writes it anew.
    problem_once("assigned", payload.error(), out);
    return;
  }
  relieve("assigned", out);
  if (payload->incarnation != cfg_.incarnation) {
    assigned_.clear();
    assigned_known_ = true;
    apply_wanted();
    return;
  }
  question q{};
  std::vector<store::read_op> reads;
  std::size_t items = 0;
  for (const auto& [job, image] : assigned_) {
    items += image.items.size();
  }
  for (const auto& job : r.results[1].children) {
    const bool known = items > few_items && assigned_.count(job) > 0;
    q.jobs.push_back(job);
    q.listed.push_back(!known);
    reads.push_back(known ? store::exists(tree_.assigned(cfg_.node, job))
                          : store::children(tree_.assigned(cfg_.node, job)));
  }
  incoming_.clear();
  if (reads.empty()) {
    image_read(out);
    return;
  }
  send_read(ask::folders, std::move(reads), std::move(q), false, out);
}

void worker_core::apply_folders(const question& q, const store::read_outcome& r, effects& out) {
  std::vector<job_id> again;
  for (std::size_t i = 0; i < q.jobs.size(); ++i) {
    const auto& job = q.jobs[i];
    const auto& res = r.results[i];
    if (res.code != store::rc::ok) {
      continue; // gone meanwhile
    }
    if (q.listed[i]) {
      incoming_[job] = {res.stat.pzxid, {res.children.begin(), res.children.end()}};
    } else if (auto k = assigned_.find(job); k != assigned_.end() && k->second.pzxid == res.stat.pzxid) {
      incoming_[job] = k->second;
    } else {
      again.push_back(job);
    }
  }
  if (!again.empty()) {
    read_children(std::move(again), out);
    return;
  }
  image_read(out);
}

void worker_core::read_children(std::vector<job_id> jobs, effects& out) {
  question q{};
  std::vector<store::read_op> reads;
  for (auto& job : jobs) {
    reads.push_back(store::children(tree_.assigned(cfg_.node, job)));
    q.listed.push_back(true);
    q.jobs.push_back(std::move(job));
  }
  send_read(ask::children, std::move(reads), std::move(q), false, out);
}

/// Where all items of a job are taken away, the pool tells whether it is switched off: users want to know.
void worker_core::image_read(effects& out) {
  question q{};
  std::vector<store::read_op> reads;
  for (const auto& [job, image] : assigned_) {
    const auto next = incoming_.find(job);
    const bool lost = !image.items.empty() && (next == incoming_.end() || next->second.items.empty());
    if (lost && !draining_ && jobs_.count(job) > 0) {
      q.jobs.push_back(job);
      reads.push_back(store::get(tree_.pool(job)));
    }
  }
  if (reads.empty()) {
    take_image();
    return;
  }
  reads.push_back(store::get(tree_.pools()));
  send_read(ask::why, std::move(reads), std::move(q), false, out);
}

void worker_core::apply_why(const question& q, const store::read_outcome& r) {
  const auto all = store::decode<store::pools_payload>(r.results[q.jobs.size()].data, tree_.pools());
  for (std::size_t i = 0; i < q.jobs.size(); ++i) {
    const auto& res = r.results[i];
    const auto pool = store::decode<store::pool_payload>(res.data, tree_.pool(q.jobs[i]));
    // What cannot be read is for the keeper and the leader to report.
    if (res.code == rc::ok && jobs_.count(q.jobs[i]) > 0 && ((pool && !pool->enabled) || (all && all->all_disabled))) {
      off_.insert(q.jobs[i]);
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
