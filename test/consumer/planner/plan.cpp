// Uses the planner alone: no node, no actor, no store.
#include <cstdio>
#include <cstring>
#include <string>

#include <djm/job_spec.hpp>
#include <djm/strategy.hpp>
#include <djm/version.hpp>

namespace {

/// A strategy of one's own: everything goes to the first worker.
class all_to_one final : public djm::strategy {
public:
  std::string_view name() const noexcept override { return "all_to_one"; }

  djm::expected<djm::plan> assign(const djm::assignment_problem& problem, const djm::plan_options&) const override {
    djm::plan result;
    result.owner.assign(problem.item_count(), 0);
    return result;
  }
};

} // namespace

int main() {
  djm::problem_builder builder;
  builder.add_worker("n0");
  builder.add_worker("n1");
  builder.add_job("mail", {}, {"eu", "us"});
  djm::job_attributes attributes;
  attributes.strategy = "all_to_one";
  builder.add_job("web", attributes, {"a", "b"});
  auto problem = builder.build();
  djm::strategy_registry registry;
  if (!problem || !registry.add(std::make_shared<all_to_one>())) {
    return 1;
  }
  auto plan = djm::make_plan(*problem, registry);
  if (!plan || !plan->failures.empty() || plan->owner[0] == plan->owner[1] || plan->owner[2] != plan->owner[3]) {
    std::fprintf(stderr, "%s\n", plan ? "not the plan that was expected" : djm::to_string(plan.error()).c_str());
    return 1;
  }
  auto numbers = std::to_string(DJM_VERSION_MAJOR) + "." + std::to_string(DJM_VERSION_MINOR) + "." +
                 std::to_string(DJM_VERSION_PATCH);
  if (numbers != djm::version_text) {
    std::fprintf(stderr, "version %s is written %s\n", numbers.c_str(), djm::version_text);
    return 1;
  }
  std::printf("planned %zu items with djm %s\n", plan->owner.size(), djm::version_text);
  return 0;
}
