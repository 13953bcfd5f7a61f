#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "djm/assignment_problem.hpp"
#include "djm/strategy.hpp"
#include "strategies/murmur3.hpp"

namespace djm {

namespace {

std::string quoted(std::string_view text) {
  return "\"" + std::string{text} + "\"";
}

struct raw_worker {
  node_id name;
  worker_attributes attributes;
  problem_builder::offers what;
  std::vector<job_id> jobs;
  std::vector<std::uint32_t> job_numbers;
};

struct raw_job {
  job_id name;
  job_attributes attributes;
  std::shared_ptr<const item_set> items;
  /// Positions in `names` of the builder, or with `by_number` of its workers, before they are sorted.
  std::vector<std::uint32_t> previous;
  bool by_number = false;
};

// What `build` works on: names sorted, positions resolved.
struct name_order {
  std::vector<std::uint32_t> order; // sorted position -> position of insertion
  std::vector<std::uint32_t> rank;  // position of insertion -> sorted position
};

template <class Raw>
name_order sort_by_name(const std::vector<Raw>& raws) {
  name_order result;
  result.order.resize(raws.size());
  for (std::size_t k = 0; k < raws.size(); ++k) {
    result.order[k] = static_cast<std::uint32_t>(k);
  }
  std::sort(result.order.begin(), result.order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return raws[a].name < raws[b].name; });
  result.rank.resize(raws.size());
  for (std::size_t k = 0; k < raws.size(); ++k) {
    result.rank[result.order[k]] = static_cast<std::uint32_t>(k);
  }
  return result;
}

} // namespace

struct problem_builder::impl {
  explicit impl(mode x) : strict(x == mode::strict) {}

  bool strict;
  std::optional<error> first_error;
  std::vector<error> warnings;
  std::vector<raw_worker> workers;
  std::vector<raw_job> jobs;
  std::map<node_id, std::uint32_t, std::less<>> worker_at;
  std::map<job_id, std::uint32_t, std::less<>> job_at;
  struct refused_item {
    node_id worker;
    job_id job;
    item_id item;
  };
  std::vector<refused_item> refusals;
  // Names of previous owners, which may come before their workers or never.
  std::vector<std::string> names;
  std::map<std::string, std::uint32_t, std::less<>> name_at;

  void wrong(std::string text) {
    if (!first_error) {
      first_error = error{errc::invalid_problem, std::move(text)};
    }
  }

  /// An error of a strict builder, a warning of a lenient one.
  void doubtful(std::string text) {
    if (strict) {
      wrong(std::move(text));
    } else {
      warnings.push_back({errc::invalid_problem, std::move(text)});
    }
  }

  std::uint32_t intern(std::string_view name) {
    auto i = name_at.find(name);
    if (i == name_at.end()) {
      i = name_at.emplace(name, static_cast<std::uint32_t>(names.size())).first;
      names.emplace_back(name);
    }
    return i->second;
  }

  void remember(raw_job& job, std::uint32_t item, std::uint32_t name) {
    if (job.by_number) {
      return wrong("previous of job " + quoted(job.name) + " is given by number and by name");
    }
    if (job.previous.empty()) {
      job.previous.assign(job.items->size(), no_worker);
    }
    auto& slot = job.previous[item];
    if (slot != no_worker && slot != name) {
      doubtful("previous: item " + quoted(job.items->name(item)) + " of job " + quoted(job.name) + " has two owners, " +
               quoted(std::min(names[slot], names[name])) + " and " + quoted(std::max(names[slot], names[name])));
      if (names[slot] < names[name]) {
        return;
      }
    }
    slot = name;
  }

  bool check_worker(const std::string& name, const worker_attributes& a) {
    const auto place = "worker " + quoted(name) + ": ";
    if (a.weight <= 0 || a.weight > max_amount) {
      return wrong(place + "weight " + std::to_string(a.weight) + " is not in 1.." + std::to_string(max_amount)), false;
    }
    for (const auto& [resource, amount] : a.capacity) {
      if (amount < 0 || amount > max_amount) {
        return wrong(place + "capacity " + quoted(resource) + " of " + std::to_string(amount) + " is not in 0.." +
                     std::to_string(max_amount)),
               false;
      }
    }
    return true;
  }

  bool check_job(const std::string& name, const job_attributes& a) {
    const auto place = "job " + quoted(name) + ": ";
    if (!is_enumerator(a.priority)) {
      return wrong(place + "priority " + to_string(a.priority) + " is not low, normal or high"), false;
    }
    if (!is_enumerator(a.spread)) {
      return wrong(place + "spread " + to_string(a.spread) + " is not none or zone"), false;
    }
    if (!is_enumerator(a.relaxation.kind)) {
      return wrong(place + "relaxation " + to_string(a.relaxation.kind) + " is not any, one_worker or named_worker"),
             false;
    }
    for (const auto& [resource, amount] : a.profile) {
      if (amount < 0 || amount > max_amount) {
        return wrong(place + "profile " + quoted(resource) + " of " + std::to_string(amount) + " is not in 0.." +
                     std::to_string(max_amount)),
               false;
      }
    }
    for (const auto& [item, weight] : a.item_weights) {
      if (weight < 0 || weight > max_amount) {
        return wrong(place + "weight " + std::to_string(weight) + " of item " + quoted(item) + " is not in 0.." +
                     std::to_string(max_amount)),
               false;
      }
    }
    return true;
  }

  void resolve_workers(assignment_problem::data& x, const name_order& sorted);
  void resolve_jobs(assignment_problem::data& x, const name_order& sorted, const name_order& sorted_workers);
  void relax(job_info& info, const relaxation& wanted, const name_order& sorted_workers);
  void resolve_affinity(assignment_problem::data& x, const name_order& sorted);
  void drop_cycles(assignment_problem::data& x);
  void resolve_eligibility(assignment_problem::data& x, const name_order& sorted_jobs,
                           const name_order& sorted_workers);
  void resolve_previous(assignment_problem::data& x, const name_order& sorted_jobs, const name_order& sorted_workers);
  void resolve_refusals(assignment_problem::data& x, const name_order& sorted_jobs, const name_order& sorted_workers);
};

problem_builder::problem_builder(mode m) : impl_(std::make_unique<impl>(m)) {}
problem_builder::~problem_builder() = default;
problem_builder::problem_builder(problem_builder&&) noexcept = default;
problem_builder& problem_builder::operator=(problem_builder&&) noexcept = default;

void problem_builder::add_worker(node_id name, worker_attributes attributes, offers what) {
  auto& x = *impl_;
  if (!x.worker_at.emplace(name, static_cast<std::uint32_t>(x.workers.size())).second) {
    return x.wrong("worker " + quoted(name) + " is there twice");
  }
  x.check_worker(name, attributes);
  x.workers.push_back({std::move(name), std::move(attributes), what, {}, {}});
}

void problem_builder::add_job(job_id name, const job_attributes& attributes, const std::vector<item_id>& items) {
  auto interned = item_set::make(items);
  if (!interned) {
    return impl_->wrong("job " + quoted(name) + ": " + interned.error().text);
  }
  add_job(std::move(name), attributes, std::move(*interned));
}

void problem_builder::add_job(job_id name, const job_attributes& attributes, std::shared_ptr<const item_set> items) {
  auto& x = *impl_;
  if (!x.job_at.emplace(name, static_cast<std::uint32_t>(x.jobs.size())).second) {
    return x.wrong("job " + quoted(name) + " is there twice");
  }
  x.check_job(name, attributes);
  x.jobs.push_back({std::move(name), attributes, std::move(items), {}, false});
}

void problem_builder::set_eligible(const node_id& worker, const job_id& job) {
  auto& x = *impl_;
  auto w = x.worker_at.find(worker);
  if (w == x.worker_at.end()) {
    return x.doubtful("eligibility: worker " + quoted(worker) + " is unknown");
  }
  if (x.strict && x.job_at.count(job) == 0) {
    return x.wrong("worker " + quoted(worker) + ": job " + quoted(job) + " is unknown");
  }
  x.workers[w->second].jobs.push_back(job);
}

void problem_builder::set_eligible(std::uint32_t worker, std::uint32_t job) {
  auto& x = *impl_;
  if (worker >= x.workers.size() || job >= x.jobs.size()) {
    return x.wrong("eligibility: worker number " + std::to_string(worker) + " of " + std::to_string(x.workers.size()) +
                   " or job number " + std::to_string(job) + " of " + std::to_string(x.jobs.size()));
  }
  x.workers[worker].job_numbers.push_back(job);
}

void problem_builder::set_previous(const node_id& worker, const job_id& job, const item_id& item) {
  auto& x = *impl_;
  auto j = x.job_at.find(job);
  if (j == x.job_at.end()) {
    return x.doubtful("previous of worker " + quoted(worker) + ": job " + quoted(job) + " is unknown");
  }
  auto& raw = x.jobs[j->second];
  auto k = raw.items->find(item);
  if (!k) {
    return x.doubtful("previous of worker " + quoted(worker) + ": item " + quoted(item) + " of job " + quoted(job) +
                      " is unknown");
  }
  x.remember(raw, *k, x.intern(worker));
}

void problem_builder::set_previous(const job_id& job, const std::vector<node_id>& names,
                                   const std::vector<worker_index>& owners) {
  auto& x = *impl_;
  auto j = x.job_at.find(job);
  if (j == x.job_at.end()) {
    return x.doubtful("previous: job " + quoted(job) + " is unknown");
  }
  auto& raw = x.jobs[j->second];
  if (owners.size() != raw.items->size()) {
    return x.wrong("previous of job " + quoted(job) + ": " + std::to_string(owners.size()) + " owners for " +
                   std::to_string(raw.items->size()) + " items");
  }
  std::vector<std::uint32_t> interned;
  interned.reserve(names.size());
  for (const auto& name : names) {
    interned.push_back(x.intern(name));
  }
  raw.previous.assign(owners.size(), no_worker);
  raw.by_number = false;
  for (std::size_t k = 0; k < owners.size(); ++k) {
    if (owners[k] != no_worker) {
      if (owners[k] >= names.size()) {
        return x.wrong("previous of job " + quoted(job) + ": owner number " + std::to_string(owners[k]) + " of " +
                       std::to_string(names.size()) + " names");
      }
      raw.previous[k] = interned[owners[k]];
    }
  }
}

void problem_builder::set_previous(const job_id& job, std::vector<worker_index> owners) {
  auto& x = *impl_;
  auto j = x.job_at.find(job);
  if (j == x.job_at.end()) {
    return x.doubtful("previous: job " + quoted(job) + " is unknown");
  }
  auto& raw = x.jobs[j->second];
  if (owners.size() != raw.items->size()) {
    return x.wrong("previous of job " + quoted(job) + ": " + std::to_string(owners.size()) + " owners for " +
                   std::to_string(raw.items->size()) + " items");
  }
  for (auto w : owners) {
    if (w != no_worker && w >= x.workers.size()) {
      return x.wrong("previous of job " + quoted(job) + ": owner number " + std::to_string(w) + " of " +
                     std::to_string(x.workers.size()) + " workers");
    }
  }
  raw.previous = std::move(owners);
  raw.by_number = true;
}

void problem_builder::impl::resolve_workers(assignment_problem::data& x, const name_order& sorted) {
  std::map<std::string, std::uint32_t> zones;
  for (auto at : sorted.order) {
    auto& raw = workers[at];
    worker_info info;
    info.name = std::move(raw.name);
    info.hash = murmur3_64(info.name);
    info.zone = raw.attributes.zone;
    info.labels = std::move(raw.attributes.labels);
    std::sort(info.labels.begin(), info.labels.end());
    info.weight = raw.attributes.weight;
    if (raw.attributes.max_items != 0) {
      info.max_items = raw.attributes.max_items;
    }
    if (auto slots = raw.attributes.capacity.find("slots"); slots != raw.attributes.capacity.end()) {
      info.max_items = static_cast<std::uint32_t>(std::min<std::int64_t>(info.max_items, slots->second / milli));
    }
    info.draining = raw.attributes.draining;
    info.cordoned = raw.attributes.cordoned;
    zones.emplace(info.zone, 0);
    x.workers.push_back(std::move(info));
  }
  for (auto& [name, number] : zones) {
    number = x.zone_count++;
  }
  for (auto& w : x.workers) {
    w.zone_index = zones[w.zone];
  }
}

// One worker for all items: any that can take them, or the one that is named, then it is a pin of every item.
void problem_builder::impl::relax(job_info& info, const relaxation& wanted, const name_order& sorted_workers) {
  if (wanted.kind == relaxation_kind::one_worker) {
    info.one_worker = true;
  } else if (wanted.kind == relaxation_kind::named_worker) {
    const auto& name = wanted.worker;
    auto w = worker_at.find(name);
    if (w == worker_at.end()) {
      doubtful("job " + quoted(info.name) + ": relaxation names " + quoted(name) + ", which is not a worker");
    }
    info.pinned.clear();
    for (std::uint32_t k = 0; k < info.items->size(); ++k) {
      info.pinned.emplace_back(k, w == worker_at.end() ? no_worker : sorted_workers.rank[w->second]);
    }
  }
}

void problem_builder::impl::resolve_jobs(assignment_problem::data& x, const name_order& sorted,
                                         const name_order& sorted_workers) {
  std::set<std::string> kinds;
  for (const auto& job : jobs) {
    for (const auto& [resource, amount] : job.attributes.profile) {
      if (resource != "slots" && amount > 0) {
        kinds.insert(resource);
      }
    }
  }
  x.resources.assign(kinds.begin(), kinds.end());
  for (std::size_t w = 0; w < x.workers.size(); ++w) {
    const auto& capacity = workers[sorted_workers.order[w]].attributes.capacity;
    for (const auto& resource : x.resources) {
      auto i = capacity.find(resource);
      const auto common = resource == "cpu" || resource == "memory_mb";
      x.workers[w].capacity.push_back(i != capacity.end() ? i->second : common ? worker_info::unlimited : 0);
    }
  }
  for (auto at : sorted.order) {
    const auto& raw = jobs[at];
    const auto& a = raw.attributes;
    const auto place = "job " + quoted(raw.name) + ": ";
    job_info info;
    info.name = raw.name;
    info.hash = murmur3_64(raw.name);
    info.strategy = a.strategy.empty() ? std::string{default_strategy} : a.strategy;
    info.priority = a.priority;
    info.items = raw.items;
    info.max_per_worker = a.max_per_worker;
    info.max_workers = a.max_workers;
    info.spread_zones = a.spread == spread_rule::zone;
    info.required_labels = a.requires_labels;
    info.custom = a.custom;
    for (std::uint32_t r = 0; r < x.resources.size(); ++r) {
      if (auto i = a.profile.find(x.resources[r]); i != a.profile.end() && i->second > 0) {
        info.profile.push_back({r, i->second});
      }
    }
    for (const auto& [item, weight] : a.item_weights) {
      if (auto k = raw.items->find(item)) {
        if (weight != milli) {
          info.item_weights.emplace_back(*k, weight);
        }
      } else {
        doubtful(place + "weights: item " + quoted(item) + " is unknown");
      }
    }
    for (const auto& [item, worker] : a.pinned) {
      auto k = raw.items->find(item);
      if (!k) {
        doubtful(place + "pinned: item " + quoted(item) + " is unknown");
        continue;
      }
      auto w = worker_at.find(worker);
      if (w == worker_at.end()) {
        doubtful(place + "pinned: item " + quoted(item) + " is pinned to " + quoted(worker) +
                 ", which is not a worker");
        info.pinned.emplace_back(*k, no_worker);
      } else {
        info.pinned.emplace_back(*k, sorted_workers.rank[w->second]);
      }
    }
    relax(info, a.relaxation, sorted_workers);
    std::sort(info.item_weights.begin(), info.item_weights.end());
    std::sort(info.pinned.begin(), info.pinned.end());
    x.jobs.push_back(std::move(info));
    x.first_item.push_back(x.first_item.back() + static_cast<item_index>(raw.items->size()));
  }
}

void problem_builder::impl::resolve_affinity(assignment_problem::data& x, const name_order& sorted) {
  auto resolve = [&](job_index j, const std::vector<job_id>& wanted, const char* what) {
    std::set<job_index> result;
    for (const auto& name : wanted) {
      auto other = job_at.find(name);
      const auto place = "job " + quoted(x.jobs[j].name) + ": " + what + " " + quoted(name) + " ";
      if (other == job_at.end()) {
        doubtful(place + "names an unknown job");
      } else if (sorted.rank[other->second] == j) {
        doubtful(place + "names the job itself");
      } else if (!result.insert(sorted.rank[other->second]).second) {
        doubtful(place + "is there twice");
      }
    }
    return result;
  };
  std::vector<std::set<job_index>> separate(x.jobs.size());
  for (job_index j = 0; j < x.jobs.size(); ++j) {
    for (auto other : resolve(j, jobs[sorted.order[j]].attributes.separate_from, "separate_from")) {
      separate[j].insert(other);
      separate[other].insert(j);
    }
  }
  for (job_index j = 0; j < x.jobs.size(); ++j) {
    x.jobs[j].separate_from.assign(separate[j].begin(), separate[j].end());
    for (auto other : resolve(j, jobs[sorted.order[j]].attributes.colocate_with, "colocate_with")) {
      if (separate[j].count(other) > 0) {
        doubtful("job " + quoted(x.jobs[j].name) + ": colocate_with " + quoted(x.jobs[other].name) +
                 " contradicts separate_from");
      } else {
        x.jobs[j].colocate_with.push_back(other);
      }
    }
  }
  drop_cycles(x);
}

void problem_builder::impl::drop_cycles(assignment_problem::data& x) {
  enum class state : std::uint8_t { fresh, open, done };
  std::vector<state> states(x.jobs.size(), state::fresh);
  std::function<void(job_index)> visit = [&](job_index j) {
    states[j] = state::open;
    auto& list = x.jobs[j].colocate_with;
    for (std::size_t k = 0; k < list.size();) {
      const auto other = list[k];
      if (states[other] == state::open) {
        doubtful("job " + quoted(x.jobs[j].name) + ": colocate_with " + quoted(x.jobs[other].name) +
                 " closes a cycle; of two jobs only one follows the other");
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(k));
        continue;
      }
      if (states[other] == state::fresh) {
        visit(other);
      }
      ++k;
    }
    states[j] = state::done;
  };
  for (job_index j = 0; j < x.jobs.size(); ++j) {
    if (states[j] == state::fresh) {
      visit(j);
    }
  }
}

void problem_builder::impl::resolve_eligibility(assignment_problem::data& x, const name_order& sorted_jobs,
                                                const name_order& sorted_workers) {
  const auto words = (x.workers.size() + 63) / 64;
  x.offered.assign(words * x.jobs.size(), 0);
  for (worker_index w = 0; w < x.workers.size(); ++w) {
    const auto& raw = workers[sorted_workers.order[w]];
    const auto bit = std::uint64_t{1} << (w & 63);
    if (raw.what == offers::all_jobs) {
      for (std::size_t j = 0; j < x.jobs.size(); ++j) {
        x.offered[j * words + (w >> 6)] |= bit;
      }
    } else {
      for (auto j : raw.job_numbers) {
        x.offered[sorted_jobs.rank[j] * words + (w >> 6)] |= bit;
      }
      for (const auto& name : raw.jobs) {
        if (auto j = job_at.find(name); j != job_at.end()) {
          x.offered[sorted_jobs.rank[j->second] * words + (w >> 6)] |= bit;
        }
      }
    }
  }
  x.eligible = x.offered;
  for (std::size_t j = 0; j < x.jobs.size(); ++j) {
    for (const auto& label : x.jobs[j].required_labels) {
      for (worker_index w = 0; w < x.workers.size(); ++w) {
        if (!std::binary_search(x.workers[w].labels.begin(), x.workers[w].labels.end(), label)) {
          x.eligible[j * words + (w >> 6)] &= ~(std::uint64_t{1} << (w & 63));
        }
      }
    }
  }
}

void problem_builder::impl::resolve_previous(assignment_problem::data& x, const name_order& sorted_jobs,
                                             const name_order& sorted_workers) {
  std::vector<worker_index> rank(names.size(), no_worker);
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (auto w = worker_at.find(names[k]); w != worker_at.end()) {
      rank[k] = sorted_workers.rank[w->second];
    } else {
      doubtful("previous: worker " + quoted(names[k]) + " is unknown");
    }
  }
  x.previous.resize(x.first_item.back(), no_worker);
  for (job_index j = 0; j < x.jobs.size(); ++j) {
    const auto& raw = jobs[sorted_jobs.order[j]];
    auto* out = x.previous.data() + x.first_item[j];
    const auto& place = raw.by_number ? sorted_workers.rank : rank;
    for (std::size_t k = 0; k < raw.previous.size(); ++k) {
      out[k] = raw.previous[k] == no_worker ? no_worker : place[raw.previous[k]];
    }
  }
}

void problem_builder::set_refused(const node_id& worker, const job_id& job, const item_id& item) {
  impl_->refusals.push_back({worker, job, item});
}

/// After `resolve_previous`: who has refused an item does not have it any more, whatever is still written.
void problem_builder::impl::resolve_refusals(assignment_problem::data& x, const name_order& sorted_jobs,
                                             const name_order& sorted_workers) {
  for (const auto& r : refusals) {
    const auto w = worker_at.find(r.worker);
    const auto j = job_at.find(r.job);
    if (w == worker_at.end() || j == job_at.end()) {
      continue;
    }
    const auto number = sorted_jobs.rank[j->second];
    if (const auto k = x.jobs[number].items->find(r.item)) {
      const auto worker = sorted_workers.rank[w->second];
      x.jobs[number].refused.emplace_back(*k, worker);
      auto& previous = x.previous[x.first_item[number] + *k];
      previous = previous == worker ? no_worker : previous;
    }
  }
  for (auto& job : x.jobs) {
    std::sort(job.refused.begin(), job.refused.end());
    job.refused.erase(std::unique(job.refused.begin(), job.refused.end()), job.refused.end());
  }
}

expected<assignment_problem> problem_builder::build() {
  auto& x = *impl_;
  std::size_t items = 0;
  for (const auto& job : x.jobs) {
    items += job.items->size();
  }
  if (items >= no_worker) {
    x.wrong("the problem has " + std::to_string(items) + " items; at most 4294967294");
  }
  if (x.first_error) {
    return tl::make_unexpected(*x.first_error);
  }
  const auto workers = sort_by_name(x.workers);
  const auto jobs = sort_by_name(x.jobs);
  auto result = std::make_shared<assignment_problem::data>();
  x.resolve_workers(*result, workers);
  x.resolve_jobs(*result, jobs, workers);
  x.resolve_affinity(*result, jobs);
  x.resolve_eligibility(*result, jobs, workers);
  x.resolve_previous(*result, jobs, workers);
  x.resolve_refusals(*result, jobs, workers);
  if (x.first_error) {
    return tl::make_unexpected(*x.first_error);
  }
  result->warnings = std::move(x.warnings);
  assignment_problem::classify(*result);
  return assignment_problem{std::move(result)};
}

} // namespace djm
