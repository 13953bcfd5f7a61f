#include "strategies/stand_in.hpp"

#include <algorithm>
#include <utility>

#include <cxxabi.h>

#include "model/exception_text.hpp"
#include "strategies/ledger.hpp"

namespace djm {

namespace {

bool same(const worker_info& a, const worker_info& b) {
  return a.name == b.name && a.zone == b.zone && a.labels == b.labels && a.weight == b.weight &&
         a.capacity == b.capacity && a.max_items == b.max_items && a.draining == b.draining && a.cordoned == b.cordoned;
}

bool same(const item_set& a, const item_set& b) {
  if (&a == &b) {
    return true;
  }
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a.hash(k) != b.hash(k) || a.name(k) != b.name(k)) {
      return false;
    }
  }
  return true;
}

bool same(const std::vector<resource_amount>& a, const std::vector<resource_amount>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const resource_amount& x, const resource_amount& y) {
    return x.resource == y.resource && x.amount == y.amount;
  });
}

bool same(const job_info& a, const job_info& b) {
  return a.name == b.name && a.strategy == b.strategy && a.priority == b.priority &&
         a.max_per_worker == b.max_per_worker && a.max_workers == b.max_workers && a.spread_zones == b.spread_zones &&
         a.one_worker == b.one_worker && a.required_labels == b.required_labels && a.colocate_with == b.colocate_with &&
         a.separate_from == b.separate_from && a.pinned == b.pinned && a.refused == b.refused &&
         a.item_weights == b.item_weights && a.custom == b.custom && same(a.profile, b.profile) &&
         same(*a.items, *b.items);
}

class stand_in final : public strategy {
public:
  stand_in(std::string name, const strategy_answer* answer, std::vector<strategy_question>* open)
    : name_(std::move(name)), open_(open) {
    if (answer) {
      answer_ = *answer;
    }
  }

  std::string_view name() const noexcept override { return name_; }

  expected<plan> assign(const assignment_problem& problem, const plan_options&) const override {
    if (answer_.part && same_question(*answer_.part, problem)) {
      return answer_.result;
    }
    if (open_) {
      open_->push_back({name_, std::make_shared<const assignment_problem>(problem)});
    }
    return as_it_is(problem);
  }

private:
  plan as_it_is(const assignment_problem& problem) const {
    plan result;
    result.owner.assign(problem.item_count(), no_worker);
    ledger books{problem};
    for (job_index j = 0; j < problem.job_count(); ++j) {
      for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
        const auto w = problem.previous(i);
        if (w != no_worker && books.blocks(j, i, w) == plan_rule::none) {
          result.owner[i] = w;
          books.put(j, i, w);
        } else {
          result.unassigned.push_back({i, plan_rule::strategy, "its strategy \"" + name_ + "\" has not answered yet"});
        }
      }
    }
    return result;
  }

  std::string name_;
  strategy_answer answer_{nullptr, plan{}};
  std::vector<strategy_question>* open_;
};

} // namespace

bool same_question(const assignment_problem& a, const assignment_problem& b) {
  if (a.worker_count() != b.worker_count() || a.job_count() != b.job_count() || a.item_count() != b.item_count() ||
      a.resources() != b.resources() || a.zone_count() != b.zone_count()) {
    return false;
  }
  for (worker_index w = 0; w < a.worker_count(); ++w) {
    if (!same(a.worker(w), b.worker(w)) || a.base_load(w) != b.base_load(w) || a.base_items(w) != b.base_items(w)) {
      return false;
    }
    for (std::uint32_t r = 0; r < a.resources().size(); ++r) {
      if (a.base_used(w, r) != b.base_used(w, r)) {
        return false;
      }
    }
  }
  for (job_index j = 0; j < a.job_count(); ++j) {
    if (!same(a.job(j), b.job(j))) {
      return false;
    }
    for (worker_index w = 0; w < a.worker_count(); ++w) {
      if (a.offered(j, w) != b.offered(j, w) || a.eligible(j, w) != b.eligible(j, w)) {
        return false;
      }
    }
  }
  return std::equal(a.previous_data(), a.previous_data() + a.item_count(), b.previous_data());
}

strategy_registry with_stand_ins(const strategy_registry& registry, const strategy_answers& answers,
                                 std::vector<strategy_question>* open) {
  strategy_registry result;
  for (const auto& name : registry.names()) {
    const auto known = answers.find(name);
    // Refused for the names that are built in, which need no stand-in.
    (void) result.add(std::make_shared<stand_in>(name, known == answers.end() ? nullptr : &known->second, open));
  }
  return result;
}

expected<plan_so_far> plan_without_users(const assignment_problem& problem, const strategy_registry& registry,
                                         const strategy_answers& answers, const plan_options& options) {
  plan_so_far result;
  auto made = make_plan(problem, with_stand_ins(registry, answers, &result.open), options);
  if (!made) {
    return tl::make_unexpected(made.error());
  }
  result.planned = std::move(*made);
  return result;
}

expected<plan> ask_strategy(const strategy_question& question, const strategy_registry& registry,
                            const plan_options& options) {
  const auto complaint = [&](const std::string& what) { return "strategy \"" + question.strategy + "\"" + what; };
  const auto* found = registry.find(question.strategy);
  if (!found) {
    return fail(errc::unknown_strategy, complaint(" is not registered on this node"));
  }
  expected<plan> result = fail(errc::internal, "");
  try {
    result = found->assign(*question.part, options);
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    return fail(errc::user_code_failed, complaint(" threw: " + impl::current_exception_text()));
  }
  if (!result) {
    return result;
  }
  if (auto legal = check_plan(*question.part, result->owner); !legal) {
    return fail(legal.error().code, complaint(": " + legal.error().text));
  }
  return result;
}

} // namespace djm
