#include "actors/manager/cluster_image.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <tuple>
#include <utility>

#include "strategies/item_merge.hpp"

namespace djm {

store::mark_payload cluster_image::mark_of(const node_id& id, const worker_image& w) const {
  const auto m = marks.find(id);
  return m != marks.end() ? m->second : w.former_mark;
}

worker_index cluster_image::number_of(const node_id& name) {
  auto [i, added] = numbers_.emplace(name, static_cast<worker_index>(names_.size()));
  if (added) {
    names_.push_back(name);
  }
  return i->second;
}

void cluster_image::set_items(const job_id& job, const std::vector<item_id>& names) {
  assert(std::is_sorted(names.begin(), names.end()));
  auto& j = jobs[job];
  const auto before = j.items;
  auto merged = merge_items({j.items, std::move(j.by_name)}, names,
                            [](std::string_view x) { return is_valid_id(x) && x != preparation_item; });
  j.items = std::move(merged.now.set);
  j.by_name = std::move(merged.now.by_name);
  if (j.items != before) {
    for (auto k : merged.gone) {
      if (j.owners[k] != no_worker) {
        strays.insert({name_of(j.owners[k]), job, item_id{before->name(k)}});
      }
    }
    std::vector<worker_index> owners;
    owners.reserve(merged.origin.size());
    for (auto k : merged.origin) {
      owners.push_back(k == no_worker ? no_worker : j.owners[k]);
    }
    j.owners = std::move(owners);
  }
  // A stray of an item that came back is its owner again.
  for (auto s = strays.begin(); s != strays.end();) {
    auto at = s->job == job ? j.items->find(s->item) : std::nullopt;
    if (at && j.owners[*at] == no_worker) {
      j.owners[*at] = number_of(s->worker);
      s = strays.erase(s);
    } else {
      ++s;
    }
  }
}

void cluster_image::add_assigned(const node_id& worker, const job_id& job, const std::vector<item_id>& items) {
  auto j = jobs.find(job);
  for (const auto& item : items) {
    auto at = j != jobs.end() && j->second.items ? j->second.items->find(item) : std::nullopt;
    if (at && j->second.owners[*at] == no_worker) {
      j->second.owners[*at] = number_of(worker);
    } else {
      strays.insert({worker, job, item});
    }
  }
}

void cluster_image::remove_worker(const node_id& worker) {
  for (auto x = strays.begin(); x != strays.end();) {
    x = x->worker == worker ? strays.erase(x) : std::next(x);
  }
  workers.erase(worker);
}

void cluster_image::remove_job(const job_id& job) {
  auto j = jobs.find(job);
  if (j == jobs.end()) {
    return;
  }
  if (j->second.items) {
    for (std::size_t k = 0; k < j->second.items->size(); ++k) {
      if (j->second.owners[k] != no_worker) {
        strays.insert({name_of(j->second.owners[k]), job, item_id{j->second.items->name(k)}});
      }
    }
  }
  jobs.erase(j);
}

void cluster_image::apply(const item_transfer& t) {
  strays.erase({t.from, t.job, t.item});
  if (t.item == preparation_item && !t.to.empty()) {
    strays.insert({t.to, t.job, t.item});
  }
  auto j = jobs.find(t.job);
  if (j == jobs.end() || !j->second.items) {
    return;
  }
  if (auto at = j->second.items->find(t.item)) {
    auto& owner = j->second.owners[*at];
    if (!t.to.empty()) {
      owner = number_of(t.to);
    } else if (owner != no_worker && name_of(owner) == t.from) {
      owner = no_worker;
    }
  }
}

std::uint32_t cluster_image::alive_count() const {
  return static_cast<std::uint32_t>(
    std::count_if(workers.begin(), workers.end(), [](const auto& w) { return w.second.is_alive(); }));
}

std::set<node_id> cluster_image::owners() const {
  std::vector<bool> owns(names_.size());
  for (const auto& [id, j] : jobs) {
    for (auto o : j.owners) {
      if (o != no_worker) {
        owns[o] = true;
      }
    }
  }
  std::set<node_id> found;
  for (std::size_t n = 0; n < owns.size(); ++n) {
    if (owns[n]) {
      found.insert(names_[n]);
    }
  }
  for (const auto& s : strays) {
    found.insert(s.worker);
  }
  return found;
}

std::size_t cluster_image::item_count() const {
  std::size_t n = 0;
  for (const auto& [id, j] : jobs) {
    n += j.items ? j.items->size() : 0;
  }
  return n;
}

std::size_t cluster_image::assigned_count() const {
  std::size_t n = 0;
  for (const auto& [id, j] : jobs) {
    for (auto o : j.owners) {
      n += o != no_worker ? 1 : 0;
    }
  }
  return n;
}

std::vector<std::pair<job_id, item_id>> cluster_image::items_of(const node_id& worker) const {
  std::vector<std::pair<job_id, item_id>> found;
  auto n = numbers_.find(worker);
  for (const auto& [id, j] : jobs) {
    for (std::size_t k = 0; n != numbers_.end() && k < j.owners.size(); ++k) {
      if (j.owners[k] == n->second) {
        found.emplace_back(id, item_id{j.items->name(k)});
      }
    }
  }
  for (const auto& s : strays) {
    if (s.worker == worker) {
      found.emplace_back(s.job, s.item);
    }
  }
  return found;
}

namespace {

bool runs_now(const cluster_image& image, const job_image_state& j) {
  return !image.all_disabled && j.pool.enabled && j.items;
}

} // namespace

namespace {

/// Of the numbers in an image, those of some workers.
std::vector<bool> marked(const cluster_image& image, const std::set<node_id>& workers) {
  std::vector<bool> result(image.numbers());
  for (std::size_t n = 0; n < result.size(); ++n) {
    result[n] = workers.count(image.name_of(static_cast<worker_index>(n))) > 0;
  }
  return result;
}

worker_attributes attributes_of(const worker_image& w, const store::mark_payload& mark) {
  const auto& r = *w.registration;
  worker_attributes a;
  a.zone = r.zone;
  a.labels = r.labels;
  a.weight = r.weight;
  a.capacity = r.capacity;
  a.max_items = r.max_items;
  a.draining = mark.draining;
  a.cordoned = mark.cordoned;
  return a;
}

/// Calls f(k, at) for the items of an image's job and their numbers in the problem, `no_worker` for those that are not
/// part of it. Both are in the order of hashes, so no name is looked up.
template <class F>
void each_item(const item_set& image, const item_set& problem, F&& f) {
  std::uint32_t at = 0;
  for (std::uint32_t k = 0; k < image.size(); ++k) {
    const auto part = &image == &problem ||
                      (at < problem.size() && problem.hash(at) == image.hash(k) && problem.name(at) == image.name(k));
    f(k, part ? at++ : no_worker);
  }
}

/// Items of a job that are part of a problem, with their owners in it.
struct job_part {
  std::shared_ptr<const item_set> items;
  std::vector<worker_index> owners;
};

/// Items of workers that are away are left out. `position`: workers in the problem, by number in the image.
job_part taking_part(const job_image_state& j, const std::vector<worker_index>& position,
                     const std::vector<bool>& away) {
  auto items = j.items;
  std::vector<worker_index> owners(j.owners.size(), no_worker);
  std::vector<bool> keep;
  for (std::size_t k = 0; k < owners.size(); ++k) {
    if (j.owners[k] == no_worker) {
      continue;
    }
    owners[k] = position[j.owners[k]];
    if (away[j.owners[k]]) {
      keep.resize(owners.size(), true);
      keep[k] = false;
    }
  }
  if (!keep.empty()) {
    items = keep_items(*j.items, keep);
    std::size_t kept = 0;
    for (std::size_t k = 0; k < keep.size(); ++k) {
      if (keep[k]) {
        owners[kept++] = owners[k];
      }
    }
    owners.resize(kept);
  }
  return {std::move(items), std::move(owners)};
}

} // namespace

expected<planning_task> make_task(const cluster_image& image, const std::set<node_id>& frozen,
                                  const std::set<node_id>& shunned) {
  problem_builder b{problem_builder::mode::lenient};
  std::vector<worker_index> position(image.numbers(), no_worker); // in the builder, by number in the image
  std::vector<const worker_image*> workers;
  std::map<node_id, std::uint32_t> at;
  for (const auto& [id, w] : image.workers) {
    if (w.is_alive() && frozen.count(id) == 0) {
      at.emplace(id, static_cast<std::uint32_t>(workers.size()));
      auto attributes = attributes_of(w, image.mark_of(id, w));
      attributes.draining = attributes.draining || shunned.count(id) > 0;
      b.add_worker(id, std::move(attributes), problem_builder::offers::listed_jobs);
      workers.push_back(&w);
    }
  }
  for (worker_index n = 0; n < position.size(); ++n) {
    if (auto w = at.find(image.name_of(n)); w != at.end()) {
      position[n] = w->second;
    }
  }
  const auto away = marked(image, frozen);
  // Jobs and the jobs of each worker are in the order of names.
  std::vector<std::set<job_id>::const_iterator> next;
  for (const auto* w : workers) {
    next.push_back(w->available.begin());
  }
  std::uint32_t number = 0;
  for (const auto& [id, j] : image.jobs) {
    if (!runs_now(image, j)) {
      continue;
    }
    auto part = taking_part(j, position, away);
    b.add_job(id, j.pool.attributes, std::move(part.items));
    for (std::uint32_t w = 0; w < workers.size(); ++w) {
      while (next[w] != workers[w]->available.end() && *next[w] < id) {
        ++next[w];
      }
      if (next[w] != workers[w]->available.end() && *next[w] == id) {
        b.set_eligible(w, number);
      }
    }
    b.set_previous(id, std::move(part.owners));
    ++number;
  }
  for (const auto& [name, r] : image.refusals) {
    // Of the life that is there now: another one has refused nothing yet.
    const auto w = image.workers.find(r.said.worker);
    if (r.over || w == image.workers.end() || w->second.alive != r.said.incarnation) {
      continue;
    }
    for (const auto& item : r.said.items) {
      b.set_refused(r.said.worker, r.said.job, item);
    }
  }
  auto problem = b.build();
  if (!problem) {
    return tl::make_unexpected(problem.error());
  }
  planning_task task;
  task.warnings = problem->warnings();
  task.problem = std::make_shared<const assignment_problem>(std::move(*problem));
  return task;
}

std::vector<item_transfer> difference(const cluster_image& image, const assignment_problem& problem, const plan& p,
                                      const std::set<node_id>& frozen) {
  std::vector<item_transfer> out;
  for (const auto& s : image.strays) {
    if (image.workers.count(s.worker) > 0 && s.item != preparation_item) {
      out.push_back({s.job, s.item, s.worker, {}});
    }
  }
  const auto away = marked(image, frozen);
  std::vector<worker_index> in_problem(image.numbers(), no_worker);
  for (worker_index n = 0; n < in_problem.size(); ++n) {
    in_problem[n] = problem.find_worker(image.name_of(n)).value_or(no_worker);
  }
  const auto nothing = std::make_shared<const item_set>();
  for (const auto& [id, j] : image.jobs) {
    if (!j.items) {
      continue;
    }
    const auto number = runs_now(image, j) ? problem.find_job(id) : std::nullopt;
    each_item(*j.items, number ? *problem.job(*number).items : *nothing, [&, &j = j, &id = id](auto k, auto at) {
      const auto now = j.owners[k];
      if (now != no_worker && away[now] && number) {
        return;
      }
      const auto to = at != no_worker ? p.owner[problem.first_item(*number) + at] : no_worker;
      // An owner that is no part of the problem is not the one the plan means by "nobody".
      if (now == no_worker ? to == no_worker : to != no_worker && in_problem[now] == to) {
        return;
      }
      out.push_back({id, item_id{j.items->name(k)}, now == no_worker ? node_id{} : image.name_of(now),
                     to == no_worker ? node_id{} : problem.worker(to).name});
    });
  }
  return out;
}

} // namespace djm
