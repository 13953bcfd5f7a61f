#include "actors/manager/cluster_image.hpp"

#include <tuple>
#include <utility>

namespace djm {

worker_index cluster_image::number_of(const node_id& name) {
  auto [i, added] = numbers_.emplace(name, static_cast<worker_index>(names_.size()));
  if (added) {
    names_.push_back(name);
  }
  return i->second;
}

void cluster_image::set_items(const job_id& job, const std::vector<std::string>& names) {
  std::vector<std::string> valid;
  valid.reserve(names.size());
  for (const auto& n : names) {
    if (is_valid_id(n)) {
      valid.push_back(n);
    }
  }
  auto next = item_set::make(valid);
  if (!next) {
    return; // a directory never lists a name twice
  }
  auto& j = jobs[job];
  std::vector<worker_index> owners((*next)->size(), no_worker);
  if (j.items) {
    for (std::size_t k = 0; k < j.items->size(); ++k) {
      if (j.owners[k] == no_worker) {
        continue;
      }
      if (auto at = (*next)->find(j.items->name(k))) {
        owners[*at] = j.owners[k];
      } else {
        strays.insert({name_of(j.owners[k]), job, item_id{j.items->name(k)}});
      }
    }
  }
  j.items = std::move(*next);
  j.owners = std::move(owners);
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

void cluster_image::add_assigned(const node_id& worker, const job_id& job, const std::vector<std::string>& items) {
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

expected<planning_task> make_task(const cluster_image& image, const std::set<node_id>& frozen) {
  problem_builder b{problem_builder::mode::lenient};
  std::vector<node_id> names;
  std::map<node_id, worker_index> position;
  for (const auto& [id, w] : image.workers) {
    if (!w.is_alive() || frozen.count(id) > 0) {
      continue;
    }
    worker_attributes a;
    a.zone = w.registration->zone;
    a.labels = w.registration->labels;
    a.weight = w.registration->weight;
    a.capacity = w.registration->capacity;
    a.max_items = w.registration->max_items;
    a.draining = w.registration->draining;
    a.cordoned = w.registration->cordoned;
    b.add_worker(id, std::move(a), problem_builder::offers::listed_jobs);
    position.emplace(id, static_cast<worker_index>(names.size()));
    names.push_back(id);
  }
  for (const auto& [id, j] : image.jobs) {
    if (!runs_now(image, j)) {
      continue;
    }
    auto items = j.items;
    std::vector<worker_index> owners;
    std::vector<std::string> kept;
    bool without_some = false;
    for (std::size_t k = 0; k < j.items->size(); ++k) {
      if (j.owners[k] != no_worker && frozen.count(image.name_of(j.owners[k])) > 0) {
        without_some = true;
        break;
      }
    }
    if (without_some) {
      for (std::size_t k = 0; k < j.items->size(); ++k) {
        if (j.owners[k] == no_worker || frozen.count(image.name_of(j.owners[k])) == 0) {
          kept.emplace_back(j.items->name(k));
        }
      }
      auto rest = item_set::make(kept);
      if (!rest) {
        return tl::make_unexpected(rest.error());
      }
      items = std::move(*rest);
    }
    owners.assign(items->size(), no_worker);
    for (std::size_t k = 0; k < items->size(); ++k) {
      auto at = without_some ? j.items->find(items->name(k)) : std::optional<std::uint32_t>{static_cast<std::uint32_t>(k)};
      if (at && j.owners[*at] != no_worker) {
        if (auto p = position.find(image.name_of(j.owners[*at])); p != position.end()) {
          owners[k] = p->second;
        }
      }
    }
    b.add_job(id, j.pool.attributes, items);
    for (const auto& name : names) {
      if (image.workers.at(name).available.count(id) > 0) {
        b.set_eligible(name, id);
      }
    }
    b.set_previous(id, names, owners);
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
    if (image.workers.count(s.worker) > 0) {
      out.push_back({s.job, s.item, s.worker, {}});
    }
  }
  for (const auto& [id, j] : image.jobs) {
    if (!j.items) {
      continue;
    }
    const auto number = runs_now(image, j) ? problem.find_job(id) : std::nullopt;
    for (std::size_t k = 0; k < j.items->size(); ++k) {
      const auto now = j.owners[k];
      if (now != no_worker && frozen.count(image.name_of(now)) > 0 && number) {
        continue;
      }
      node_id to;
      if (number) {
        if (auto at = problem.job(*number).items->find(j.items->name(k))) {
          auto owner = p.owner[problem.first_item(*number) + *at];
          if (owner != no_worker) {
            to = problem.worker(owner).name;
          }
        }
      }
      const node_id from = now == no_worker ? node_id{} : image.name_of(now);
      if (from != to) {
        out.push_back({id, item_id{j.items->name(k)}, from, to});
      }
    }
  }
  return out;
}

} // namespace djm
