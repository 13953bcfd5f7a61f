#include "djm/assignment_problem.hpp"

#include <algorithm>

namespace djm {

namespace {

template <class Pairs>
auto find_pair(const Pairs& pairs, std::uint32_t key) {
  auto i =
    std::lower_bound(pairs.begin(), pairs.end(), key, [](const auto& p, std::uint32_t k) { return p.first < k; });
  return i != pairs.end() && i->first == key ? i : pairs.end();
}

template <class Infos>
std::optional<std::uint32_t> find_name(const Infos& infos, std::string_view name) noexcept {
  auto i =
    std::lower_bound(infos.begin(), infos.end(), name, [](const auto& x, std::string_view n) { return x.name < n; });
  if (i == infos.end() || i->name != name) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(i - infos.begin());
}

} // namespace

std::int64_t job_info::weight_of(std::uint32_t local_item) const noexcept {
  auto i = find_pair(item_weights, local_item);
  return i == item_weights.end() ? milli : i->second;
}

const worker_index* job_info::pin_of(std::uint32_t local_item) const noexcept {
  auto i = find_pair(pinned, local_item);
  return i == pinned.end() ? nullptr : &i->second;
}

bool job_info::refuses(std::uint32_t local_item, worker_index w) const noexcept {
  return !refused.empty() && std::binary_search(refused.begin(), refused.end(), std::pair{local_item, w});
}

bool job_info::is_refused(std::uint32_t local_item) const noexcept {
  return find_pair(refused, local_item) != refused.end();
}

job_index assignment_problem::job_of(item_index i) const noexcept {
  const auto& first = data_->first_item;
  return static_cast<job_index>(std::upper_bound(first.begin(), first.end(), i) - first.begin() - 1);
}

std::string_view assignment_problem::item_name(item_index i) const noexcept {
  const auto j = job_of(i);
  return job(j).items->name(i - first_item(j));
}

std::optional<worker_index> assignment_problem::find_worker(const node_id& name) const noexcept {
  return find_name(data_->workers, name);
}

std::optional<job_index> assignment_problem::find_job(const job_id& name) const noexcept {
  return find_name(data_->jobs, name);
}

std::optional<item_index> assignment_problem::find_item(const job_id& job_name, const item_id& item) const noexcept {
  auto j = find_job(job_name);
  if (!j) {
    return std::nullopt;
  }
  auto k = job(*j).items->find(item);
  if (!k) {
    return std::nullopt;
  }
  return first_item(*j) + *k;
}

void assignment_problem::classify(data& x) {
  x.unconstrained = true;
  for (const auto& w : x.workers) {
    if (w.draining || w.cordoned || w.max_items != worker_info::unlimited_items || w.weight != milli) {
      x.unconstrained = false;
    }
  }
  for (const auto& j : x.jobs) {
    if (j.max_per_worker != 0 || j.max_workers != 0 || j.spread_zones || j.one_worker || !j.colocate_with.empty() ||
        !j.separate_from.empty() || !j.pinned.empty() || !j.refused.empty() || !j.item_weights.empty() ||
        !j.profile.empty()) {
      x.unconstrained = false;
    }
  }
  if (!x.base_load.empty()) {
    x.unconstrained = false;
  }
  const auto words = (x.workers.size() + 63) / 64;
  x.fully_eligible = true;
  for (std::size_t i = 0; i < x.eligible.size(); ++i) {
    const auto last = i % words == words - 1;
    const auto rest = x.workers.size() % 64;
    const auto full = last && rest != 0 ? (std::uint64_t{1} << rest) - 1 : ~std::uint64_t{0};
    if (x.eligible[i] != full) {
      x.fully_eligible = false;
    }
  }
}

assignment_problem assignment_problem::restricted_to(const std::vector<job_index>& chosen,
                                                     const std::vector<worker_index>& owners) const {
  const auto workers = worker_count();
  const auto kinds = resources().size();
  auto x = std::make_shared<data>();
  x->workers = data_->workers;
  x->resources = data_->resources;
  x->zone_count = data_->zone_count;
  x->base_load.resize(workers);
  x->base_items.resize(workers);
  x->base_used.resize(workers * kinds);
  for (worker_index w = 0; w < workers; ++w) {
    x->base_load[w] = base_load(w);
    x->base_items[w] = base_items(w);
    for (std::uint32_t r = 0; r < kinds; ++r) {
      x->base_used[w * kinds + r] = base_used(w, r);
    }
  }
  // Who holds which outside job, as bit rows, only for jobs that affinity makes interesting.
  std::map<job_index, std::vector<std::uint64_t>> holders;
  std::vector<job_index> position(job_count(), no_worker);
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    position[chosen[k]] = static_cast<job_index>(k);
  }
  for (auto j : chosen) {
    for (const auto* list : {&job(j).colocate_with, &job(j).separate_from}) {
      for (auto other : *list) {
        if (position[other] == no_worker) {
          holders[other].resize(words());
        }
      }
    }
  }
  for (job_index j = 0; j < job_count(); ++j) {
    if (position[j] != no_worker) {
      continue;
    }
    auto row = holders.find(j);
    const auto& info = job(j);
    for (item_index i = first_item(j); i < first_item(j + 1); ++i) {
      const auto w = owners[i];
      if (w == no_worker) {
        continue;
      }
      x->base_load[w] += info.weight_of(i - first_item(j));
      ++x->base_items[w];
      for (const auto& need : info.profile) {
        x->base_used[w * kinds + need.resource] += need.amount;
      }
      if (row != holders.end()) {
        row->second[w >> 6] |= std::uint64_t{1} << (w & 63);
      }
    }
  }
  for (auto j : chosen) {
    auto info = job(j);
    std::vector<std::uint64_t> row(eligible_words(j), eligible_words(j) + words());
    for (auto other : info.separate_from) {
      if (auto h = holders.find(other); h != holders.end()) {
        for (std::size_t k = 0; k < row.size(); ++k) {
          row[k] &= ~h->second[k];
        }
      }
    }
    for (auto other : info.colocate_with) {
      if (auto h = holders.find(other); h != holders.end()) {
        auto both = row;
        std::uint64_t any = 0;
        for (std::size_t k = 0; k < row.size(); ++k) {
          any |= both[k] &= h->second[k];
        }
        if (any != 0) {
          row = both;
        }
      }
    }
    for (auto* list : {&info.colocate_with, &info.separate_from}) {
      std::vector<job_index> inside;
      for (auto other : *list) {
        if (position[other] != no_worker) {
          inside.push_back(position[other]);
        }
      }
      *list = std::move(inside);
    }
    x->jobs.push_back(std::move(info));
    x->offered.insert(x->offered.end(), data_->offered.begin() + static_cast<std::ptrdiff_t>(j * words()),
                      data_->offered.begin() + static_cast<std::ptrdiff_t>((j + 1) * words()));
    x->eligible.insert(x->eligible.end(), row.begin(), row.end());
    x->previous.insert(x->previous.end(), data_->previous.begin() + first_item(j),
                       data_->previous.begin() + first_item(j + 1));
    x->first_item.push_back(static_cast<item_index>(x->previous.size()));
  }
  for (auto i : waiting()) {
    const auto j = job_of(i);
    if (position[j] != no_worker) {
      x->waiting.push_back(x->first_item[position[j]] + (i - first_item(j)));
    }
  }
  classify(*x);
  return assignment_problem{std::move(x)};
}

assignment_problem assignment_problem::with_pin(item_index item, worker_index worker) const {
  auto x = std::make_shared<data>(*data_);
  const auto j = job_of(item);
  const auto local = item - first_item(j);
  auto& pins = x->jobs[j].pinned;
  auto i =
    std::lower_bound(pins.begin(), pins.end(), local, [](const auto& p, std::uint32_t k) { return p.first < k; });
  if (i != pins.end() && i->first == local) {
    i->second = worker;
  } else {
    pins.insert(i, {local, worker});
  }
  classify(*x);
  return assignment_problem{std::move(x)};
}

assignment_problem assignment_problem::with_eligible(job_index j, const std::vector<std::uint64_t>& row) const {
  return with_eligible({{j, row}});
}

assignment_problem
assignment_problem::with_eligible(const std::map<job_index, std::vector<std::uint64_t>>& rows) const {
  auto x = std::make_shared<data>(*data_);
  for (const auto& [j, row] : rows) {
    std::copy(row.begin(), row.end(), x->eligible.begin() + static_cast<std::ptrdiff_t>(j * words()));
  }
  classify(*x);
  return assignment_problem{std::move(x)};
}

assignment_problem assignment_problem::without_affinity() const {
  auto x = std::make_shared<data>(*data_);
  for (auto& j : x->jobs) {
    j.colocate_with.clear();
    j.separate_from.clear();
    j.one_worker = false;
  }
  classify(*x);
  return assignment_problem{std::move(x)};
}

assignment_problem assignment_problem::with_waiting(std::vector<item_index> line) const {
  auto x = std::make_shared<data>(*data_);
  x->waiting = std::move(line);
  return assignment_problem{std::move(x)};
}

assignment_problem assignment_problem::with_previous(std::vector<worker_index> owners) const {
  auto x = std::make_shared<data>(*data_);
  x->previous = std::move(owners);
  return assignment_problem{std::move(x)};
}

} // namespace djm
