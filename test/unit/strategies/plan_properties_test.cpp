#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "strategies/rendezvous_index.hpp"
#include "test/unit/strategies/generate.hpp"
#include "test/unit/strategies/model.hpp"

using namespace djm;
using namespace djm::test;

namespace {

const char* const strategies[] = {"balanced", "evenly_spread", "rendezvous", "evenly_rendezvous", "bounded_hash"};

ingredients everything() {
  ingredients with;
  with.partial = with.limits = with.few = with.slots = with.profiles = with.pins = with.drains = with.cordons = true;
  with.zones = with.priorities = with.labels = with.separate = with.colocate = with.weights = true;
  with.item_weights = with.relaxations = true;
  with.workers = 8;
  with.jobs = 6;
  with.items = 40;
  return with;
}

plan planned(const assignment_problem& problem, const plan_options& options = {}) {
  auto result = make_plan(problem, strategy_registry{}, options);
  RC_ASSERT(result.has_value());
  for (const auto& f : result->failures) {
    RC_FAIL(f.what.text);
  }
  return std::move(*result);
}

generator::raw with_strategy(generator::raw x, std::uint32_t seed) {
  for (auto& j : x.jobs) {
    j.attributes.strategy = strategies[(seed >> 3) % std::size(strategies)];
  }
  return x;
}

generator::raw mixed_strategies(generator::raw x, std::uint32_t seed) {
  for (auto& j : x.jobs) {
    j.attributes.strategy = strategies[(seed = seed * 1664525u + 1013904223u) % std::size(strategies)];
  }
  return x;
}

} // namespace

TEST_CASE("every strategy keeps every hard rule and accounts for every item") {
  CHECK(rc::check("random problems", [](std::uint32_t seed) {
    auto raw = generator{seed}.draw(everything());
    for (const auto& x : {with_strategy(raw, seed), mixed_strategies(raw, seed)}) {
      const auto problem = generator::build(x, 0);
      const auto result = planned(problem);
      RC_ASSERT(check_plan(problem, result.owner).has_value());
      std::size_t unassigned = 0;
      for (item_index i = 0; i < problem.item_count(); ++i) {
        if (result.owner[i] == no_worker) {
          RC_ASSERT(result.unassigned[unassigned++].item == i);
        }
      }
      RC_ASSERT(unassigned == result.unassigned.size());
      for (const auto& u : result.unassigned) {
        RC_ASSERT(u.reason != plan_rule::none);
      }
      RC_ASSERT(result.summary.assigned + unassigned == problem.item_count());
    }
  }));
}

TEST_CASE("no strategy leaves an item out that a worker could take") {
  auto with = everything();
  with.relaxations = false; // all or nothing
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator::build(with_strategy(generator{seed}.draw(with), seed), 0);
    for (const auto& u : planned(problem).unassigned) {
      RC_ASSERT(u.reason != plan_rule::strategy);
    }
  }));
}

TEST_CASE("a plan is a function of sets: the order of insertion changes nothing") {
  CHECK(rc::check("random problems", [](std::uint32_t seed) {
    const auto raw = mixed_strategies(generator{seed}.draw(everything()), seed);
    const auto a = generator::build(raw, 0);
    const auto b = generator::build(raw, seed | 1);
    RC_ASSERT(names_of(a, planned(a).owner) == names_of(b, planned(b).owner));
  }));
}

TEST_CASE("a plan of its own result moves nothing where everything has a place") {
  auto with = everything();
  with.gone = false;
  // Rules of different sizes and kinds together are planned by rules of thumb that need not agree with themselves.
  with.weights = with.profiles = with.item_weights = with.separate = with.colocate = with.relaxations = false;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    auto rules = with;
    rules.few = seed % 3 == 0;
    auto raw = generator{seed}.draw(rules);
    for (auto& j : raw.jobs) {
      j.attributes.strategy = seed % 2 == 0 ? "balanced" : "evenly_spread";
    }
    RC_LOG() << "seed " << seed;
    const auto problem = generator::build(raw, 0);
    const auto first = planned(problem);
    if (!first.unassigned.empty()) {
      return; // where room is short a plan and what is moved to make room need not agree
    }
    const auto second = planned(problem.with_previous(first.owner));
    if (rules.few) {
      // Who has taken items since the workers were chosen is chosen with the next plan: that one stands.
      RC_ASSERT(planned(problem.with_previous(second.owner)).owner == second.owner);
      return;
    }
    RC_ASSERT(second.summary.moves == 0u);
    RC_ASSERT(second.owner == first.owner);
  }));
}

TEST_CASE("a worker that is eligible for nothing changes nothing") {
  ingredients with;
  with.partial = true;
  with.workers = 8;
  with.jobs = 6;
  with.items = 40;
  const auto same = [with](std::uint32_t seed) {
    auto raw = generator{seed}.draw(with);
    const auto before = generator::build(raw, 0);
    raw.workers.push_back({"x-idle", {}, {}});
    raw.workers.back().attributes.weight = 500 * (1 + seed % 3);
    const auto after = generator::build(raw, 0);
    const auto a = planned(before);
    const auto b = planned(after);
    RC_ASSERT(names_of(before, a.owner) == names_of(after, b.owner));
    RC_ASSERT(a.summary.global_spread == b.summary.global_spread);
  };
  CHECK(rc::check("random problems", same));
  // Everybody else offers everything: rare among random ones.
  for (const std::uint32_t seed : {1002u, 5321u, 6154u, 14201u}) {
    CHECK(rc::check("seed " + std::to_string(seed), [&] { same(seed); }));
  }
}

TEST_CASE("weights count relative to each other only") {
  ingredients with;
  with.partial = with.weights = true;
  with.workers = 8;
  with.jobs = 6;
  with.items = 40;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    auto raw = generator{seed}.draw(with);
    if (seed % 4 == 0) {
      for (auto& w : raw.workers) {
        w.attributes.weight = milli;
      }
    }
    const auto before = generator::build(raw, 0);
    for (auto& w : raw.workers) {
      w.attributes.weight *= 4;
    }
    const auto after = generator::build(raw, 0);
    RC_ASSERT(names_of(before, planned(before).owner) == names_of(after, planned(after).owner));
  }));
}

TEST_CASE("other names change no totals") {
  ingredients with;
  with.workers = 8;
  with.jobs = 6;
  with.items = 40;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    auto raw = generator{seed}.draw(with);
    auto totals = planned(generator::build(raw, 0)).summary.totals;
    for (auto& w : raw.workers) {
      w.name = node_id{"other-" + w.name.str().substr(2)};
    }
    for (auto& j : raw.jobs) {
      j.name = job_id{"other-" + j.name};
      for (auto& i : j.items) {
        i = item_id{"other-" + i};
      }
    }
    for (auto& [w, j, i] : raw.previous) {
      w = node_id{"other-" + w.str().substr(2)};
      j = job_id{"other-" + j};
      i = item_id{"other-" + i};
    }
    auto other = planned(generator::build(raw, 0)).summary.totals;
    std::sort(totals.begin(), totals.end());
    std::sort(other.begin(), other.end());
    RC_ASSERT(totals == other);
  }));
}

TEST_CASE("where every worker runs every job both spreads are 1 at most") {
  ingredients with;
  with.workers = 20;
  with.jobs = 10;
  with.items = 300;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto result = planned(generator{seed}.make(with));
    RC_ASSERT(result.summary.job_spread_max <= 1u);
    RC_ASSERT(result.summary.global_spread <= 1u);
    RC_ASSERT(result.summary.moves_lower_bound == result.summary.moves);
  }));
}

TEST_CASE("shares follow the weights of the workers") {
  ingredients with;
  with.weights = true;
  with.workers = 10;
  with.jobs = 4;
  with.items = 200;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator{seed}.make(with);
    const auto result = planned(problem);
    std::int64_t weights = 0;
    for (worker_index w = 0; w < problem.worker_count(); ++w) {
      weights += problem.worker(w).weight;
    }
    for (job_index j = 0; j < problem.job_count(); ++j) {
      std::vector<std::int64_t> counts(problem.worker_count());
      for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
        ++counts[result.owner[i]];
      }
      const auto items = static_cast<std::int64_t>(problem.items_of(j));
      for (worker_index w = 0; w < counts.size(); ++w) { // within one of the proportional share
        RC_ASSERT(std::abs(counts[w] * weights - items * problem.worker(w).weight) < weights);
      }
    }
  }));
}

TEST_CASE("zones of a job that spreads differ by one at most where all is eligible") {
  ingredients with;
  with.zones = true;
  with.workers = 9;
  with.jobs = 4;
  with.items = 60;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator{seed}.make(with);
    const auto result = planned(problem);
    for (job_index j = 0; j < problem.job_count(); ++j) {
      if (!problem.job(j).spread_zones) {
        continue;
      }
      std::vector<std::size_t> zones(problem.zone_count());
      for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
        ++zones[problem.worker(result.owner[i]).zone_index];
      }
      const auto [least, most] = std::minmax_element(zones.begin(), zones.end());
      RC_ASSERT(*most - *least <= 1u);
    }
  }));
}

TEST_CASE("a colocated job sits where the other one is, wherever one worker can hold both") {
  ingredients with;
  with.partial = with.colocate = true;
  with.workers = 6;
  with.jobs = 5;
  with.items = 40;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator{seed}.make(with);
    const auto result = planned(problem);
    for (job_index j = 0; j < problem.job_count(); ++j) {
      for (auto other : problem.job(j).colocate_with) {
        std::set<worker_index> holders;
        for (auto i = problem.first_item(other); i < problem.first_item(other + 1); ++i) {
          if (result.owner[i] != no_worker && problem.eligible(j, result.owner[i])) {
            holders.insert(result.owner[i]);
          }
        }
        for (auto i = problem.first_item(j); !holders.empty() && i < problem.first_item(j + 1); ++i) {
          RC_ASSERT(result.owner[i] == no_worker || holders.count(result.owner[i]) == 1);
        }
      }
    }
  }));
}

TEST_CASE("a budget is kept, orphans do not wait, and rounds converge on what one plan would do") {
  ingredients with;
  with.partial = with.drains = with.cordons = with.limits = true;
  with.workers = 6;
  with.jobs = 4;
  with.items = 30;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    auto problem = generator{seed}.make(with);
    plan_options free;
    free.global_tolerance = 0;
    const auto whole = planned(problem, free);
    auto budget = free;
    budget.max_moves = 1 + seed % 3;
    std::size_t moves = 0;
    plan round;
    for (int k = 0; k < 100; ++k) {
      round = planned(problem, budget);
      RC_ASSERT(round.summary.moves <= budget.max_moves);
      RC_ASSERT(check_plan(problem, round.owner).has_value());
      RC_ASSERT(round.summary.assigned >= whole.summary.assigned);
      moves += round.summary.moves;
      problem = problem.with_previous(round.owner);
      if (round.summary.moves_deferred == 0) {
        break;
      }
    }
    RC_ASSERT(round.summary.moves_deferred == 0u);
    RC_ASSERT(moves <= whole.summary.moves + problem.item_count());
    RC_ASSERT(round.summary.job_spread_max <= std::max<std::size_t>(whole.summary.job_spread_max, 1));
  }));
}

TEST_CASE("a budget per worker is kept") {
  ingredients with;
  with.workers = 6;
  with.items = 40;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator{seed}.make(with);
    plan_options options;
    options.max_moves_per_worker = 2;
    std::map<worker_index, std::size_t> touched;
    for (const auto& m : planned(problem, options).moves) {
      RC_ASSERT(++touched[m.from] <= 2u);
      RC_ASSERT(++touched[m.to] <= 2u);
    }
  }));
}

TEST_CASE("an effort of nothing still gives a legal plan with every job balanced") {
  ingredients with;
  with.partial = with.slots = true;
  with.workers = 6;
  with.items = 40;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator{seed}.make(with);
    plan_options options;
    options.effort = 0;
    options.global_tolerance = 0;
    const auto result = planned(problem, options);
    RC_ASSERT(check_plan(problem, result.owner).has_value());
    if (result.summary.effort_exhausted) {
      RC_ASSERT(!result.summary.moves_lower_bound.has_value());
    }
  }));
}

TEST_CASE("a rolling restart touches no more than the items of each worker, twice") {
  model x;
  for (int w = 0; w < 10; ++w) {
    x.workers.emplace_back("w-" + std::to_string(w));
  }
  for (int j = 0; j < 7; ++j) {
    x.jobs[job_id{"j-" + std::to_string(j)}] = numbered("i-", 0, 12 + j);
  }
  auto plan_now = [&](const std::vector<node_id>& workers) {
    auto y = x;
    y.workers = workers;
    const auto problem = problem_of(y);
    auto result = make_plan(problem, strategy_registry{}).value();
    x.previous = names_of(problem, result.owner);
    return result;
  };
  plan_now(x.workers);
  for (const auto& restarted : x.workers) {
    std::size_t held = 0;
    for (const auto& [job, list] : x.previous[restarted]) {
      held += list.size();
    }
    auto others = x.workers;
    others.erase(std::find(others.begin(), others.end(), restarted));
    const auto away = plan_now(others);
    CHECK(away.summary.placements == held);
    CHECK(away.summary.moves <= 2); // balance of totals may need a swap
    const auto back = plan_now(x.workers);
    CHECK(back.summary.moves <= held + 1);
  }
}

TEST_CASE("rendezvous: a new worker only takes, a lost one only gives, and coming back restores all") {
  ingredients with;
  with.workers = 6;
  with.items = 60;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    auto raw = generator{seed}.draw(with);
    for (auto& j : raw.jobs) {
      j.attributes.strategy = "rendezvous";
    }
    auto names = [&] {
      const auto problem = generator::build(raw, 0);
      std::map<std::string, std::string> result;
      const auto owner = planned(problem).owner;
      for (item_index i = 0; i < owner.size(); ++i) {
        result[problem.job(problem.job_of(i)).name + "/" + std::string{problem.item_name(i)}] =
          problem.worker(owner[i]).name;
      }
      return result;
    };
    const auto before = names();
    raw.workers.push_back({"w-new", {}, {}});
    for (const auto& [item, w] : names()) {
      RC_ASSERT(w == "w-new" || w == before.at(item));
    }
    raw.workers.pop_back();
    RC_ASSERT(names() == before);
  }));
}

TEST_CASE("rendezvous kept up to date step by step equals rendezvous computed afresh") {
  ingredients with;
  with.partial = true;
  with.workers = 6;
  with.items = 60;
  CHECK(rc::check("random histories", [with](std::uint32_t seed) {
    rendezvous_index index;
    generator g{seed};
    auto raw = g.draw(with);
    for (auto& j : raw.jobs) {
      j.attributes.strategy = "rendezvous";
    }
    std::vector<std::shared_ptr<const item_set>> sets;
    for (const auto& j : raw.jobs) {
      sets.push_back(item_set::make(j.items).value());
    }
    for (int step = 0; step < 6; ++step) {
      problem_builder builder;
      for (const auto& w : raw.workers) {
        if (!g.once_in(3)) {
          builder.add_worker(w.name);
        }
      }
      for (std::size_t j = 0; j < raw.jobs.size(); ++j) {
        if (g.once_in(5)) { // the job's items change
          sets[j] = item_set::make(sets[j]->size() > 0 ? items{item_id{sets[j]->name(0)}} : items{"new"}).value();
        }
        builder.add_job(raw.jobs[j].name, raw.jobs[j].attributes, sets[j]);
      }
      const auto problem = builder.build().value();
      RC_ASSERT(index.owners(problem) == planned(problem).owner);
    }
  }));
}
