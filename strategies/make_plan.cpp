#include <algorithm>
#include <exception>
#include <set>

#include <cxxabi.h>

#include "djm/strategy.hpp"
#include "model/exception_text.hpp"
#include "strategies/budget.hpp"
#include "strategies/few_workers.hpp"
#include "strategies/ledger.hpp"
#include "strategies/refusals.hpp"
#include "strategies/summary.hpp"

namespace djm {

namespace {

class composer {
public:
  composer(const assignment_problem& problem, const strategy_registry& registry, const plan_options& options)
    : problem_(problem), narrowed_(narrow_to_few_workers(problem)), registry_(registry), options_(options) {}

  plan run() {
    std::map<std::string, std::vector<job_index>> groups;
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      groups[problem_.job(j).strategy].push_back(j);
    }
    if (groups.size() == 1) {
      run_alone(groups.begin()->first, groups.begin()->second);
      return std::move(result_);
    }
    result_.owner.assign(problem_.item_count(), no_worker);
    for (const auto& [name, jobs] : groups) {
      if (name != default_strategy) {
        run_group(name, jobs);
      }
    }
    if (auto i = groups.find(std::string{default_strategy}); i != groups.end()) {
      run_group(i->first, i->second);
    }
    finish();
    return std::move(result_);
  }

private:
  expected<plan> call(const std::string& name, const assignment_problem& problem) const {
    const auto* found = registry_.find(name);
    if (!found) {
      return fail(errc::unknown_strategy, "strategy \"" + name + "\" is not registered on this node");
    }
    expected<plan> result = fail(errc::internal, "");
    try {
      result = found->assign(problem, options_);
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) {
      return fail(errc::user_code_failed, "strategy \"" + name + "\" threw: " + impl::current_exception_text());
    }
    if (!result) {
      return result;
    }
    if (auto legal = check_plan(problem, result->owner); !legal) {
      return fail(legal.error().code, "strategy \"" + name + "\": " + legal.error().text);
    }
    return result;
  }

  // The usual case, one strategy for all: nothing is copied.
  void run_alone(const std::string& name, const std::vector<job_index>& jobs) {
    if (auto planned = call(name, narrowed_)) {
      result_ = std::move(*planned);
    } else {
      result_.owner.assign(problem_.item_count(), no_worker);
      result_.failures.push_back({name, jobs, planned.error()});
      keep_legal(problem_, jobs);
    }
    finish();
  }

  void run_group(const std::string& name, const std::vector<job_index>& jobs) {
    const auto part = narrowed_.restricted_to(jobs, result_.owner);
    auto planned = call(name, part);
    if (!planned) {
      result_.failures.push_back({name, jobs, planned.error()});
      keep_legal(part, jobs);
      return;
    }
    item_index from = 0;
    std::vector<item_index> number; // of the part's items here
    number.reserve(part.item_count());
    for (auto j : jobs) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i, ++from) {
        result_.owner[i] = planned->owner[from];
        number.push_back(i);
      }
    }
    for (auto& item : planned->unassigned) {
      if (item.item < number.size()) {
        result_.unassigned.push_back({number[item.item], item.reason, std::move(item.text)});
      }
    }
    result_.summary.effort_used += planned->summary.effort_used;
    result_.summary.effort_exhausted |= planned->summary.effort_exhausted;
  }

  void keep_legal(const assignment_problem& part, const std::vector<job_index>& jobs) {
    ledger books{part};
    item_index from = 0;
    for (job_index k = 0; k < jobs.size(); ++k) {
      for (auto i = problem_.first_item(jobs[k]); i < problem_.first_item(jobs[k] + 1); ++i, ++from) {
        const auto w = part.previous(from);
        if (w != no_worker && books.blocks(k, from, w) == plan_rule::none) {
          result_.owner[i] = w;
          books.put(k, from, w);
        } else {
          result_.unassigned.push_back({i, plan_rule::strategy, {}});
        }
      }
    }
  }

  void finish() {
    // One of the chosen may be full of other jobs' items, and another worker not.
    place_left_out(problem_, result_.owner, [](const job_info& j) { return j.max_workers != 0 && !j.one_worker; });
    apply_budget(problem_, options_, result_);
    explain_unassigned(problem_, result_);
    summarise(problem_, result_);
  }

  const assignment_problem& problem_;
  const assignment_problem narrowed_; // what strategies see
  const strategy_registry& registry_;
  const plan_options& options_;
  plan result_;
};

} // namespace

expected<plan> make_plan(const assignment_problem& problem, const strategy_registry& registry,
                         const plan_options& options) {
  try {
    return composer{problem, registry, options}.run();
  } catch (const std::exception&) {
    return fail(errc::internal, "planning failed: " + impl::current_exception_text());
  }
}

} // namespace djm
