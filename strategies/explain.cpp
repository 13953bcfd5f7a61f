#include "djm/plan_explain.hpp"

#include "strategies/ledger.hpp"
#include "strategies/plan_score.hpp"

namespace djm {

namespace {

class explainer {
public:
  explainer(const assignment_problem& problem, const strategy_registry& registry, const plan_options& options,
            const plan& planned, item_index item)
    : problem_(problem),
      registry_(registry),
      options_(options),
      planned_(planned),
      item_(item),
      job_(problem.job_of(item)),
      books_(problem) {
    for (job_index j = 0; j < problem.job_count(); ++j) {
      for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
        if (i != item && planned.owner[i] != no_worker) {
          books_.put(j, i, planned.owner[i]);
        }
      }
    }
    totals_ = problem.job(job_).strategy == default_strategy;
    sticky_ = totals_ || problem.job(job_).strategy == "evenly_spread";
  }

  explanation run(std::uint64_t limit) {
    explanation result;
    result.item = item_;
    result.chosen = planned_.owner[item_];
    for (const auto& u : planned_.unassigned) {
      if (u.item == item_) {
        result.reason = u.reason;
      }
    }
    const std::uint64_t workers = problem_.worker_count();
    result.exact = workers * (problem_.item_count() + problem_.job_count() * workers) <= limit;
    full_ = planned_.owner;
    if (planned_.summary.moves_deferred > 0 && result.exact) {
      full_ = plan_without_budget(problem_).value_or(planned_).owner;
    }
    for (worker_index w = 0; w < workers; ++w) {
      if (w != result.chosen) {
        result.others.push_back({w, verdict(w, result)});
      }
    }
    return result;
  }

private:
  expected<plan> plan_without_budget(const assignment_problem& problem) const {
    auto options = options_;
    options.max_moves = options.max_moves_per_worker = plan_options::no_limit;
    return make_plan(problem, registry_, options);
  }

  plan_rule verdict(worker_index w, const explanation& x) const {
    const auto rule = books_.blocks(job_, item_, w);
    if (x.chosen == no_worker) {
      return rule == plan_rule::none ? x.reason : rule;
    }
    if (rule == plan_rule::refused || (rule != plan_rule::none && rule < plan_rule::separated)) {
      return rule; // says so of the item in any plan
    }
    if (!sticky_) {
      return rule == plan_rule::none ? plan_rule::strategy : rule;
    }
    if (full_[item_] == w) {
      return plan_rule::move_budget;
    }
    return x.exact ? by_planning(w, rule) : by_moving(w, rule);
  }

  plan_rule by_planning(worker_index w, plan_rule rule) const {
    const auto pinned = problem_.with_pin(item_, w);
    const auto result = plan_without_budget(pinned);
    if (!result) {
      return plan_rule::strategy;
    }
    if (result->owner[item_] != w) { // there is no room even when everything else may give way
      return rule == plan_rule::none ? plan_rule::placement : rule;
    }
    return first_worse(score_of(problem_, full_, totals_), score_of(problem_, result->owner, totals_));
  }

  plan_rule by_moving(worker_index w, plan_rule rule) const {
    if (rule != plan_rule::none) {
      return rule;
    }
    auto moved = planned_.owner;
    moved[item_] = w;
    return first_worse(score_of(problem_, planned_.owner, totals_), score_of(problem_, moved, totals_));
  }

  const assignment_problem& problem_;
  const strategy_registry& registry_;
  const plan_options& options_;
  const plan& planned_;
  item_index item_;
  job_index job_;
  ledger books_; // without the item
  bool totals_ = false;
  bool sticky_ = false;
  std::vector<worker_index> full_; // owners without a budget
};

} // namespace

explanation explain(const assignment_problem& problem, const strategy_registry& registry, const plan_options& options,
                    const plan& planned, item_index item, std::uint64_t limit) {
  return explainer{problem, registry, options, planned, item}.run(limit);
}

std::string to_text(const assignment_problem& problem, const explanation& x) {
  const auto j = problem.job_of(x.item);
  auto out = "item " + std::string{problem.item_name(x.item)} + " of job " + problem.job(j).name;
  if (x.chosen != no_worker) {
    const auto stays = problem.previous(x.item) == x.chosen;
    out += (stays ? " stays on " : " goes to ") + problem.worker(x.chosen).name + "\n";
  } else {
    out += " is unassigned: " + to_string(x.reason) + ": " + describe(x.reason) + "\n";
  }
  for (const auto& v : x.others) {
    out += "  not " + problem.worker(v.worker).name + ": " + to_string(v.rule) + "\n";
  }
  if (!x.exact) {
    out += "  (too large to plan again for each worker: judged by moving this item alone)\n";
  }
  return out;
}

} // namespace djm
