#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "djm/strategy.hpp"
#include "test/unit/cores/driver.hpp"

namespace djm::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A manager core with the latch, and a tree whose workers and pools the test writes. Plans are made at once.
class manager_rig {
public:
  explicit manager_rig(std::size_t max_ops = 200) : d(manager_core{settings(max_ops)}, tree) {
    prepare(tree);
    d.view.phase = store::session_phase::connected;
    d.view.id = tree.open();
    tree.put(latch);
  }

  static manager_core::settings settings(std::size_t max_ops) {
    manager_core::settings s;
    s.node = "m";
    s.incarnation = "im";
    s.max_transaction_ops = max_ops;
    return s;
  }

  /// Takes the lead and works until nothing is left to do now.
  void lead() {
    d.take(d.core.on_granted(tree.stat(latch).czxid, latch, d.view.number, d.now_step()));
    work();
  }
  void revoke() { d.take(d.core.on_revoked(d.now_step())); }
  void work() { pass(seconds{3}); }

  /// Time passes; plans are answered as they are asked for.
  void pass(duration span) {
    const auto end = d.now + span;
    for (int n = 0;; ++n) {
      if (n > 3000) {
        throw std::runtime_error("the manager does not come to rest");
      }
      d.settle();
      if (answer_plan()) {
        continue;
      }
      auto next = d.core.wake_at();
      if (!next || *next > end) {
        break;
      }
      d.now = std::max(d.now, *next);
      d.take(d.core.on_wake(d.now_step()));
    }
    d.now = end;
  }

  /// Time passes until a plan is asked for. It is not answered yet.
  void pass_until_asked() {
    for (int n = 0; d.settle(), d.others.empty(); ++n) {
      auto next = d.core.wake_at();
      if (!next || n > 3000) {
        throw std::runtime_error("the manager does not plan");
      }
      d.now = std::max(d.now, *next);
      d.take(d.core.on_wake(d.now_step()));
    }
  }

  bool answer_plan() {
    if (d.others.empty()) {
      return false;
    }
    auto front = std::move(d.others.front());
    d.others.erase(d.others.begin());
    if (auto* q = std::get_if<manager_core::strategy_request>(&front)) {
      answer_strategy(*q);
      return true;
    }
    auto ask = std::get<manager_core::plan_request>(front);
    ++plans;
    if (plan_failures > 0) {
      --plan_failures;
      d.take(d.core.on_planned(ask.request, fail(errc::user_code_failed, "strategy threw"), d.now_step()));
    } else {
      d.take(d.core.on_planned(ask.request, plan_without_users(*ask.problem, strategies, *ask.answers), d.now_step()));
    }
    return true;
  }

  /// Answers of strategies that hang stay in `unanswered` until they are given.
  void answer_strategy(const manager_core::strategy_request& q) {
    if (hanging.count(q.question.strategy) > 0) {
      unanswered.push_back(q);
    } else {
      ++strategy_calls;
      d.take(d.core.on_strategy(q.request, ask_strategy(q.question, strategies), d.now_step()));
    }
  }
  /// The hanging strategies come back.
  void come_back() {
    hanging.clear();
    for (const auto& q : std::exchange(unanswered, {})) {
      answer_strategy(q);
    }
  }

  fake_store::session worker(const node_id& name, const std::string& incarnation = "i1",
                             std::vector<job_id> jobs = {"j"}, std::int64_t detach_ms = 10'000) {
    auto s = tree.open();
    enlist(tree, s, name, incarnation, std::move(jobs), detach_ms);
    return s;
  }

  /// Owners by item as the tree has them; an item with two owners shows both.
  std::map<std::string, std::string> owners(const job_id& job = "j") const {
    std::map<std::string, std::string> found;
    for (const auto& w : tree.children("/djm/workers")) {
      for (const auto& item : tree.children("/djm/workers/" + w + "/assigned/" + job)) {
        auto& owner = found[item];
        owner += owner.empty() ? w : "+" + w;
      }
    }
    return found;
  }
  std::size_t count(const node_id& worker, const job_id& job = "j") const {
    return tree.children("/djm/workers/" + worker + "/assigned/" + job).size();
  }
  bool locked(const item_id& item, const job_id& job = "j") const {
    return tree.has("/djm/locks/" + job + "/" + item + ".lock");
  }
  manager_status status() const { return d.core.status(d.now); }
  std::string all_events() const {
    std::string text;
    for (const auto& e : d.emitted) {
      text += show(emit_effect{e}) + "\n";
    }
    return text;
  }
  static std::vector<item_id> items(int n) {
    std::vector<item_id> names;
    for (int i = 0; i < n; ++i) {
      names.emplace_back("i" + std::to_string(1000 + i));
    }
    return names;
  }

  static constexpr const char* latch = "/djm/leader-latch/m-im-0000000000";
  fake_store tree;
  driver<manager_core> d;
  int plans = 0;
  int plan_failures = 0;
  int strategy_calls = 0;
  strategy_registry strategies;
  std::set<std::string> hanging;
  std::vector<manager_core::strategy_request> unanswered;
};

} // namespace djm::test
