#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>

#include "test/unit/cores/manager_rig.hpp"

namespace djm::test {

namespace {

/// Throws until it is told that all is well.
class moody final : public strategy {
public:
  explicit moody(std::shared_ptr<int> failures) : failures_(std::move(failures)) {}
  std::string_view name() const noexcept override { return "moody"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override {
    if (*failures_ > 0) {
      --*failures_;
      throw std::runtime_error("in a mood");
    }
    return strategy_registry{}.find("balanced")->assign(problem, options);
  }

private:
  std::shared_ptr<int> failures_;
};

void add_moody_pool(fake_store& tree, const job_id& job) {
  add_pool(tree, job, {"a", "b"});
  store::pool_payload pool;
  pool.attributes.strategy = "moody";
  tree.put("/djm/work-pool/" + job, store::encode(pool));
}

} // namespace

TEST_CASE("manager: a strategy that failed is asked again although nothing in the tree changes") {
  manager_rig r;
  auto failures = std::make_shared<int>(4);
  REQUIRE(r.strategies.add(std::make_shared<moody>(failures)));
  r.worker("v");
  add_moody_pool(r.tree, "j");
  r.lead();
  r.pass(seconds{30});
  CHECK(*failures == 0);
  CHECK(r.owners() == std::map<item_id, node_id>{{"a", "v"}, {"b", "v"}});
  CHECK(r.all_events().find("in a mood") != std::string::npos);
  const auto plans = r.plans;
  r.pass(seconds{60});
  CHECK(r.plans == plans);
}

TEST_CASE("manager: a strategy that goes on failing is asked at the pace of the back-off") {
  manager_rig r;
  REQUIRE(r.strategies.add(std::make_shared<moody>(std::make_shared<int>(1'000'000))));
  r.worker("v");
  add_moody_pool(r.tree, "j");
  r.lead();
  r.pass(seconds{60});
  const auto calls = r.strategy_calls;
  r.pass(seconds{100});
  // Back-off reaches five seconds, with jitter from half of it on.
  CHECK(r.strategy_calls - calls >= 15);
  CHECK(r.strategy_calls - calls <= 45);
}

TEST_CASE("manager: a strategy that fails again after it recovered is reported again") {
  manager_rig r;
  auto failures = std::make_shared<int>(1);
  REQUIRE(r.strategies.add(std::make_shared<moody>(failures)));
  r.worker("v");
  add_moody_pool(r.tree, "j");
  r.lead();
  r.pass(seconds{30});
  const auto count = [&] {
    const auto text = r.all_events();
    std::size_t n = 0;
    for (auto at = text.find("in a mood"); at != std::string::npos; at = text.find("in a mood", at + 1)) {
      ++n;
    }
    return n;
  };
  const auto before = count();
  INFO(r.all_events());
  REQUIRE(before >= 1);
  *failures = 1;
  r.tree.put("/djm/work-pool/j/c");
  r.pass(seconds{30});
  CHECK(count() > before);
}

TEST_CASE("manager: a strategy that hangs delays its own job, everybody else is planned and locks are broken") {
  manager_rig r;
  REQUIRE(r.strategies.add(std::make_shared<moody>(std::make_shared<int>(0))));
  const auto v = r.worker("v", "i1", {"j", "k"});
  r.worker("w", "i1", {"j", "k"});
  add_moody_pool(r.tree, "j");
  add_pool(r.tree, "k", {"x", "y"});
  r.lead();
  REQUIRE(r.owners("j").size() == 2);
  for (const auto& [item, owner] : r.owners("k")) {
    put_lock(r.tree, "k", item, owner, "i1", 10'000);
  }
  r.hanging = {"moody"};
  r.tree.put("/djm/work-pool/j/c");
  r.tree.end(v);
  r.pass(seconds{40});
  // Whatever "v" had of the other job is with "w", its locks are broken; the job with the strategy keeps what it has.
  for (const auto& [item, owner] : r.owners("k")) {
    CHECK(owner == "w");
  }
  CHECK(r.owners("k").size() == 2);
  CHECK(r.status().counters.broken_locks == 1);
  CHECK(r.owners("j").count("c") == 0);
  CHECK(r.status().phase == manager_phase::ready);
  // It is asked once, and reported once.
  CHECK(r.unanswered.size() == 1);
  const auto shown = r.status().problems;
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].find("strategy \"moody\" has not answered within 10s") != std::string::npos);
  const auto events = r.all_events();
  CHECK(events.find("user_code_hangs") != std::string::npos);
  CHECK(events.find("user_code_hangs") == events.rfind("user_code_hangs"));
  // What it says so late is about another cluster: it is asked again.
  r.come_back();
  r.pass(seconds{10});
  CHECK(r.owners("j") == std::map<item_id, node_id>{{"a", "w"}, {"b", "w"}, {"c", "w"}});
  CHECK(r.status().problems.empty());
}

TEST_CASE("manager: the answer of a strategy that was given up is not looked at") {
  manager_rig r;
  REQUIRE(r.strategies.add(std::make_shared<moody>(std::make_shared<int>(0))));
  r.worker("v");
  add_moody_pool(r.tree, "j");
  r.hanging = {"moody"};
  r.lead();
  r.pass(seconds{30});
  REQUIRE(r.unanswered.size() == 1);
  plan nonsense;
  nonsense.owner = {0, 0};
  r.d.take(r.d.core.on_strategy(r.unanswered[0].request, nonsense, r.d.now_step()));
  r.pass(seconds{5});
  CHECK(r.owners().empty());
  CHECK(r.unanswered.size() == 2); // it was asked again once it had come back
  r.d.take(r.d.core.on_strategy(r.unanswered[0].request, nonsense, r.d.now_step())); // nobody asked that
  r.pass(seconds{1});
  CHECK(r.owners().empty());
}

TEST_CASE("manager: a plan waits a moment for a strategy, so that a quick one costs no second plan in the tree") {
  manager_rig r;
  REQUIRE(r.strategies.add(std::make_shared<moody>(std::make_shared<int>(0))));
  r.worker("v", "i1", {"j", "k"});
  add_moody_pool(r.tree, "j");
  add_pool(r.tree, "k", {"x"});
  r.hanging = {"moody"};
  r.d.take(r.d.core.on_granted(r.tree.stat(r.latch).czxid, r.latch, r.d.view.number, r.d.now_step()));
  r.pass(milliseconds{700});
  CHECK(r.unanswered.size() == 1);
  CHECK(r.owners("k").empty());
  r.come_back();
  r.pass(milliseconds{1});
  CHECK(r.owners("k").size() == 1);
  CHECK(r.owners("j").size() == 2);
  CHECK(r.status().counters.transactions == 1);
}

TEST_CASE("manager: a strategy is asked again only when the question to it has changed") {
  manager_rig r;
  REQUIRE(r.strategies.add(std::make_shared<moody>(std::make_shared<int>(0))));
  r.worker("v", "i1", {"j", "k"});
  add_moody_pool(r.tree, "j");
  add_pool(r.tree, "k", {"x"});
  r.lead();
  r.tree.put("/djm/work-pool/k/y"); // where its items are has changed since it was asked
  r.work();
  r.hanging = {"moody"};
  r.tree.put("/djm/work-pool/k/z");
  r.work();
  CHECK(r.unanswered.empty());
  CHECK(r.owners("k").size() == 3);
  r.tree.put("/djm/work-pool/j/c");
  r.work();
  CHECK(r.unanswered.size() == 1);
}

TEST_CASE("manager: a strategy that hangs is asked nothing more until it has come back") {
  const time_point now{seconds{1000}};
  strategy_desk desk{{seconds{10}}};
  const std::vector<strategy_question> open{{"moody", {}}};
  REQUIRE(desk.ask(open, now).size() == 1);
  CHECK(desk.ask(open, now).empty());
  REQUIRE(desk.give_up(now + seconds{10}).size() == 1);
  CHECK(desk.ask(open, now + seconds{11}).empty());
}

} // namespace djm::test
