#include <doctest/doctest.h>

#include <fmt/format.h>

#include "test/sim/small_cluster.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

namespace {

/// How many messages a node with so many jobs, each with an item and nothing to run, handles in so long.
std::uint64_t messages(std::size_t jobs, duration length) {
  world_options o;
  o.machines = 1;
  world w{o};
  fault_plan c{w, 1};
  for (std::size_t i = 0; i < jobs; ++i) {
    job_spec spec;
    spec.id = job_id{fmt::format("j{:03}", i)};
    spec.schedule = schedule::on_trigger();
    c.add_job(spec, numbered("i", 1), {});
  }
  c.start(0);
  REQUIRE(w.run_until([&] { return w.verdict().image().locks().size() == jobs; }, 30s));
  w.run_for(30s);
  const auto before = w.steps();
  w.run_for(length);
  for (const auto& v : w.verdict().violations()) {
    FAIL_CHECK(v.invariant << ": " << v.text);
  }
  return w.steps() - before;
}

} // namespace

TEST_CASE("idle: a renewal of the lease costs the same with one job and with fifty") {
  const auto one = messages(1, 40s);
  const auto many = messages(50, 40s);
  std::printf("figure: idle: messages in 40 s with 1 job %llu, with 50 jobs %llu\n",
              static_cast<unsigned long long>(one), static_cast<unsigned long long>(many));
  // Twenty sweeps look at the lock folder of each job, one answer each. A message of each renewal to each runner would
  // be three times as many more, since a session timeout has three.
  CHECK(many < one + 49 * 25);
}
