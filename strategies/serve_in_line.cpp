#include "strategies/serve_in_line.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "strategies/ledger.hpp"

namespace djm {

namespace {

constexpr std::uint32_t nowhere_in_line = UINT32_MAX;

class server {
public:
  server(const assignment_problem& problem, plan& x) : problem_(problem), plan_(x), books_(problem) {
    rank_.assign(problem.item_count(), nowhere_in_line);
    std::uint32_t next = 0;
    for (auto i : problem.waiting()) {
      rank_[i] = next++;
    }
    for (job_index j = 0; j < problem.job_count(); ++j) {
      for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
        if (x.owner[i] != no_worker) {
          books_.put(j, i, x.owner[i]);
          if (!had_owner(j, i)) {
            seats_[{j, x.owner[i]}].insert(place_of(j, i));
          }
        }
      }
    }
  }

  void run() {
    for (auto i : problem_.waiting()) {
      if (plan_.owner[i] == no_worker) {
        line_.insert(place_of(problem_.job_of(i), i));
      }
    }
    while (!line_.empty() && !seats_.empty()) {
      const auto first = *line_.begin();
      line_.erase(line_.begin());
      seat(first);
    }
  }

private:
  /// Less is earlier: by priority, then by rank in line, then by number.
  using place = std::tuple<int, std::uint32_t, item_index>;

  place place_of(job_index j, item_index i) const { return {-static_cast<int>(problem_.job(j).priority), rank_[i], i}; }

  bool had_owner(job_index j, item_index i) const {
    const auto w = problem_.previous(i);
    return w != no_worker && problem_.eligible(j, w);
  }

  // Whether `b` has to give way to `a`; of those that are not in line nobody was first.
  static bool before(const place& a, const place& b) {
    return std::get<0>(a) != std::get<0>(b) ? std::get<0>(a) < std::get<0>(b) : std::get<1>(a) < std::get<1>(b);
  }

  void seat(const place& first) {
    const auto i = std::get<2>(first);
    const auto j = problem_.job_of(i);
    const auto alike = !had_owner(j, i) && problem_.job(j).is_ordinary(i - problem_.first_item(j));
    if (alike && hopeless_.count(j) > 0) {
      return; // one like it that came before found nothing
    }
    std::vector<std::pair<place, std::pair<job_index, worker_index>>> last; // of each seat group, who is last in line
    for (const auto& [where, taken] : seats_) {
      if (before(first, *taken.rbegin())) {
        last.push_back({*taken.rbegin(), where});
      }
    }
    std::sort(last.rbegin(), last.rend());
    for (const auto& [behind, where] : last) {
      const auto out = std::get<2>(behind);
      const auto w = where.second;
      if (had_owner(j, i) && problem_.previous(i) != w) {
        continue; // a move is not a matter of the line
      }
      books_.take(where.first, out, w);
      if (books_.blocks(j, i, w) != plan_rule::none) {
        books_.put(where.first, out, w);
        continue;
      }
      books_.put(j, i, w);
      plan_.owner[i] = w;
      if (where.first != j) {
        plan_.summary.moves_lower_bound.reset(); // of another balance
      }
      if (books_.blocks(where.first, out, w) == plan_rule::none) {
        books_.put(where.first, out, w); // there is room beside it after all
      } else {
        leave(behind, where);
      }
      if (!had_owner(j, i)) {
        seats_[{j, w}].insert(first);
      }
      hopeless_.clear();
      return;
    }
    if (alike) {
      hopeless_.insert(j);
    }
  }

  /// It has given way.
  void leave(const place& behind, const std::pair<job_index, worker_index>& where) {
    plan_.owner[std::get<2>(behind)] = no_worker;
    auto& taken = seats_[where];
    taken.erase(behind);
    if (taken.empty()) {
      seats_.erase(where);
    }
    if (std::get<1>(behind) != nowhere_in_line) {
      line_.insert(behind);
    }
  }

  const assignment_problem& problem_;
  plan& plan_;
  ledger books_;
  std::vector<std::uint32_t> rank_;
  /// Items about to be placed without having an owner, by job and worker.
  std::map<std::pair<job_index, worker_index>, std::set<place>> seats_;
  std::set<place> line_; // who is left out
  std::set<job_index> hopeless_;
};

} // namespace

void serve_in_line(const assignment_problem& problem, plan& x) {
  const auto& line = problem.waiting();
  if (std::any_of(line.begin(), line.end(), [&](item_index i) { return x.owner[i] == no_worker; })) {
    server{problem, x}.run();
  }
}

} // namespace djm
