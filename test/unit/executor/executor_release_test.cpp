#include <doctest/doctest.h>

#include "actors/executor/thread_executor.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;

TEST_CASE("executor: a run that releases an item goes on without it, and its end is told once") {
  thread_executor exec{executor_options{}};
  counter running, told, go_on, over;
  std::vector<item_id> released;
  exec.start(order(1,
                   [&](job_context& ctx) {
                     running.add();
                     CHECK(told.reaches(1));
                     CHECK(ctx.stop_requested("b"));
                     CHECK_FALSE(ctx.stop_requested());
                     ctx.release("b");
                     CHECK(go_on.reaches(1));
                   },
                   "mail", {{"a", 1}, {"b", 2}}),
             [&](const run_result& r) {
               if (r.ended) {
                 over.add();
               } else {
                 released = r.released;
                 go_on.add();
               }
             });
  REQUIRE(running.reaches(1));
  exec.tell_revoked(1, {"b"});
  exec.tell_revoked(9, {"b"});
  told.add();
  REQUIRE(over.reaches(1));
  CHECK(released == std::vector<item_id>{"b"});
}

TEST_CASE("executor: a run that waits for a thread lets items go at once, and starts without them") {
  executor_options o;
  o.max_threads = 1;
  thread_executor exec{o};
  counter busy, release, over;
  std::vector<item_id> released;
  exec.start(order(1, [&](auto&) { busy.add(), release.reaches(1); }), [&](auto&) { over.add(); });
  REQUIRE(busy.reaches(1));
  exec.start(order(2,
                   [&](job_context& ctx) {
                     CHECK(ctx.items() == std::vector<work_item>{{"a", 1}});
                   },
                   "mail", {{"a", 1}, {"b", 2}}),
             [&](const run_result& r) {
               if (r.ended) {
                 over.add();
               } else {
                 released = r.released;
               }
             });
  exec.tell_revoked(2, {"b"});
  CHECK(released == std::vector<item_id>{"b"});
  CHECK(exec.running("mail").size() == 2);
  release.add();
  REQUIRE(over.reaches(2));
}
