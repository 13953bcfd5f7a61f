#include <doctest/doctest.h>

#include "test/sim/scenario.hpp"

using namespace djm::sim;

TEST_CASE("seeds that broke a promise once do so no more") {
  struct once {
    profile kind;
    std::uint64_t seed;
    const char* what;
  };
  for (const auto& x : {
         once{profile::chaos, 1000149,
              "a strategy that failed was not asked again until something in the tree changed"},
         once{profile::chaos, 2000910, "the judge took a node that had left to be protected by its last contact"},
         once{profile::chaos, 2001958,
              "the judge took a run past its deadline for effective again when its node was back"},
         once{profile::chaos, 484,
              "a worker rebuilt while its connection was suspended never heard that it had joined"},
         once{profile::chaos, 505, "the same"},
         once{profile::chaos, 4008066, "a question during planning took the last plan for one of the next problem"},
         once{profile::chaos, 4168920, "the judge did not see a session end that was ended for a store that had died"},
         once{profile::chaos, 4199249, "the same"},
         once{profile::chaos, 4099969, "wishes with one number took turns at a pool"},
         once{profile::chaos, 208495, "a part of the life before told of a problem that nobody ended any more"},
         once{profile::chaos, 306982, "the judge held a stopping node to the rhythm of its jobs"},
         once{profile::chaos, 306987, "what a job that was let go in a new life gave back was told to nobody"},
         once{profile::chaos, 307232, "the same"},
         once{profile::chaos, 308551, "a look at the base of the tree that nobody answered was not taken again"},
         once{profile::chaos, 313680, "a leader that had stood still moved items away from a node that had been back"},
         once{profile::chaos, 208020, "a wish that waited for a pool kept a mark waiting that was asked for later"},
         once{profile::chaos, 4198313, "runs ignored their stop request even after everything had healed"},
       }) {
    CAPTURE(x.what);
    scenario_options o;
    o.seed = x.seed;
    o.kind = x.kind;
    o.outsider = false; // as it was then
    if (run_scenario(o).violations.empty()) {
      continue;
    }
    o.trace = true;
    FAIL_CHECK(describe_failure(o, run_scenario(o)));
  }
}

TEST_CASE("a seed has one history") {
  for (const auto kind : {profile::chaos, profile::partition}) {
    scenario_options o;
    o.seed = 4711;
    o.kind = kind;
    const auto once = run_scenario(o);
    const auto again = run_scenario(o);
    CHECK(once.trace_hash == again.trace_hash);
    CHECK(once.steps == again.steps);
    o.trace = true;
    CHECK(run_scenario(o).trace_hash == once.trace_hash);
    o.seed = 4712;
    CHECK(run_scenario(o).trace_hash != once.trace_hash);
  }
}
