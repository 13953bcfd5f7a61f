#include "test/sim/stickiness.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "strategies/hash_strategies.hpp"
#include "test/sim/fewest_moves.hpp"

/// I4: how many items a plan moves, and what its strategies state. What is judged is said in stickiness.hpp.
namespace djm::sim {

namespace {

/// So many workers of whom it is not certain what the plan knew are tried out; 2^4 readings.
constexpr std::size_t most_uncertain = 4;
/// After the last change of anything; the worst outages one after the other.
constexpr auto time_to_settle = std::chrono::seconds{12};

job_id job_in(const std::string& key) {
  return job_id{key.substr(0, key.find('/'))};
}

} // namespace

/// A plan and the state it has made.
struct stickiness::shown_plan {
  struct move {
    std::string key;
    job_id job;
    node_id from, to;
  };
  std::vector<move> moves;
  /// By job and worker: items afterwards; the same of items that came.
  std::map<job_id, std::map<node_id, std::size_t>> held, came;
};

bool stickiness::settled(const node_id& worker, const tree_image& image, time_point now) const {
  const auto w = workers_.find(worker);
  return w != workers_.end() && image.alive().count(worker) > 0 && !w->second.left &&
         w->second.fit_since + age_of_plans <= now;
}

bool stickiness::shares(const node_id& worker, const job_id& job, const tree_image& image, time_point now) const {
  return settled(worker, image, now) && image.offers(worker, job) && !recent(offer_came_, worker + '/' + job, now);
}

void stickiness::check_bound(const tree_image& image, time_point now, const complaint& complain) {
  shown_plan plan;
  std::set<node_id> touched;
  for (const auto& [key, to] : to_) {
    ++plan.came[job_in(key)][to];
    touched.insert(to);
    if (const auto f = from_.find(key); f != from_.end() && f->second != to) {
      plan.moves.push_back({key, job_in(key), f->second, to});
      touched.insert(f->second);
    }
  }
  if (plan.moves.empty()) {
    return;
  }
  const bool plain = now >= rules_changed_ + age_of_plans &&
                     std::all_of(workers_.begin(), workers_.end(),
                                 [&](const auto& w) {
                                   return (w.second.plain && !w.second.marked && w.second.ends < 2) ||
                                          (image.alive().count(w.first) == 0 && touched.count(w.first) == 0);
                                 }) &&
                     std::all_of(rules_.begin(), rules_.end(), [](const auto& r) { return r.second.plain; });
  std::set<node_id> members;
  std::vector<node_id> uncertain;
  for (const auto& [key, owners] : image.assigned()) {
    if (is_hidden_item(key)) {
      continue;
    }
    for (const auto& w : owners) {
      ++plan.held[job_in(key)][w];
      if (members.count(w) > 0 || std::find(uncertain.begin(), uncertain.end(), w) != uncertain.end()) {
        continue;
      }
      if (settled(w, image, now) || touched.count(w) > 0) {
        members.insert(w);
      } else {
        uncertain.push_back(w);
      }
    }
  }
  for (const auto& [w, incarnation] : image.alive()) {
    if (settled(w, image, now)) {
      members.insert(w);
    }
  }
  if (!plain || uncertain.size() > most_uncertain) {
    ++counts_.unbounded;
    return;
  }
  ++counts_.bounded;
  std::string text;
  for (std::size_t reading = 0; reading < std::size_t{1} << uncertain.size(); ++reading) {
    auto workers = members;
    for (std::size_t u = 0; u < uncertain.size(); ++u) {
      if ((reading >> u & 1) != 0) {
        workers.insert(uncertain[u]);
      }
    }
    text = beyond_bound(plan, workers, image, now);
    if (text.empty()) {
      return;
    }
  }
  complain(std::move(text));
}

/// Empty when this reading of the plan explains it.
std::string stickiness::beyond_bound(const shown_plan& plan, const std::set<node_id>& workers, const tree_image& image,
                                     time_point now) const {
  const std::vector<node_id> names{workers.begin(), workers.end()};
  share_problem balanced;
  balanced.base.resize(names.size());
  std::set<job_id> balanced_jobs;
  bool balanced_known = true;
  const auto leaves = [&](const job_id& job, const share_problem::job& shares_of) {
    return static_cast<std::size_t>(std::count_if(plan.moves.begin(), plan.moves.end(), [&](const auto& m) {
      const auto at = std::lower_bound(names.begin(), names.end(), m.from);
      return m.job == job && at != names.end() && *at == m.from &&
             shares_of.eligible[static_cast<std::size_t>(at - names.begin())];
    }));
  };
  std::size_t balanced_moves = 0;
  for (const auto& [job, held] : plan.held) {
    const auto r = rules_.find(job);
    const auto strategy = r == rules_.end() ? "?" : r->second.strategy;
    share_problem::job j;
    for (const auto& w : names) {
      const auto h = held.find(w);
      const auto n = h == held.end() ? 0 : h->second;
      std::size_t had = n;
      if (const auto c = plan.came.find(job); c != plan.came.end()) {
        if (const auto k = c->second.find(w); k != c->second.end()) {
          had -= k->second;
        }
      }
      for (const auto& m : plan.moves) {
        had += m.job == job && m.from == w ? 1 : 0;
      }
      j.eligible.push_back(n > 0 || shares(w, job, image, now));
      j.have.push_back(had);
      j.items += n;
    }
    const bool known = j.items >= names.size();
    if (strategy.empty() || strategy == default_strategy) {
      balanced_known = balanced_known && known;
      balanced_moves += leaves(job, j);
      balanced_jobs.insert(job);
      balanced.jobs.push_back(std::move(j));
      continue;
    }
    for (std::size_t w = 0; w < names.size(); ++w) {
      if (const auto h = held.find(names[w]); h != held.end()) {
        balanced.base[w] += h->second;
      }
    }
    if (strategy != "evenly_spread" || !known) {
      continue;
    }
    const share_problem alone{{j}, std::vector<std::size_t>(names.size())};
    const auto moves = leaves(job, j), bound = fewest_moves(alone, false);
    if (moves > bound) {
      return fmt::format("{} items of {} leave owners that can run them; the bound of {} is {}", moves, job, strategy,
                         bound);
    }
  }
  if (balanced_known && balanced_moves > 0) {
    const auto bound = fewest_moves(balanced, true);
    if (balanced_moves > bound) {
      return fmt::format("{} items of {} leave owners that can run them; the bound of {} is {}", balanced_moves,
                         fmt::join(balanced_jobs, ", "), default_strategy, bound);
    }
  }
  static const strategy_registry built_in;
  const bool builtin_only = std::all_of(rules_.begin(), rules_.end(), [](const auto& r) {
    return r.second.strategy.empty() || built_in.find(r.second.strategy) != nullptr;
  });
  for (const auto& m : plan.moves) {
    if (!shares(m.from, m.job, image, now) || unwanted(m.key, m.job, image, now)) {
      continue;
    }
    if (builtin_only && now >= input_changed_ + time_to_settle) {
      return fmt::format("{} leaves {} for {}, and nothing has changed", m.key, m.from, m.to);
    }
    const auto r = rules_.find(m.job);
    if (r == rules_.end() || r->second.strategy != "rendezvous") {
      continue;
    }
    const auto item = m.key.substr(m.job.size() + 1);
    const auto weight = rendezvous_weight(m.job, item, m.to);
    for (const auto& w : names) {
      if (shares(w, m.job, image, now) && rendezvous_weight(m.job, item, w) > weight) {
        return fmt::format("{} leaves {} for {}, and {} is heavier", m.key, m.from, m.to, w);
      }
    }
  }
  return {};
}

} // namespace djm::sim
