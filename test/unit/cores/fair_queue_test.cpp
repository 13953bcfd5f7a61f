#include "actors/executor/fair_queue.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>
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

TEST_CASE("fair queue: agrees with a plain list of what waits, whatever is put in, taken and taken out") {
  std::mt19937 random{7};
  const auto draw = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  fair_queue q;
  std::vector<std::pair<job_id, run_id>> waiting; // in the order in which they came
  job_id latest;
  run_id last = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto what = draw(10);
    if (what < 4) {
      waiting.emplace_back("job-" + std::to_string(draw(5)), ++last);
      q.push(waiting.back().first, last);
    } else if (what < 7 && !waiting.empty()) {
      const auto gone = waiting.begin() + draw(static_cast<int>(waiting.size()));
      CHECK(q.erase(gone->first, gone->second));
      CHECK_FALSE(q.erase(gone->first, gone->second));
      waiting.erase(gone);
    } else if (!waiting.empty()) {
      // The first of the job that comes next by name, or of the first job.
      const auto first_of = [&](bool behind) {
        auto best = waiting.end();
        for (auto i = waiting.begin(); i != waiting.end(); ++i) {
          if ((!behind || latest < i->first) && (best == waiting.end() || i->first < best->first)) {
            best = i;
          }
        }
        return best;
      };
      auto next = first_of(true);
      next = next == waiting.end() ? first_of(false) : next;
      latest = next->first;
      REQUIRE(q.pop() == next->second);
      waiting.erase(next);
    }
    REQUIRE(q.size() == waiting.size());
  }
}

TEST_CASE("fair queue: runs of higher priority go first, jobs of one priority take turns") {
  fair_queue q;
  q.push("batch", 1, job_priority::low);
  q.push("batch", 2, job_priority::low);
  q.push("mail", 10);
  q.push("mail", 11);
  q.push("audit", 20);
  q.push("alarm", 30, job_priority::high);
  q.push("alarm", 31, job_priority::high);
  CHECK(q.erase("alarm", 31));
  CHECK_FALSE(q.erase("alarm", 31));
  CHECK(all_of(q) == std::vector<run_id>{30, 20, 10, 11, 1, 2});
  // The same job with another priority, while former runs of it wait.
  q.push("batch", 1, job_priority::low);
  q.push("batch", 2, job_priority::high);
  CHECK(q.erase("batch", 1));
  CHECK(all_of(q) == std::vector<run_id>{2});
}
