#include "actors/executor/elastic_pool.hpp"

#include <doctest/doctest.h>

#include <set>

#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;

TEST_CASE("pool: threads start only when a task finds none idle, up to the most") {
  counter started, release;
  elastic_pool pool{{"t", 1, 3, hours{1}}};
  CHECK(pool.look(hours{1}).threads == 1);
  for (int i = 0; i < 5; ++i) {
    pool.post([&] {
      started.add();
      release.reaches(1);
    });
  }
  CHECK(started.reaches(3));
  auto load = pool.look(duration::zero());
  CHECK(load.threads == 3);
  CHECK(load.busy == 3);
  CHECK(load.waiting == 2);
  CHECK(load.stuck == 3);
  CHECK(pool.look(hours{1}).stuck == 0);
  release.add();
  CHECK(started.reaches(5));
  CHECK(pool.shutdown(far()) == 0);
}

TEST_CASE("pool: an idle thread is used again instead of a new one") {
  elastic_pool pool{{"t", 0, 8, hours{1}}};
  for (std::size_t i = 1; i <= 20; ++i) {
    counter ran;
    pool.post([&] { ran.add(); });
    REQUIRE(ran.reaches(1));
    REQUIRE(eventually([&] { return pool.look(hours{1}).busy == 0; }));
  }
  // The thread counts as idle a moment after its task has ended, so a second may have been started.
  CHECK(pool.look(hours{1}).threads <= 2);
}

TEST_CASE("pool: threads beyond those kept end when idle") {
  counter started, release;
  elastic_pool pool{{"t", 2, 6, std::chrono::milliseconds{1}}};
  for (int i = 0; i < 6; ++i) {
    pool.post([&] {
      started.add();
      release.reaches(1);
    });
  }
  REQUIRE(started.reaches(6));
  release.add();
  CHECK(eventually([&] { return pool.look(hours{1}).threads == 2; }));
  counter again;
  pool.post([&] { again.add(); });
  CHECK(again.reaches(1));
  CHECK(pool.shutdown(far()) == 0);
}

TEST_CASE("pool: a little work goes to the thread that became idle last, so that the others get to end") {
  counter started, release;
  elastic_pool pool{{"t", 0, 4, hours{1}}};
  for (int i = 0; i < 4; ++i) {
    pool.post([&] {
      started.add();
      release.reaches(1);
    });
  }
  REQUIRE(started.reaches(4));
  release.add();
  REQUIRE(eventually([&] { return pool.look(hours{1}).busy == 0; }));
  std::set<std::thread::id> used;
  for (int i = 0; i < 20; ++i) {
    counter ran;
    pool.post([&] {
      used.insert(std::this_thread::get_id());
      ran.add();
    });
    REQUIRE(ran.reaches(1));
    REQUIRE(eventually([&] { return pool.look(hours{1}).busy == 0; }));
  }
  CHECK(used.size() == 1);
  CHECK(pool.look(hours{1}).threads == 4);
  CHECK(pool.shutdown(far()) == 0);
}

TEST_CASE("pool: tasks start in the order of posting") {
  std::vector<int> order;
  counter ran, go;
  elastic_pool pool{{"t", 1, 1, hours{1}}};
  pool.post([&] { go.reaches(1); });
  for (int i = 0; i < 100; ++i) {
    pool.post([&, i] {
      order.push_back(i);
      ran.add();
    });
  }
  go.add();
  REQUIRE(ran.reaches(100));
  CHECK(pool.shutdown(far()) == 0);
  for (int i = 0; i < 100; ++i) {
    CHECK(order[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("pool: shutdown destroys waiting tasks and refuses new ones") {
  auto owned = std::make_shared<int>(0);
  counter started, release;
  elastic_pool pool{{"t", 1, 1, hours{1}}};
  pool.post([&] {
    started.add();
    release.reaches(1);
  });
  REQUIRE(started.reaches(1));
  pool.post([owned] {});
  std::thread releaser{[&] {
    CHECK(eventually([&] { return owned.use_count() == 1; }));
    release.add();
  }};
  CHECK(pool.shutdown(far()) == 0);
  releaser.join();
  CHECK(owned.use_count() == 1);
  CHECK_FALSE(pool.post([owned] {}));
  CHECK(owned.use_count() == 1);
  CHECK(pool.shutdown(far()) == 0);
}

TEST_CASE("pool: shutdown leaves a task that does not end, which may end after the pool is gone") {
  struct shared {
    counter started, release, ended;
  };
  auto s = std::make_shared<shared>();
  {
    elastic_pool pool{{"t", 1, 2, hours{1}}};
    pool.post([s] {
      s->started.add();
      s->release.reaches(1);
      s->ended.add();
    });
    REQUIRE(s->started.reaches(1));
    CHECK(pool.shutdown(boot_now()) == 1);
  }
  s->release.add();
  CHECK(s->ended.reaches(1));
  CHECK(eventually([&] { return s.use_count() == 1; }));
}

TEST_CASE("pool: a task may destroy its pool") {
  auto pool = std::make_shared<elastic_pool>(elastic_pool::limits{"t", 2, 2, hours{1}});
  counter go, gone;
  pool->post([pool, &go, &gone]() mutable {
    go.reaches(1);
    CHECK(pool->on_own_thread());
    pool = nullptr;
    gone.add();
  });
  CHECK_FALSE(pool->on_own_thread());
  pool = nullptr;
  go.add();
  CHECK(gone.reaches(1));
  CHECK(no_thread_left());
}

TEST_CASE("pool: limits that make no sense are raised") {
  counter ran;
  elastic_pool none{{"a name that is longer than the kernel allows", 0, 0, duration::max()}};
  none.post([&] { ran.add(); });
  CHECK(ran.reaches(1));
  CHECK(none.shutdown(far()) == 0);
  elastic_pool crossed{{"t", 3, 1, hours{1}}};
  CHECK(crossed.look(hours{1}).threads == 3);
}

TEST_CASE("pool: a task that is posted many times waits and runs as many times") {
  counter ran, release, blocked;
  elastic_pool pool{{"t", 1, 1, hours{1}}};
  pool.post([&] {
    blocked.add();
    release.reaches(1);
  });
  REQUIRE(blocked.reaches(1));
  const elastic_pool::task t = [&] { ran.add(); };
  CHECK(pool.post(t, 10));
  CHECK(pool.post(t, 0));
  CHECK(pool.look(hours{1}).waiting == 10);
  release.add();
  REQUIRE(ran.reaches(10));
  CHECK(pool.shutdown(far()) == 0);
  CHECK(ran.value() == 10);
  CHECK_FALSE(pool.post(t, 10));
}

TEST_CASE("pool: many short tasks wake few threads, and none is left behind while another takes its time") {
  counter release;
  elastic_pool pool{{"t", 0, 64, hours{1}}};
  for (int round = 0; round < 200; ++round) {
    counter began, ran;
    pool.post([&] {
      began.add();
      release.reaches(round == 100 ? 1 : 0);
    });
    pool.post([&] { ran.add(); }, 20);
    REQUIRE(ran.reaches(20));
    REQUIRE(began.reaches(1));
    if (round == 100) {
      release.add();
    }
    REQUIRE(eventually([&] { return pool.look(hours{1}).busy == 0; }));
  }
  CHECK(pool.shutdown(far()) == 0);
}
