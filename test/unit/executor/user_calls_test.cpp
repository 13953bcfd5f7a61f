#include <doctest/doctest.h>

#include "actors/executor/elastic_pool.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

executor_options quick() {
  executor_options o;
  o.overtaken_after = milliseconds{1};
  return o;
}

} // namespace

TEST_CASE("pool: a task that hangs makes room for one that waits") {
  counter hanging, release, ran;
  elastic_pool pool{{"t", 1, 2, hours{1}, milliseconds{1}}};
  for (int i = 0; i < 20; ++i) {
    pool.post([&] {
      hanging.add();
      release.reaches(1);
    });
  }
  CHECK(hanging.reaches(20));
  pool.post([&] { ran.add(); });
  CHECK(ran.reaches(1));
  release.add();
  CHECK(pool.shutdown(far()) == 0);
}

TEST_CASE("pool: tasks that do not hang keep to the most threads") {
  counter started, release;
  elastic_pool pool{{"t", 1, 2, hours{1}, hours{1}}};
  for (int i = 0; i < 20; ++i) {
    pool.post([&] {
      started.add();
      release.reaches(1);
    });
  }
  REQUIRE(started.reaches(2));
  auto load = pool.look(hours{1});
  CHECK(load.busy == 2);
  CHECK(load.waiting == 18);
  CHECK(load.threads <= 3); // one watches whether they hang
  release.add();
  CHECK(started.reaches(20));
  CHECK(pool.shutdown(far()) == 0);
}

TEST_CASE("executor: however many functions of users hang, the next one is called, and so are djm's own") {
  counter hanging, release, user, own;
  thread_executor exec{quick()};
  for (int i = 0; i < 40; ++i) {
    exec.call_user("job " + std::to_string(i), [&] {
      hanging.add();
      release.reaches(1);
    });
  }
  exec.call_user("another job", [&] { user.add(); });
  exec.call([&] { own.add(); });
  CHECK(own.reaches(1));
  CHECK(hanging.reaches(40));
  CHECK(user.reaches(1));
  release.add();
}

TEST_CASE("executor: functions of one owner are called one after the other, and of those that wait only the latest") {
  counter hanging, release, latest, other;
  auto replaced = std::make_shared<int>(0);
  thread_executor exec{quick()};
  exec.call_user("job", [&] {
    hanging.add();
    release.reaches(1);
  });
  REQUIRE(hanging.reaches(1));
  exec.call_user("job", [replaced] { FAIL("somebody has asked again since"); });
  CHECK(replaced.use_count() == 2);
  exec.call_user("job", [&] { latest.add(); });
  CHECK(replaced.use_count() == 1);
  exec.call_user("other", [&] { other.add(); });
  CHECK(other.reaches(1));
  CHECK(latest.value() == 0);
  CHECK(exec.stats().reserved_busy <= 2);
  release.add();
  CHECK(latest.reaches(1));
  counter again;
  exec.call_user("job", [&] { again.add(); });
  CHECK(again.reaches(1));
}

TEST_CASE("executor: a function of a user that throws is reported, and the next one of its owner is called") {
  counter said, next;
  auto o = quick();
  o.log = [&](const log_record&) { said.add(); };
  thread_executor exec{o};
  exec.call_user("job", [] { throw 42; });
  CHECK(said.reaches(1));
  exec.call_user("job", [&] { next.add(); });
  CHECK(next.reaches(1));
}

TEST_CASE("shutdown: functions of users that hang are left behind, and those behind them never called") {
  auto release = std::make_shared<counter>();
  auto handle = std::make_shared<int>(0);
  counter hanging;
  auto o = quick();
  o.patience = milliseconds{10};
  {
    thread_executor exec{o};
    exec.call_user("job", [&hanging, release] {
      hanging.add();
      release->reaches(1);
    });
    REQUIRE(hanging.reaches(1));
    exec.call_user("job", [handle] { FAIL("called after shutdown"); });
    CHECK(exec.shutdown(boot_now()).calls == 1);
    CHECK(handle.use_count() == 1);
  }
  release->add();
  CHECK(eventually([&] { return release.use_count() == 1; }));
}
