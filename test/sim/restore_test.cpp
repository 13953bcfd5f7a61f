#include <doctest/doctest.h>

#include "test/sim/small_cluster.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

TEST_CASE("a node that was restarted after the copy was made lives through its restore, in a new life") {
  using numbers = store::embedded_ensemble::numbers;
  for (const auto n : {numbers::repeat, numbers::grow}) {
    CAPTURE(static_cast<int>(n));
    small_cluster s;
    s.settle();
    const auto copy = s.w.ensemble().keep();
    const auto former = s.w.process_of(s.nodes[0]).incarnation();
    s.w.crash(s.nodes[0]);
    const auto again = s.c.start(0);
    const auto& incarnation = s.w.process_of(again).incarnation();
    const auto& alive = s.w.verdict().image().alive();
    const auto works = [&] {
      const auto a = alive.find(s.w.process_of(again).node());
      return a != alive.end() && a->second.incarnation == incarnation && s.complete();
    };
    REQUIRE(s.w.run_until(works, 60s));
    const auto before = incarnation;
    REQUIRE(before != former);
    s.w.go_back(copy, n);
    REQUIRE(s.w.run_until([&] { return incarnation != before && works(); }, 60s));
    CHECK(s.w.on(0) == again);
    s.good();
  }
}
