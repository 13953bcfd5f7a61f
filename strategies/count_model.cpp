#include "strategies/count_model.hpp"

#include <algorithm>
#include <numeric>

#include "strategies/apportion.hpp"
#include "strategies/murmur3.hpp"
#include "strategies/refusals.hpp"

namespace djm {

count_model::count_model(const assignment_problem& problem)
  : problem_(problem),
    workers_(problem.worker_count()),
    beside_refusals_(problem.job_count()),
    unplaceable_(problem.job_count()) {
  for (worker_index w = 0; w < workers_; ++w) {
    weight_unit_ = std::gcd(weight_unit_, problem.worker(w).weight);
  }
  count_previous();
  for (job_index j = 0; j < problem_.job_count(); ++j) {
    if (!problem_.job(j).pinned.empty()) {
      count_pins(j);
    }
    beside_refusals_[j] = shares_beside_refusals(problem_, j);
  }
  make_groups();
}

void count_model::count_previous() {
  have_.assign(problem_.job_count() * workers_, 0);
  const auto* previous = problem_.previous_data();
  for (job_index j = 0; j < problem_.job_count(); ++j) {
    auto* row = have_.data() + cell(j, 0);
    const auto end = problem_.first_item(j + 1);
    for (auto i = problem_.first_item(j); i < end; ++i) {
      if (previous[i] != no_worker) {
        ++row[previous[i]];
      }
    }
    if (!problem_.fully_eligible()) {
      for (worker_index w = 0; w < workers_; ++w) {
        if (!problem_.eligible(j, w)) {
          row[w] = 0;
        }
      }
    }
  }
}

bool count_model::pin_holds(job_index j, std::uint32_t local, worker_index pin) const {
  return pin != no_worker && problem_.eligible(j, pin) && !problem_.job(j).refuses(local, pin) &&
         (problem_.worker(pin).accepts_new() || problem_.previous(problem_.first_item(j) + local) == pin);
}

void count_model::count_pins(job_index j) {
  if (pinned_.empty()) {
    pinned_.assign(have_.size(), 0);
  }
  for (const auto& [local, pin] : problem_.job(j).pinned) {
    const auto previous = problem_.previous(problem_.first_item(j) + local);
    if (previous != no_worker && problem_.eligible(j, previous)) {
      --have_[cell(j, previous)];
      pin_moves_ += pin == previous ? 0 : 1;
    }
    if (pin_holds(j, local, pin)) {
      ++have_[cell(j, pin)];
      ++pinned_[cell(j, pin)];
    } else {
      ++unplaceable_[j];
    }
  }
}

std::uint32_t count_model::fixed(job_index j, worker_index w) const {
  const auto most = limit(j, w);
  return problem_.worker(w).cordoned && !problem_.worker(w).draining ? most : std::min(pins(j, w), most);
}

std::uint32_t count_model::limit(job_index j, worker_index w) const {
  if (!problem_.eligible(j, w)) {
    return 0;
  }
  auto result = UINT32_MAX;
  const auto& worker = problem_.worker(w);
  if (worker.draining) {
    result = pins(j, w);
  } else if (worker.cordoned) {
    result = have(j, w);
  }
  if (problem_.job(j).max_per_worker != 0) {
    result = std::min(result, problem_.job(j).max_per_worker);
  }
  if (!beside_refusals_[j].empty()) {
    result = std::min(result, std::max(beside_refusals_[j][w], pins(j, w)));
  }
  return result;
}

void count_model::make_groups() {
  quota_.assign(have_.size(), 0);
  std::size_t count = 0;
  for (job_index j = 0; j < problem_.job_count(); ++j) {
    count += problem_.job(j).spread_zones ? problem_.zone_count() : 1;
  }
  extra = bit_rows(count, workers_);
  open = bit_rows(count, workers_);
  gain = bit_rows(count, workers_);
  groups_.reserve(count);
  std::vector<std::uint32_t> sizes;
  std::vector<worker_index> members;
  for (job_index j = 0; j < problem_.job_count(); ++j) {
    const auto size = static_cast<std::uint32_t>(problem_.items_of(j)) - unplaceable_[j];
    const auto zones = problem_.job(j).spread_zones;
    if (zones) {
      split_zones(j, size, sizes);
    }
    for (std::uint32_t z = 0; z < (zones ? problem_.zone_count() : 1); ++z) {
      members.clear();
      each_bit_of_row(problem_.eligible_words(j), problem_.words(), [&](worker_index w) {
        if (!zones || problem_.worker(w).zone_index == z) {
          members.push_back(w);
        }
      });
      groups_.push_back({j, zones ? sizes[z] : size, 0});
      quotas(groups_.back(), members, groups_.size() - 1);
    }
  }
}

// Zones are parties like workers: bounds are the sums of their workers' bounds, extras go where they save moves.
void count_model::split_zones(job_index j, std::uint32_t size, std::vector<std::uint32_t>& sizes) const {
  const auto zones = problem_.zone_count();
  std::vector<std::uint64_t> least(zones);
  std::vector<std::uint64_t> most(zones);
  std::vector<std::uint64_t> had(zones);
  for (worker_index w = 0; w < workers_; ++w) {
    if (problem_.eligible(j, w)) {
      const auto z = problem_.worker(w).zone_index;
      least[z] += fixed(j, w);
      most[z] += limit(j, w);
      had[z] += have(j, w);
    }
  }
  std::vector<share> parties(zones);
  for (std::uint32_t z = 0; z < zones; ++z) {
    parties[z].least = static_cast<std::uint32_t>(std::min<std::uint64_t>(least[z], UINT32_MAX));
    parties[z].most = static_cast<std::uint32_t>(std::min<std::uint64_t>(most[z], UINT32_MAX));
  }
  auto left = apportion(size, parties);
  std::vector<std::uint32_t> order;
  for (std::uint32_t z = 0; z < zones; ++z) {
    if (parties[z].open) {
      order.push_back(z);
    }
  }
  auto rank = [&](std::uint32_t z) { return pair_rank(problem_.job(j).hash, mix64(z)); };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto saves_a = had[a] > parties[a].quota;
    const auto saves_b = had[b] > parties[b].quota;
    return saves_a != saves_b ? saves_a : rank(a) > rank(b);
  });
  for (auto z : order) {
    if (left > 0) {
      ++parties[z].quota;
      --left;
    }
  }
  sizes.resize(zones);
  for (std::uint32_t z = 0; z < zones; ++z) {
    sizes[z] = parties[z].quota;
  }
}

void count_model::quotas(const count_group& g, const std::vector<worker_index>& members, std::size_t at) {
  const auto j = g.job;
  auto& group = groups_[at];
  if (members.empty()) {
    return;
  }
  const auto m = static_cast<std::uint32_t>(members.size());
  if (problem_.unconstrained()) {
    const auto q = g.size / m;
    group.extras = g.size % m;
    for (auto w : members) {
      quota_[cell(j, w)] = q;
      if (group.extras > 0) {
        open.set(at, w);
        if (have(j, w) > q) {
          gain.set(at, w);
        }
      }
    }
    return;
  }
  std::vector<share> parties(m);
  for (std::size_t k = 0; k < m; ++k) {
    parties[k] = {fixed(j, members[k]), limit(j, members[k]), problem_.worker(members[k]).weight, 0, false};
  }
  group.extras = apportion(g.size, parties);
  bool placed = group.extras == 0;
  for (std::size_t k = 0; k < m; ++k) {
    const auto w = members[k];
    quota_[cell(j, w)] = parties[k].quota;
    if (parties[k].open) {
      placed = true;
      open.set(at, w);
      if (have(j, w) > parties[k].quota) {
        gain.set(at, w);
      }
    }
  }
  if (placed) {
    return;
  }
  // Nobody has room for the rest; items of draining workers stay where they are rather than nowhere.
  for (auto w : members) {
    if (!problem_.worker(w).draining) {
      continue;
    }
    auto& n = quota_[cell(j, w)];
    auto most = have(j, w);
    if (problem_.job(j).max_per_worker != 0) {
      most = std::min(most, problem_.job(j).max_per_worker);
    }
    const auto stay = std::min(group.extras, most > n ? most - n : 0);
    n += stay;
    group.extras -= stay;
  }
  group.extras = 0;
}

std::vector<std::int64_t> count_model::loads() const {
  std::vector<std::int64_t> result(workers_);
  for (worker_index w = 0; w < workers_; ++w) {
    result[w] = (problem_.base_load(w) + milli / 2) / milli;
  }
  for (job_index j = 0; j < problem_.job_count(); ++j) {
    for (worker_index w = 0; w < workers_; ++w) {
      result[w] += quota_[cell(j, w)];
    }
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    each_bit_of_row(extra.row(g), extra.words(), [&](worker_index w) { ++result[w]; });
  }
  return result;
}

void count_model::choose_extras() {
  auto load = loads();
  const auto words = extra.words();
  std::vector<std::size_t> undecided;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const auto extras = groups_[g].extras;
    if (extras == 0) {
      continue;
    }
    const auto savers = gain.count(g);
    if (savers <= extras) { // each of them in any case
      for (std::size_t k = 0; k < words; ++k) {
        each_bit(extra.row(g)[k] = gain.row(g)[k], k * 64, [&](worker_index w) { ++load[w]; });
      }
    }
    if (savers != extras) {
      undecided.push_back(g);
    }
  }
  struct candidate {
    std::int64_t load;
    std::uint64_t rank;
    worker_index worker;
  };
  std::vector<candidate> candidates;
  for (auto g : undecided) {
    const auto savers = gain.count(g);
    const auto among_savers = savers > groups_[g].extras;
    const auto wanted = groups_[g].extras - (among_savers ? 0 : static_cast<std::uint32_t>(savers));
    const auto hash = problem_.job(groups_[g].job).hash;
    candidates.clear();
    for (std::size_t k = 0; k < words; ++k) {
      each_bit(open.row(g)[k] & (among_savers ? gain.row(g)[k] : ~gain.row(g)[k]), k * 64, [&](worker_index w) {
        const auto& worker = problem_.worker(w);
        candidates.push_back({(load[w] << 20) / weight(w), pair_rank(hash, worker.hash), w});
      });
    }
    auto end = candidates.begin() + static_cast<std::ptrdiff_t>(wanted);
    std::nth_element(candidates.begin(), end, candidates.end(), [](const candidate& a, const candidate& b) {
      if (a.load != b.load) {
        return a.load < b.load;
      }
      return a.rank != b.rank ? a.rank > b.rank : a.worker < b.worker;
    });
    for (auto i = candidates.begin(); i != end; ++i) {
      extra.set(g, i->worker);
      ++load[i->worker];
    }
  }
}

std::size_t count_model::moves() const {
  std::size_t result = pin_moves_;
  for (std::size_t k = 0; k < have_.size(); ++k) {
    result += have_[k] > quota_[k] ? have_[k] - quota_[k] : 0;
  }
  for (std::size_t g = 0; extra.words() > 0 && g < groups_.size(); ++g) {
    for (std::size_t k = 0; k < extra.words(); ++k) {
      result -= static_cast<std::size_t>(__builtin_popcountll(extra.row(g)[k] & gain.row(g)[k]));
    }
  }
  return result;
}

void count_model::settle() {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    each_bit_of_row(extra.row(g), extra.words(), [&](worker_index w) { ++quota_[cell(groups_[g].job, w)]; });
  }
  extra = {};
}

void count_model::deal(std::vector<worker_index>& owner) const {
  owner.resize(problem_.item_count());
  std::vector<std::uint32_t> left(workers_);
  std::vector<item_index> waiting;
  const auto* previous = problem_.previous_data();
  for (job_index j = 0; j < problem_.job_count(); ++j) {
    std::copy_n(quota_.begin() + static_cast<std::ptrdiff_t>(cell(j, 0)), workers_, left.begin());
    const auto begin = problem_.first_item(j);
    const auto end = problem_.first_item(j + 1);
    const auto& pins = problem_.job(j).pinned;
    for (const auto& [local, pin] : pins) {
      const auto holds = pin_holds(j, local, pin) && left[pin] > 0;
      owner[begin + local] = holds ? pin : no_worker;
      if (holds) {
        --left[pin];
      }
    }
    waiting.clear();
    auto next_pin = pins.begin();
    for (auto i = begin; i < end; ++i) {
      if (next_pin != pins.end() && begin + next_pin->first == i) {
        ++next_pin;
        continue;
      }
      const auto w = previous[i];
      if (w != no_worker && left[w] > 0) {
        owner[i] = w;
        --left[w];
      } else {
        waiting.push_back(i);
      }
    }
    deal_waiting(j, waiting, left, owner);
  }
}

/// `left`: places of the job that are free. What somebody has refused chooses first.
void count_model::deal_waiting(job_index j, const std::vector<item_index>& waiting, std::vector<std::uint32_t>& left,
                               std::vector<worker_index>& owner) const {
  const auto& job = problem_.job(j);
  const auto begin = problem_.first_item(j);
  const auto refused = [&](item_index i) { return !job.refused.empty() && job.is_refused(i - begin); };
  for (auto i : waiting) {
    if (!refused(i)) {
      continue;
    }
    owner[i] = no_worker;
    for (worker_index w = 0; w < workers_; ++w) {
      if (left[w] > 0 && problem_.worker(w).accepts_new() && !job.refuses(i - begin, w)) {
        owner[i] = w;
        --left[w];
        break;
      }
    }
  }
  worker_index w = 0;
  for (auto i : waiting) {
    if (refused(i)) {
      continue;
    }
    while (w < workers_ && (left[w] == 0 || !problem_.worker(w).accepts_new())) {
      ++w;
    }
    owner[i] = w < workers_ ? w : no_worker;
    if (w < workers_) {
      --left[w];
    }
  }
}

} // namespace djm
