#include <doctest/doctest.h>

#include <chrono>
#include <map>

#include "djm/metrics.hpp"
#include "djm/test/ask.hpp"
#include "jobs.hpp"

/// Metrics are made of what the cores have counted: in virtual time the same seed gives the same numbers.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// What the nodes tell of a life with a crash, a cut and runs that block.
std::map<node_id, std::string> metrics_of_life(std::uint64_t seed) {
  cluster c{3, seed};
  c.register_job(job_builder("mail").items(numbered("i", 6)).every(700ms).thread_per_item().run([](job_context& ctx) {
    ctx.sleep(1300ms);
  }));
  c.settle();
  c.crash("n1");
  c.advance(10s);
  c.cut("n2");
  c.start("n1");
  c.advance(40s);
  c.heal("n2");
  c.settle();
  c.advance(20s);
  std::map<node_id, std::string> result;
  for (const auto& id : {node_id{"n0"}, node_id{"n1"}, node_id{"n2"}}) {
    const auto status = c.node(id).status();
    REQUIRE(status);
    result[id] = metrics_text(*status);
  }
  return result;
}

/// The value of the sample that begins like this.
double value_of(const std::string& text, const std::string& begin) {
  const auto at = ("\n" + text).find("\n" + begin);
  REQUIRE_MESSAGE(at != std::string::npos, begin);
  return std::stod(text.substr(text.find("} ", at) + 2));
}

} // namespace

TEST_CASE("the same seed gives the same metrics, and they tell what has happened") {
  const auto once = metrics_of_life(7);
  CHECK(once == metrics_of_life(7));
  CHECK(once != metrics_of_life(8));
  const auto& n0 = once.at("n0");
  const auto runs = value_of(n0, R"(djm_run_duration_seconds_count{djmNodeId="n0",job="mail"})");
  CHECK(runs > 10);
  // Each of these runs takes 1.3 s, less those few that are asked to stop because their items move.
  CHECK(value_of(n0, R"(djm_run_duration_seconds_bucket{djmNodeId="n0",job="mail",le="1"})") < runs / 4);
  CHECK(value_of(n0, R"(djm_run_duration_seconds_bucket{djmNodeId="n0",job="mail",le="5"})") == runs);
  CHECK(value_of(n0, R"(djm_run_start_delay_seconds_count{djmNodeId="n0",job="mail"})") == runs);
  CHECK(value_of(n0, R"(djm_run_last_success_seconds{djmNodeId="n0",job="mail"})") < 5);
  CHECK(value_of(n0, R"(djm_store_operation_seconds_count{djmNodeId="n0",kind="commit"})") > 0);
  CHECK(value_of(n0, R"(djm_init_seconds{djmNodeId="n0"})") > 0);
  CHECK(value_of(n0, R"(djm_leader_changes_total{djmNodeId="n0"})") > 0);
}
