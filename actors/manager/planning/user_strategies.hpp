#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/manager/leader_store.hpp"
#include "actors/manager/planning/plan_moment.hpp"
#include "actors/manager/strategy_desk.hpp"

namespace djm {

/// Plans that could not be made as they should: counted, and told until they can.
class plan_failures {
public:
  plan_failures(leader_store& store, std::uint64_t& count) : store_(store), count_(count) {}
  void tell(const std::string& about, error why, manager_effects& out) {
    ++count_;
    store_.complain(about, std::move(why), out);
  }

private:
  leader_store& store_;
  std::uint64_t& count_;
};

/// Strategies of users answer beside everything else: what they take delays the jobs that named them, nobody else.
class user_strategies {
public:
  user_strategies(manager_lifetime& life, leader_store& store, plan_moment& moment, plan_failures failures)
    : cfg_(life.cfg),
      store_(store),
      moment_(moment),
      failures_(failures),
      desk_({life.cfg.strategy_timeout}, life.strategy_numbers),
      backoff_(life.cfg.backoff_min, life.cfg.backoff_max) {}

  /// What to plan with.
  std::shared_ptr<const strategy_answers> answers() const { return desk_.answers(); }
  std::optional<time_point> next_due() const { return desk_.next_due(); }

  /// A plan has left these questions open. Returns until when it is better not carried out.
  std::optional<time_point> ask(const std::vector<strategy_question>& open, step s, manager_effects& out);
  void on_answer(std::uint64_t request, const expected<plan>& result, step s, manager_effects& out);
  void give_up(step s, manager_effects& out);
  /// Those that failed in a plan are reported, and asked again after a while: nothing in the tree will tell when they
  /// work.
  void note_failures(const plan& p, step s, manager_effects& out);

private:
  const manager_config& cfg_;
  leader_store& store_;
  plan_moment& moment_;
  plan_failures failures_;
  strategy_desk desk_;
  /// Between plans while a strategy fails: what it stumbled over need not be in the tree.
  backoff backoff_;
};

} // namespace djm
