#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/plan/plan_file.hpp"

namespace djm::tool {

namespace {

using ordered = nlohmann::ordered_json;

std::string name_of(const assignment_problem& problem, worker_index w) {
  return w == no_worker ? std::string{} : problem.worker(w).name;
}

ordered name_or_null(const assignment_problem& problem, worker_index w) {
  return w == no_worker ? ordered{} : ordered(problem.worker(w).name);
}

/// Positions of a list of things with an `item`, sorted by job and item name.
template <class List>
std::vector<std::size_t> by_name(const assignment_problem& problem, const List& list) {
  std::vector<std::size_t> order(list.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    order[k] = k;
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto x = problem.job_of(list[a].item);
    const auto y = problem.job_of(list[b].item);
    return x != y ? x < y : problem.item_name(list[a].item) < problem.item_name(list[b].item);
  });
  return order;
}

std::string reason_of(const unassigned_item& x) {
  return to_string(x.reason) + ": " + (x.text.empty() ? describe(x.reason) : x.text);
}

} // namespace

std::string plan_to_json(const assignment_problem& problem, const plan& x, std::int64_t elapsed_us) {
  ordered root;
  std::vector<std::map<job_index, std::vector<std::string>>> shares(problem.worker_count());
  for (job_index j = 0; j < problem.job_count(); ++j) {
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      if (x.owner[i] != no_worker) {
        shares[x.owner[i]][j].emplace_back(problem.item_name(i));
      }
    }
  }
  auto& assignment = root["assignment"] = ordered::object();
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    auto& mine = assignment[problem.worker(w).name] = ordered::object();
    for (auto& [j, items] : shares[w]) {
      std::sort(items.begin(), items.end());
      mine[problem.job(j).name] = std::move(items);
    }
  }
  auto& unassigned = root["unassigned"] = ordered::array();
  for (auto k : by_name(problem, x.unassigned)) {
    const auto& u = x.unassigned[k];
    ordered row;
    row["job"] = problem.job(problem.job_of(u.item)).name;
    row["item"] = problem.item_name(u.item);
    row["reason"] = reason_of(u);
    unassigned.push_back(std::move(row));
  }
  auto& moves = root["moves"] = ordered::array();
  for (auto k : by_name(problem, x.moves)) {
    const auto& m = x.moves[k];
    ordered row;
    row["job"] = problem.job(problem.job_of(m.item)).name;
    row["item"] = problem.item_name(m.item);
    row["from"] = name_or_null(problem, m.from);
    row["to"] = name_or_null(problem, m.to);
    moves.push_back(std::move(row));
  }
  const auto& s = x.summary;
  auto& summary = root["summary"];
  summary["items"] = s.items;
  summary["assigned"] = s.assigned;
  summary["placements"] = s.placements;
  summary["moves"] = s.moves;
  summary["moves_lower_bound"] = s.moves_lower_bound ? ordered(*s.moves_lower_bound) : ordered();
  if (s.moves_deferred > 0) {
    summary["moves_deferred"] = s.moves_deferred;
  }
  auto& totals = summary["totals"] = ordered::object();
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    totals[problem.worker(w).name] = s.totals[w];
  }
  summary["job_spread_max"] = s.job_spread_max;
  summary["global_spread"] = s.global_spread;
  if (elapsed_us >= 0) {
    summary["elapsed_us"] = elapsed_us;
  }
  return root.dump(2) + "\n";
}

std::string plan_to_table(const assignment_problem& problem, const plan& x, std::int64_t elapsed_us) {
  const auto& s = x.summary;
  std::string out;
  std::size_t width = 6;
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    width = std::max(width, problem.worker(w).name.size());
  }
  std::vector<std::size_t> gets(problem.worker_count());
  std::vector<std::size_t> gives(problem.worker_count());
  for (const auto& m : x.moves) {
    ++gives[m.from];
    if (m.to != no_worker) {
      ++gets[m.to];
    }
  }
  out += fmt::format("{:<{}}  {:>8}  {:>8}  {:>8}\n", "worker", width, "items", "moved in", "moved out");
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    out +=
      fmt::format("{:<{}}  {:>8}  {:>8}  {:>8}{}{}\n", problem.worker(w).name, width, s.totals[w], gets[w], gives[w],
                  problem.worker(w).draining ? "  draining" : "", problem.worker(w).cordoned ? "  cordoned" : "");
  }
  out += fmt::format("\n{} items, {} assigned, {} placed, {} moved (at least {}), {} put off\n", s.items, s.assigned,
                     s.placements, s.moves, s.moves_lower_bound ? std::to_string(*s.moves_lower_bound) : "?",
                     s.moves_deferred);
  out += fmt::format("spread of a job at most {}, of the totals {}\n", s.job_spread_max, s.global_spread);
  for (auto k : by_name(problem, x.moves)) {
    out += fmt::format("move {}/{}: {} -> {}\n", problem.job(problem.job_of(x.moves[k].item)).name,
                       problem.item_name(x.moves[k].item), name_of(problem, x.moves[k].from),
                       x.moves[k].to == no_worker ? "nobody" : name_of(problem, x.moves[k].to));
  }
  for (auto k : by_name(problem, x.unassigned)) {
    out += fmt::format("unassigned {}/{}: {}\n", problem.job(problem.job_of(x.unassigned[k].item)).name,
                       problem.item_name(x.unassigned[k].item), reason_of(x.unassigned[k]));
  }
  if (elapsed_us >= 0) {
    out += fmt::format("planned in {} us\n", elapsed_us);
  }
  return out;
}

} // namespace djm::tool
