#include "strategies/make_room.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "strategies/ledger.hpp"
#include "strategies/stay_put.hpp"

namespace djm {

namespace {

/// Looks at the books, in all: beyond that what waits goes on waiting.
constexpr std::uint64_t most_looks = 5'000'000;

struct step {
  job_index job = 0;
  item_index item = 0;
  worker_index to = no_worker;
};

class room_maker {
public:
  room_maker(const assignment_problem& problem, const plan_options& options, plan& x)
    : problem_(problem),
      options_(options),
      plan_(x),
      books_(problem),
      held_(problem.worker_count()),
      moved_(problem.worker_count()),
      bound_(problem.job_count()) {
    for (job_index j = 0; j < problem.job_count(); ++j) {
      const auto& job = problem.job(j);
      if (job.one_worker || !job.colocate_with.empty()) {
        bound_[j] = true;
      }
      for (auto other : job.colocate_with) {
        bound_[other] = true;
      }
      for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
        if (const auto w = x.owner[i]; w != no_worker) {
          books_.put(j, i, w);
          held_[w].push_back(i);
          if (was_elsewhere(j, i, w)) {
            count_move(problem.previous(i), w);
          }
        } else if (had_owner(j, i)) {
          count_move(problem.previous(i), no_worker);
        }
      }
    }
  }

  /// Whether anything found a place.
  bool run() {
    for (auto i : waiting()) {
      if (looks_ < most_looks) {
        seat(i);
      }
    }
    return seated_;
  }

private:
  using items_of_job = std::pair<std::vector<item_index>::const_iterator, std::vector<item_index>::const_iterator>;

  bool had_owner(job_index j, item_index i) const {
    const auto w = problem_.previous(i);
    return w != no_worker && problem_.eligible(j, w);
  }

  bool was_elsewhere(job_index j, item_index i, worker_index w) const {
    return had_owner(j, i) && problem_.previous(i) != w;
  }

  bool pinned(job_index j, item_index i) const { return problem_.job(j).pin_of(i - problem_.first_item(j)) != nullptr; }

  void count_move(worker_index from, worker_index to) {
    ++moves_;
    ++moved_[from];
    if (to != no_worker) {
      ++moved_[to];
    }
  }

  // By priority, then as they stand in line, then by number.
  std::vector<item_index> waiting() const {
    std::vector<std::uint32_t> rank(problem_.item_count(), UINT32_MAX);
    std::uint32_t next = 0;
    for (auto i : problem_.waiting()) {
      rank[i] = next++;
    }
    std::vector<std::tuple<int, std::uint32_t, item_index>> line;
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      if (!bound_[j]) {
        for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
          if (plan_.owner[i] == no_worker) {
            line.emplace_back(-static_cast<int>(problem_.job(j).priority), rank[i], i);
          }
        }
      }
    }
    std::sort(line.begin(), line.end());
    std::vector<item_index> result;
    for (const auto& place : line) {
      result.push_back(std::get<2>(place));
    }
    return result;
  }

  void seat(item_index i) {
    const auto j = problem_.job_of(i);
    const auto alike = !had_owner(j, i) && problem_.job(j).is_ordinary(i - problem_.first_item(j));
    if (alike && hopeless_.count(j) > 0) {
      return; // one like it that came before found nothing
    }
    targets_.clear();
    auto best = no_worker;
    std::vector<step> cheapest;
    for (worker_index w = 0; w < problem_.worker_count() && looks_ < most_looks; ++w) {
      if (!only_full(j, i, w) || (was_elsewhere(j, i, w) && moved_[w] >= options_.max_moves_per_worker)) {
        continue;
      }
      auto steps = clear(j, i, w);
      if (!steps.empty() && (best == no_worker || steps.size() < cheapest.size() ||
                             (steps.size() == cheapest.size() && books_.count(j, w) < books_.count(j, best)))) {
        best = w;
        cheapest = std::move(steps);
      }
    }
    if (best == no_worker) {
      if (alike) {
        hopeless_.insert(j);
      }
      return;
    }
    for (const auto& x : cheapest) {
      books_.take(x.job, x.item, best);
      books_.put(x.job, x.item, x.to);
      auto& left = held_[best];
      left.erase(std::lower_bound(left.begin(), left.end(), x.item));
      hold(x.item, x.to);
      plan_.owner[x.item] = x.to;
      if (problem_.previous(x.item) == best) {
        count_move(best, x.to);
      }
    }
    if (was_elsewhere(j, i, best)) {
      ++moved_[best]; // a move already where it had no place
    }
    books_.put(j, i, best);
    hold(i, best);
    plan_.owner[i] = best;
    plan_.summary.moves_lower_bound.reset();
    hopeless_.clear();
    seated_ = true;
  }

  void hold(item_index i, worker_index w) {
    auto& items = held_[w];
    items.insert(std::lower_bound(items.begin(), items.end(), i), i);
  }

  bool only_full(job_index j, item_index i, worker_index w) {
    ++looks_;
    const auto rule = books_.blocks(j, i, w);
    return rule == plan_rule::capacity || rule == plan_rule::max_items;
  }

  /// What has to go off `w` so that the item fits; empty when that is too much. Leaves the books as they are.
  std::vector<step> clear(job_index j, item_index i, worker_index w) {
    std::vector<step> steps;
    std::set<item_index> gone;
    while (steps.size() < most_moves_for_room && books_.blocks(j, i, w) != plan_rule::none) {
      const auto next = next_off(j, i, w, gone, moves_in(steps, w));
      if (!next) {
        break;
      }
      books_.take(next->job, next->item, w);
      books_.put(next->job, next->item, next->to);
      gone.insert(next->item);
      steps.push_back(*next);
    }
    const auto fits = books_.blocks(j, i, w) == plan_rule::none;
    for (auto x = steps.rbegin(); x != steps.rend(); ++x) {
      books_.take(x->job, x->item, x->to);
      books_.put(x->job, x->item, w);
    }
    return fits ? steps : std::vector<step>{};
  }

  std::size_t moves_in(const std::vector<step>& steps, worker_index w) const {
    return static_cast<std::size_t>(
      std::count_if(steps.begin(), steps.end(), [&](const step& x) { return problem_.previous(x.item) == w; }));
  }

  /// The smallest that makes room by itself, else the one that brings most.
  std::optional<step> next_off(job_index j, item_index i, worker_index w, const std::set<item_index>& gone,
                               std::size_t moves) {
    std::optional<step> best;
    std::pair<bool, double> best_worth;
    const auto& held = held_[w];
    for (auto of_job = held.begin(), next = of_job; of_job != held.end(); of_job = next) {
      const auto k = problem_.job_of(*of_job);
      next = std::lower_bound(of_job, held.end(), problem_.first_item(k + 1));
      if (bound_[k] || problem_.job(k).priority > problem_.job(j).priority) {
        continue;
      }
      const auto item = movable(k, {of_job, next}, w, gone, moves);
      if (!item) {
        continue;
      }
      const auto to = target(k, *item, w);
      if (to == no_worker) {
        continue;
      }
      books_.take(k, *item, w);
      ++looks_;
      const auto enough = books_.blocks(j, i, w) == plan_rule::none;
      books_.put(k, *item, w);
      const auto brought = relief(j, k, w);
      if (brought <= 0) {
        continue;
      }
      const std::pair<bool, double> worth{enough, enough ? -size_of(k, w) : brought};
      if (!best || worth > best_worth) {
        best = step{k, *item, to};
        best_worth = worth;
      }
    }
    return best;
  }

  /// One that has only just come to `w` costs nothing; others have to be within the budget.
  std::optional<item_index> movable(job_index k, const items_of_job& items, worker_index w,
                                    const std::set<item_index>& gone, std::size_t moves) const {
    std::optional<item_index> owned;
    for (auto at = items.first; at != items.second; ++at) {
      const auto x = *at;
      if (gone.count(x) > 0 || pinned(k, x) || was_elsewhere(k, x, w)) {
        continue;
      }
      if (problem_.previous(x) != w) {
        return x;
      }
      if (!owned) {
        owned = x;
      }
    }
    const auto may = moves_ + moves < options_.max_moves && moved_[w] + moves < options_.max_moves_per_worker &&
                     !problem_.worker(w).cordoned;
    return may ? owned : std::nullopt;
  }

  /// Where an item of the job can go: of the places looked up when this search began, the first that is still free.
  worker_index target(job_index k, item_index item, worker_index w) {
    auto known = targets_.find(k);
    if (known == targets_.end()) {
      std::vector<std::pair<std::pair<std::uint32_t, std::int64_t>, worker_index>> found;
      for (worker_index t = 0; t < problem_.worker_count(); ++t) {
        ++looks_;
        if (problem_.worker(t).accepts_new() && moved_[t] < options_.max_moves_per_worker &&
            books_.blocks_any(k, t) == plan_rule::none) {
          found.push_back({{books_.count(k, t), books_.load(t)}, t});
        }
      }
      const auto some = std::min<std::size_t>(found.size(), most_moves_for_room + 1);
      std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(some), found.end());
      std::vector<worker_index> places;
      for (std::size_t n = 0; n < some; ++n) {
        places.push_back(found[n].second);
      }
      known = targets_.emplace(k, std::move(places)).first;
    }
    for (auto t : known->second) {
      if (t != w && books_.blocks(k, item, t) == plan_rule::none) {
        return t;
      }
    }
    return no_worker;
  }

  /// How much of what `j` lacks on `w` an item of `k` takes up; at most 1 per kind of resource.
  double relief(job_index j, job_index k, worker_index w) const {
    const auto& worker = problem_.worker(w);
    double result = books_.items(w) >= worker.max_items ? 1 : 0;
    for (const auto& need : problem_.job(j).profile) {
      const auto room = worker.capacity[need.resource];
      if (room == worker_info::unlimited || books_.used(w, need.resource) + need.amount <= room) {
        continue;
      }
      const auto lack = books_.used(w, need.resource) + need.amount - room;
      for (const auto& has : problem_.job(k).profile) {
        if (has.resource == need.resource) {
          result += static_cast<double>(std::min(has.amount, lack)) / static_cast<double>(lack);
        }
      }
    }
    return result;
  }

  double size_of(job_index k, worker_index w) const {
    double result = 0;
    for (const auto& has : problem_.job(k).profile) {
      if (const auto room = problem_.worker(w).capacity[has.resource]; room != worker_info::unlimited && room > 0) {
        result += static_cast<double>(has.amount) / static_cast<double>(room);
      }
    }
    return result;
  }

  const assignment_problem& problem_;
  const plan_options& options_;
  plan& plan_;
  ledger books_;
  std::vector<std::vector<item_index>> held_; ///< by worker, sorted
  std::vector<std::size_t> moved_;
  std::size_t moves_ = 0;
  std::vector<bool> bound_; ///< jobs whose items stay together with others
  std::map<job_index, std::vector<worker_index>> targets_;
  std::set<job_index> hopeless_;
  std::uint64_t looks_ = 0;
  bool seated_ = false;
};

bool room_may_be_short(const assignment_problem& problem) {
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    const auto& worker = problem.worker(w);
    if (worker.max_items != worker_info::unlimited_items) {
      return true;
    }
    for (auto room : worker.capacity) {
      if (room != worker_info::unlimited) {
        return true;
      }
    }
  }
  return false;
}

} // namespace

void make_room(const assignment_problem& problem, const plan_options& options, plan& x) {
  const bool short_of_room =
    room_may_be_short(problem) && std::find(x.owner.begin(), x.owner.end(), no_worker) != x.owner.end();
  if (short_of_room && room_maker{problem, options, x}.run()) {
    // What had to go may have gone where one of its job came from.
    stay_put(problem, x);
  }
}

} // namespace djm
