#include <string>

#include "djm/strategy.hpp"
#include "strategies/ledger.hpp"

namespace djm {

namespace {

class checker {
public:
  checker(const assignment_problem& problem, const std::vector<worker_index>& owner)
    : problem_(problem), owner_(owner) {}

  expected<void> run() {
    if (owner_.size() != problem_.item_count()) {
      return fail(errc::invalid_plan, "the plan names " + std::to_string(owner_.size()) + " owners for " +
                                        std::to_string(problem_.item_count()) + " items");
    }
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      if (auto result = eligibility(j); !result) {
        return result;
      }
    }
    if (problem_.unconstrained()) {
      return {};
    }
    ledger books{problem_};
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
        if (owner_[i] != no_worker) {
          books.put(j, i, owner_[i]);
        }
      }
    }
    // Each item is taken off the books, judged as if it came last, and put back. One that stays where it was is not at
    // fault when its worker is too full already, unless something was added there.
    added_.resize(problem_.worker_count());
    added_of_job_.resize(problem_.worker_count() * problem_.job_count());
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
        if (owner_[i] != no_worker && owner_[i] != problem_.previous(i)) {
          added_[owner_[i]] = true;
          added_of_job_[j * problem_.worker_count() + owner_[i]] = true;
        }
      }
    }
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
        if (auto result = rules(books, j, i); !result) {
          return result;
        }
      }
    }
    return {};
  }

private:
  std::string place(job_index j, item_index i) const {
    return "item \"" + std::string{problem_.job(j).items->name(i - problem_.first_item(j))} + "\" of job \"" +
           problem_.job(j).name + "\"";
  }

  expected<void> eligibility(job_index j) const {
    const auto* words = problem_.eligible_words(j);
    const auto workers = problem_.worker_count();
    for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
      const auto w = owner_[i];
      if (w == no_worker) {
        continue;
      }
      if (w >= workers) {
        return fail(errc::invalid_plan, place(j, i) + ": owner number " + std::to_string(w) + " of " +
                                          std::to_string(workers) + " workers");
      }
      if (((words[w >> 6] >> (w & 63)) & 1) == 0) {
        return broken(j, i, problem_.offered(j, w) ? ledger{problem_}.blocks_any(j, w) : plan_rule::not_offered);
      }
    }
    return {};
  }

  expected<void> rules(ledger& books, job_index j, item_index i) const {
    const auto w = owner_[i];
    if (w == no_worker) {
      return {};
    }
    books.take(j, i, w);
    const auto rule = books.blocks(j, i, w);
    books.put(j, i, w);
    const auto of_job = rule == plan_rule::separated || rule == plan_rule::one_worker ||
                        rule == plan_rule::max_per_worker || rule == plan_rule::max_workers;
    const auto of_all = rule == plan_rule::max_items || rule == plan_rule::capacity;
    if (rule == plan_rule::none || (of_all && !added_[w]) ||
        (of_job && !added_of_job_[j * problem_.worker_count() + w])) {
      return {};
    }
    return broken(j, i, rule);
  }

  expected<void> broken(job_index j, item_index i, plan_rule rule) const {
    return fail(errc::invalid_plan, place(j, i) + " cannot be on worker \"" + problem_.worker(owner_[i]).name +
                                      "\": rule " + to_string(rule));
  }

  const assignment_problem& problem_;
  const std::vector<worker_index>& owner_;
  std::vector<bool> added_;        // per worker
  std::vector<bool> added_of_job_; // per job and worker
};

} // namespace

expected<void> check_plan(const assignment_problem& problem, const std::vector<worker_index>& owner) {
  return checker{problem, owner}.run();
}

} // namespace djm
