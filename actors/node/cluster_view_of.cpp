#include "actors/node/cluster_view_of.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "zkstore/tree/shared_settings.hpp"

namespace djm {

using store::presence;

namespace {

template <class View, class Id>
typename std::vector<View>::iterator place_of(std::vector<View>& sorted, const Id& id) {
  return std::lower_bound(sorted.begin(), sorted.end(), id, [](const View& v, const Id& name) { return v.id < name; });
}

worker_view view_worker(const store::tree_snapshot::worker& from) {
  worker_view v;
  v.id = from.record.id;
  v.jobs = from.record.available;
  bool left = false;
  if (const auto& p = from.record.registration.value) {
    v.incarnation = p->incarnation;
    v.zone = p->zone;
    v.draining = from.record.former_mark.draining;
    v.cordoned = from.record.former_mark.cordoned;
    v.labels = p->labels;
    v.weight = p->weight;
    v.capacity = p->capacity;
    v.max_items = p->max_items;
    v.kinds = p->kinds;
    left = p->left;
  }
  v.state = from.alive.shown == presence::held ? worker_state::alive : left ? worker_state::left : worker_state::gone;
  if (const auto& p = from.alive.life.value) {
    v.incarnation = p->incarnation;
    v.host = p->host;
    v.pid = p->pid;
    v.software_version = p->software_version;
    v.started_at_ms = p->started_at_ms;
    v.http_url = p->http_url;
  }
  return v;
}

job_view view_job(const store::job_record& record) {
  job_view v;
  v.id = record.id;
  if (const auto& p = record.pool.value) {
    v.enabled = p->enabled;
    v.strategy = p->attributes.strategy.empty() ? "balanced" : p->attributes.strategy;
    v.last_writer = p->last_writer;
  }
  for (const auto& item : record.items) {
    v.items.emplace_back().item = item;
  }
  return v;
}

item_view* item_in(job_view& job, const item_id& item) {
  const auto found = std::lower_bound(job.items.begin(), job.items.end(), item,
                                      [](const item_view& v, const item_id& name) { return v.item < name; });
  return found != job.items.end() && found->item == item ? &*found : nullptr;
}

/// Operators may mark a worker that has not come yet.
void add_mark(const node_id& id, const store::mark_payload& mark, std::vector<worker_view>& workers) {
  auto w = place_of(workers, id);
  if (w == workers.end() || w->id != id) {
    worker_view expected;
    expected.id = id;
    expected.state = worker_state::expected;
    w = workers.insert(w, std::move(expected));
  }
  w->draining = mark.draining;
  w->cordoned = mark.cordoned;
}

void add_owners(const store::tree_snapshot::worker& from, cluster_view& view) {
  auto& worker = *place_of(view.workers, from.record.id);
  for (const auto& [job, items] : from.assigned) {
    worker.items += static_cast<std::uint32_t>(items.size());
    const auto j = place_of(view.jobs, job);
    if (j == view.jobs.end() || j->id != job) {
      continue;
    }
    for (const auto& name : items) {
      if (auto* item = item_in(*j, name)) {
        item->owner = from.record.id;
      }
    }
  }
}

void add_holders(const store::tree_snapshot::job& from, job_view& job, std::map<node_id, std::uint32_t>& held) {
  for (const auto& lock : from.locks) {
    auto* item = item_in(job, lock.item);
    item->token = lock.token;
    if (lock.holder.value) {
      item->holder = lock.holder.value->worker;
      item->locked_at_ms = lock.holder.value->acquired_at_ms;
      ++held[item->holder];
    }
  }
}

void add_mismatches(const store::tree_snapshot& tree, cluster_view& view) {
  std::map<node_id, const store::settings_map*> nodes;
  for (const auto& w : tree.workers) {
    if (w.alive.shown == presence::held && w.record.registration.value) {
      nodes.emplace(w.record.id, &w.record.registration.value->shared);
    }
  }
  for (const auto& d : store::differences(nodes)) {
    view.problems.push_back("nodes of this cluster have to agree: " + store::describe(d));
  }
}

void explain_items(cluster_view& view) {
  for (auto& j : view.jobs) {
    const bool offered = std::any_of(view.workers.begin(), view.workers.end(), [&](const worker_view& w) {
      return w.state == worker_state::alive && std::binary_search(w.jobs.begin(), w.jobs.end(), j.id);
    });
    for (auto& item : j.items) {
      if (item.owner.empty()) {
        item.why = view.all_disabled ? item_reason::all_disabled
                   : !j.enabled      ? item_reason::job_disabled
                   : !offered        ? item_reason::not_offered
                                     : item_reason::not_planned;
        item.reason =
          item.why == item_reason::not_planned ? "not placed yet; the leader's status tells why" : describe(item.why);
      }
    }
  }
}

} // namespace

cluster_view view_of(const store::tree_snapshot& tree, std::size_t max_locks) {
  cluster_view view;
  for (const auto& c : tree.candidates) {
    view.candidates.push_back(c.worker);
  }
  if (!tree.candidates.empty()) {
    view.leader = tree.candidates.front().worker;
    view.epoch = tree.candidates.front().epoch;
  }
  view.all_disabled = tree.all_disabled;
  if (const auto& m = tree.model.value) {
    view.model = {m->epoch, m->job_model, m->configuration, m->deployment, m->deployments, m->changed_at_ms};
  }
  for (const auto& w : tree.workers) {
    view.workers.push_back(view_worker(w));
  }
  std::map<node_id, std::uint32_t> held;
  for (const auto& j : tree.jobs) {
    view.jobs.push_back(view_job(j.record));
    if (const auto& p = j.followed.value) {
      view.jobs.back().paused = p->paused;
      view.jobs.back().rev = p->rev;
    }
    add_holders(j, view.jobs.back(), held);
  }
  for (const auto& [id, mark] : tree.marks) {
    add_mark(id, mark, view.workers);
  }
  for (const auto& w : tree.workers) {
    add_owners(w, view);
  }
  for (const auto& [id, locks] : held) {
    if (const auto w = place_of(view.workers, id); w != view.workers.end() && w->id == id) {
      w->locked = locks;
    }
  }
  for (const auto& e : tree.problems) {
    view.problems.push_back(e.text);
  }
  add_mismatches(tree, view);
  if (tree.locks_left_out) {
    view.problems.push_back("lock holders are left out above " + std::to_string(max_locks) + " items");
  }
  explain_items(view);
  return view;
}

} // namespace djm
