#include "actors/executor/fair_queue.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace djm;

namespace {

std::vector<run_id> all_of(fair_queue& q) {
  std::vector<run_id> ids;
  while (const auto id = q.pop()) {
    ids.push_back(*id);
  }
  return ids;
}

} // namespace

TEST_CASE("fair queue: jobs take turns, the runs of one job keep their order") {
  fair_queue q;
  for (run_id id = 1; id <= 4; ++id) {
    q.push("batch", id);
  }
  q.push("heartbeat", 100);
  q.push("heartbeat", 50);
  q.push("audit", 7);
  CHECK(q.size() == 7);
  CHECK(q.jobs() == 3);
  CHECK(all_of(q) == std::vector<run_id>{7, 1, 100, 2, 50, 3, 4});
  CHECK(q.size() == 0);
}

TEST_CASE("fair queue: what is taken out is not found any more") {
  fair_queue q;
  q.push("a", 1);
  q.push("a", 2);
  CHECK(q.erase("a", 1));
  CHECK_FALSE(q.erase("a", 1));
  CHECK_FALSE(q.erase("b", 3));
  CHECK(all_of(q) == std::vector<run_id>{2});
  q.push("a", 4);
  q.clear();
  CHECK_FALSE(q.pop());
}
