#include <doctest/doctest.h>

#include <future>
#include <vector>

#include "djm/test/failure.hpp"
#include "testkit/lockstep.hpp"

using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("threads take turns, and one at a time goes on") {
  std::vector<int> trace; // unsynchronised: one thread goes on at a time
  lockstep l{30s};
  std::vector<lockstep::turn*> turns;
  for (int i = 0; i < 3; ++i) {
    l.run("task", [&, i] {
      turns.push_back(lockstep::mine());
      trace.push_back(i);
      l.yield();
      trace.push_back(10 + i);
    });
    trace.push_back(100);
  }
  for (auto i : {2u, 0u, 1u}) {
    l.resume(turns[i]);
  }
  CHECK(trace == std::vector<int>{0, 100, 1, 100, 2, 100, 12, 10, 11});
  CHECK(lockstep::mine() == nullptr);
  CHECK(l.close());
}

TEST_CASE("threads that have nothing to do are used again") {
  lockstep l{30s};
  int runs = 0;
  for (int i = 0; i < 1000; ++i) {
    l.run("task", [&] { ++runs; });
  }
  CHECK(runs == 1000);
  CHECK(l.threads() == 1);
}

TEST_CASE("at the end all that wait are told so, in as many rounds as they need") {
  int rounds = 0;
  lockstep l{30s};
  l.run("polite", [&] {
    l.yield();
    if (l.ending()) {
      throw abandoned{};
    }
  });
  l.run("needs several", [&] {
    while (rounds < 5) {
      l.yield();
      ++rounds;
    }
  });
  CHECK_FALSE(l.ending());
  CHECK(l.close());
  CHECK(rounds == 5);
  CHECK(l.close());
}

TEST_CASE("a thread that keeps its turn is a failure that names it, and is left behind") {
  std::promise<void> release;
  std::promise<void> over;
  {
    lockstep l{20ms};
    CHECK_THROWS_WITH_AS(l.run("the slow one",
                               [&] {
                                 release.get_future().wait();
                                 over.set_value();
                               }),
                         doctest::Contains("the slow one has gone on for 20ms of real time"), failure);
    CHECK_THROWS_AS(l.run("another", [] {}), failure);
    CHECK_FALSE(l.close());
  }
  release.set_value();
  over.get_future().wait();
}

TEST_CASE("a thread that never ends is left behind after enough rounds") {
  int rounds = 0;
  lockstep l{30s};
  l.run("endless", [&] {
    for (;;) {
      l.yield();
      ++rounds;
    }
  });
  CHECK_FALSE(l.close());
  CHECK(rounds == 100);
}
