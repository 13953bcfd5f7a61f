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

void add_moody_pool(fake_store& tree, const std::string& job) {
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
  CHECK(r.owners() == std::map<std::string, std::string>{{"a", "v"}, {"b", "v"}});
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
  const auto plans = r.plans;
  r.pass(seconds{100});
  // Back-off reaches five seconds, with jitter from half of it on.
  CHECK(r.plans - plans >= 15);
  CHECK(r.plans - plans <= 45);
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

} // namespace djm::test
