#include "strategies/budget.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>

#include "strategies/ledger.hpp"

namespace djm {

namespace {

class budgeter {
public:
  budgeter(const assignment_problem& problem, const plan_options& options, plan& x)
    : problem_(problem),
      options_(options),
      plan_(x),
      wanted_(x.owner),
      books_(problem),
      moved_(problem.worker_count()) {}

  void run() {
    collect();
    place_orphans(false);
    choose_moves();
    place_orphans(true);
  }

private:
  using route = std::tuple<job_index, worker_index, worker_index>;
  using value = std::tuple<int, std::int64_t, std::int64_t>;

  bool is_move(job_index j, item_index i) const {
    const auto from = problem_.previous(i);
    return from != no_worker && from != wanted_[i] && problem_.eligible(j, from);
  }

  void put(job_index j, item_index i, worker_index w) {
    plan_.owner[i] = w;
    if (w != no_worker) {
      books_.put(j, i, w);
    }
  }

  // First everything that has an owner stays with it.
  void collect() {
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
        if (is_move(j, i)) {
          routes_[{j, problem_.previous(i), wanted_[i]}].push_back(i);
          put(j, i, problem_.previous(i));
        } else if (wanted_[i] != no_worker && wanted_[i] != problem_.previous(i)) {
          orphans_.push_back(i);
          plan_.owner[i] = no_worker;
        } else if (wanted_[i] != no_worker) {
          put(j, i, wanted_[i]);
        }
      }
    }
  }

  void place_orphans(bool anywhere) {
    std::vector<item_index> waiting;
    for (auto i : orphans_) {
      const auto j = problem_.job_of(i);
      auto to = wanted_[i];
      if (books_.blocks(j, i, to) != plan_rule::none) {
        to = no_worker;
        for (worker_index w = 0; anywhere && w < problem_.worker_count(); ++w) {
          if (books_.blocks(j, i, w) == plan_rule::none &&
              (to == no_worker || books_.count(j, w) < books_.count(j, to))) {
            to = w;
          }
        }
      }
      if (to != no_worker) {
        put(j, i, to);
      } else if (anywhere) {
        plan_.unassigned.push_back({i, plan_rule::move_budget, {}});
      } else {
        waiting.push_back(i);
      }
    }
    orphans_ = std::move(waiting);
  }

  value worth(const route& r) const {
    const auto [j, from, to] = r;
    if (to == no_worker) {
      return {-1, 0, 0};
    }
    const auto first = routes_.at(r).back();
    const auto urgent = problem_.worker(from).draining ? 2 : 0;
    const auto stuck = pinned_off(j, first, from) ? 1 : 0;
    return {urgent + stuck, static_cast<std::int64_t>(books_.count(j, from)) - books_.count(j, to),
            books_.load(from) - books_.load(to)};
  }

  bool pinned_off(job_index j, item_index i, worker_index w) const {
    const auto* pin = problem_.job(j).pin_of(i - problem_.first_item(j));
    return pin != nullptr && *pin != w;
  }

  bool within_limits(worker_index from, worker_index to) const {
    const auto most = options_.max_moves_per_worker;
    return moved_[from] < most && (to == no_worker || moved_[to] < most);
  }

  // Where no more workers may have items of the job, one takes the place of another only with all that this has.
  bool replaces(const route& r) {
    const auto [j, from, to] = r;
    const auto& items = routes_.at(r);
    const auto most = options_.max_moves_per_worker;
    if (moved_[from] + items.size() > most || moved_[to] + items.size() > most) {
      return false;
    }
    for (auto i : items) {
      books_.take(j, i, from);
    }
    std::size_t put_there = 0;
    while (put_there < items.size() && books_.blocks(j, items[put_there], to) == plan_rule::none) {
      books_.put(j, items[put_there++], to);
    }
    if (put_there == items.size()) {
      for (auto i : items) {
        plan_.owner[i] = to;
      }
      moved_[from] += items.size();
      moved_[to] += items.size();
      return true;
    }
    while (put_there > 0) {
      books_.take(j, items[--put_there], to);
    }
    for (auto i : items) {
      books_.put(j, i, from);
    }
    return false;
  }

  // Values fall as moves are made, so the one on top is checked again before it is taken. A move that finds no room
  // waits until another has made some.
  void choose_moves() {
    using entry = std::pair<value, route>;
    auto less = [](const entry& a, const entry& b) {
      return a.first != b.first ? a.first < b.first : a.second > b.second;
    };
    std::size_t left = options_.max_moves;
    for (auto progress = true; progress && left > 0;) {
      progress = false;
      std::priority_queue<entry, std::vector<entry>, decltype(less)> queue{less};
      for (const auto& [r, items] : routes_) {
        if (!items.empty()) {
          queue.push({worth(r), r});
        }
      }
      while (!queue.empty() && left > 0) {
        const auto [old, r] = queue.top();
        queue.pop();
        const auto [j, from, to] = r;
        auto& items = routes_[r];
        if (items.empty() || !within_limits(from, to)) {
          continue;
        }
        if (const auto now = worth(r); now < old) {
          queue.push({now, r});
          continue;
        }
        const auto i = items.back();
        books_.take(j, i, from);
        if (const auto rule = to == no_worker ? plan_rule::none : books_.blocks(j, i, to); rule != plan_rule::none) {
          books_.put(j, i, from);
          if (rule == plan_rule::max_workers && left >= items.size() && replaces(r)) {
            left -= items.size();
            items.clear();
            progress = true;
          }
          continue;
        }
        put(j, i, to);
        items.pop_back();
        ++moved_[from];
        if (to != no_worker) {
          ++moved_[to];
        }
        --left;
        progress = true;
        if (!items.empty()) {
          queue.push({worth(r), r});
        }
      }
    }
    for (const auto& [r, items] : routes_) {
      plan_.summary.moves_deferred += items.size();
    }
    plan_.summary.moves_lower_bound.reset(); // that was the bound for the balance of the whole plan
  }

  const assignment_problem& problem_;
  const plan_options& options_;
  plan& plan_;
  std::vector<worker_index> wanted_;
  ledger books_;
  std::vector<std::size_t> moved_;
  std::map<route, std::vector<item_index>> routes_;
  std::vector<item_index> orphans_;
};

bool within(const assignment_problem& problem, const plan_options& options, const plan& x) {
  if (options.max_moves == plan_options::no_limit && options.max_moves_per_worker == plan_options::no_limit) {
    return true;
  }
  std::vector<std::size_t> moved(problem.worker_count());
  std::size_t count = 0;
  std::size_t most = 0;
  for (job_index j = 0; j < problem.job_count(); ++j) {
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      const auto from = problem.previous(i);
      const auto to = x.owner[i];
      if (from == no_worker || from == to || !problem.eligible(j, from)) {
        continue;
      }
      ++count;
      most = std::max(most, ++moved[from]);
      if (to != no_worker) {
        most = std::max(most, ++moved[to]);
      }
    }
  }
  return count <= options.max_moves && most <= options.max_moves_per_worker;
}

} // namespace

void apply_budget(const assignment_problem& problem, const plan_options& options, plan& x) {
  if (!within(problem, options, x)) {
    budgeter{problem, options, x}.run();
  }
}

} // namespace djm
