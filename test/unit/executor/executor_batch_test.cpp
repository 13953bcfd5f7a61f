#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "actors/executor/elastic_pool.hpp"
#include "actors/executor/run_inbox.hpp"
#include "actors/executor/thread_executor.hpp"
#include "support.hpp"

/// Runs that are started together, and results that are taken together.
using namespace djm;
using namespace djm::test;
using std::chrono::hours;

namespace {

executor_options threads(std::uint32_t n) {
  auto o = patient();
  o.max_threads = n;
  return o;
}

std::set<run_id> ids_of(const std::vector<run_result>& all) {
  std::set<run_id> ids;
  for (const auto& r : all) {
    ids.insert(r.id);
  }
  return ids;
}

} // namespace

TEST_CASE("executor: runs that are started together begin in their order, each is told, and one may be refused") {
  std::vector<run_id> begun;
  results r;
  thread_executor exec{threads(1)};
  std::vector<run_order> orders;
  for (run_id id = 1; id <= 50; ++id) {
    orders.push_back(order(id, [&, id](auto&) { begun.push_back(id); }));
  }
  orders[9].items.clear();
  exec.start_all(std::move(orders), r.done());
  REQUIRE(r.reach(50));
  CHECK(exec.shutdown(far()).empty());
  CHECK(begun.size() == 49);
  CHECK(std::is_sorted(begun.begin(), begun.end()));
  CHECK(std::count(begun.begin(), begun.end(), 10) == 0);
  CHECK(ids_of(r.all()).size() == 50);
  for (const auto& x : r.all()) {
    CHECK(x.failed == (x.id == 10));
  }
  exec.start_all({}, r.done()); // nothing to start, nothing to tell
}

TEST_CASE("executor: of runs that were started together each is dropped by itself") {
  counter began, release;
  results r;
  thread_executor exec{threads(1)};
  std::vector<run_order> orders;
  for (run_id id = 1; id <= 4; ++id) {
    orders.push_back(order(id, [&](auto&) {
      began.add();
      release.reaches(1);
    }));
  }
  exec.start_all(std::move(orders), r.done());
  REQUIRE(began.reaches(1));
  CHECK(exec.running({}).size() == 4);
  CHECK(exec.runs("mail"));
  CHECK_FALSE(exec.runs("another"));
  exec.request_stop(3, stop_reason::revoked, {"a"});
  REQUIRE(r.reach(1));
  CHECK(r.all().front().id == 3);
  CHECK(r.all().front().dropped);
  CHECK(exec.stats().waiting == 2);
  release.add();
  REQUIRE(r.reach(4));
  CHECK(began.value() == 3);
  CHECK(exec.shutdown(far()).empty());
  CHECK_FALSE(exec.runs({}));
}

TEST_CASE("executor: each of the runs that were started together finds a thread while the others take their time") {
  counter began, release;
  results r;
  thread_executor exec{threads(8)};
  std::vector<run_order> orders;
  for (run_id id = 1; id <= 8; ++id) {
    orders.push_back(order(id, [&](auto&) {
      began.add();
      release.reaches(1);
    }));
  }
  exec.start_all(std::move(orders), r.done());
  CHECK(began.reaches(8));
  release.add();
  CHECK(r.reach(8));
  CHECK(exec.shutdown(far()).empty());
}

TEST_CASE("inbox: the reader is called for the first of what has come and takes all of it, in its order") {
  run_inbox box;
  run_result r;
  CHECK(box.take().empty());
  r.id = 1;
  CHECK(box.put(r));
  r.id = 2;
  CHECK_FALSE(box.put(r));
  const auto all = box.take();
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == 1);
  CHECK(all[1].id == 2);
  CHECK(box.put(r));
}

TEST_CASE("inbox: whoever is called whenever that is due misses nothing of what many threads put in") {
  run_inbox box;
  counter called, taken;
  constexpr std::size_t each = 2000;
  {
    elastic_pool pool{{"t", 4, 4, hours{1}}};
    for (std::size_t thread = 0; thread < 4; ++thread) {
      pool.post([&] {
        for (std::size_t i = 0; i < each; ++i) {
          if (box.put({})) {
            called.add();
          }
        }
      });
    }
    std::thread reader{[&] {
      for (std::size_t calls = 1; taken.value() < 4 * each; ++calls) {
        REQUIRE(called.reaches(calls));
        for (std::size_t n = box.take().size(); n > 0; --n) {
          taken.add();
        }
      }
    }};
    reader.join();
    CHECK(pool.shutdown(far()) == 0);
  }
  CHECK(taken.value() == 4 * each);
}
