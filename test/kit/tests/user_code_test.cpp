#include <doctest/doctest.h>

#include <future>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

struct one_node : cluster {
  one_node() : cluster(1) {}
  void give(std::function<void(job_context&)> f) {
    register_job(job_builder("mail").items({"a"}).every(1h).run(std::move(f)));
  }
};

/// The run that is going on is asked to stop.
void take_away(cluster& c) {
  REQUIRE(c.node("n0").disable_job("mail"));
}

} // namespace

TEST_CASE("a run sleeps through virtual time, and computes in none") {
  std::vector<duration> seen;
  one_node c;
  c.give([&](job_context& ctx) {
    for (int i = 0; i < 3; ++i) {
      seen.push_back(c.now());
      ctx.sleep(10min);
    }
    spend(90s);
    seen.push_back(c.now());
  });
  c.advance(40min);
  REQUIRE(seen.size() == 4);
  CHECK(seen[1] == seen[0] + 10min);
  CHECK(seen[2] == seen[1] + 10min);
  CHECK(seen[3] == seen[2] + 10min + 90s);
  CHECK(c.runs("mail").front().ended == seen[3]);
}

TEST_CASE("a stop request ends a sleep at once, with its reason") {
  bool slept = true;
  stop_reason why = stop_reason::none;
  one_node c;
  c.give([&](job_context& ctx) {
    slept = ctx.sleep(1h);
    why = ctx.reason();
  });
  c.settle();
  c.advance(5s);
  const auto before = c.now();
  take_away(c);
  c.advance(1s);
  CHECK_FALSE(slept);
  CHECK(why == stop_reason::revoked);
  REQUIRE(c.runs("mail").front().ended);
  CHECK(*c.runs("mail").front().ended < before + 1s);
}

TEST_CASE("a run is not over before its stop callbacks are") {
  bool called = false;
  one_node c;
  c.give([&](job_context& ctx) {
    const auto on = ctx.on_stop([&](stop_reason) {
      spend(700ms);
      called = true;
    });
    ctx.wait_for_stop(1h);
    spend(10ms);
  });
  c.settle();
  c.advance(2s);
  take_away(c);
  c.advance(500ms);
  CHECK(c.running("mail").size() == 1);
  c.advance(500ms);
  CHECK(called);
  CHECK(c.running("mail").empty());
}

TEST_CASE("a run that only looks for its stop request lets time pass all the same") {
  std::uint64_t looks = 0;
  one_node c;
  c.give([&](job_context& ctx) {
    while (!ctx.stop_requested())
      ++looks;
  });
  c.settle();
  c.advance(2s);
  take_away(c);
  c.advance(1s);
  CHECK(c.runs("mail").front().how == run_end::returned);
  CHECK(looks > 1000);
}

TEST_CASE("what a run throws is told") {
  one_node c;
  c.give([](job_context&) { throw std::runtime_error("no paper"); });
  c.settle();
  CHECK(c.runs("mail").front().how == run_end::threw);
  CHECK(c.runs("mail").front().failure == "no paper");
  CHECK(c.events_of<run_failed>("n0").front().what == "no paper");
}

TEST_CASE("a pool function that hangs is reported when its time is over, and the cluster goes on") {
  cluster c{1};
  c.register_job(job_builder("mail")
                   .pool([] {
                     spend(1h);
                     return std::vector<item_id>{"a"};
                   })
                   .pool_timeout(30s)
                   .every(1s)
                   .run([](job_context&) {}));
  c.register_job(endless("fax", {"b"}));
  c.advance(1min);
  REQUIRE_FALSE(c.events_of<pool_problem>().empty());
  CHECK(c.events_of<pool_problem>().front().why.code == errc::user_code_hangs);
  CHECK(c.owner("fax", "b") == "n0");
  c.advance(1h);
  CHECK(c.owner("mail", "a") == "n0");
}

TEST_CASE("more runs than threads wait for their turn") {
  cluster_options o;
  o.nodes = 1;
  o.config.max_threads = 2;
  cluster c{o};
  c.register_job(job_builder("mail").items(numbered("i", 6)).every(1h).thread_per_item().run([](job_context& ctx) {
    ctx.sleep(1min);
  }));
  c.advance(30s);
  CHECK(c.running("mail").size() == 2);
  CHECK(c.node(0).status()->executor.waiting == 4);
  c.advance(3min);
  CHECK(c.runs("mail").size() == 6);
}

TEST_CASE("code of a crashed node stands still, and is unwound when the cluster ends") {
  bool went_on = false;
  bool unwound = false;
  {
    one_node c;
    c.give([&](job_context& ctx) {
      struct guard {
        bool& flag;
        ~guard() { flag = true; }
      } g{unwound};
      ctx.sleep(10s);
      went_on = true;
    });
    c.settle();
    c.crash("n0");
    c.advance(1h);
    CHECK_FALSE(unwound);
    CHECK(c.runs("mail").front().how == run_end::crashed);
  }
  CHECK(unwound);
  CHECK_FALSE(went_on);
}

TEST_CASE("code that swallows everything ends with its cluster, too") {
  bool over = false;
  {
    one_node c;
    c.give([&](job_context& ctx) {
      for (int i = 0; i < 20; ++i)
        try {
          ctx.sleep(1h);
        } catch (...) {
        }
      over = true;
    });
    c.settle();
  }
  CHECK(over);
}

TEST_CASE("code that blocks for real fails the test with its name") {
  std::promise<void> release;
  std::promise<void> released;
  {
    cluster_options o;
    o.nodes = 1;
    o.real_time_limit = 50ms;
    cluster c{o};
    c.register_job(job_builder("mail").items({"a"}).every(1h).run([&](job_context&) {
      release.get_future().wait();
      released.set_value();
    }));
    std::string text;
    try {
      c.advance(1min);
    } catch (const failure& f) {
      text = f.what();
    }
    CHECK(text.find("run ") == 0);
    CHECK(text.find(" of job \"mail\" on n0 has gone on for 50ms of real time") != text.npos);
    CHECK_THROWS_AS(c.advance(1min), failure);
  }
  // What it refers to has to live on.
  release.set_value();
  released.get_future().wait();
}

TEST_CASE("user code may look and plan, but not act on the cluster") {
  std::vector<std::string> refused;
  cluster c{2};
  const auto note = [&](const std::function<void()>& f) {
    try {
      f();
    } catch (const failure& x) {
      refused.emplace_back(x.what());
    }
  };
  c.register_job(job_builder("mail").items({"a"}).every(1h).run([&](job_context& ctx) {
    note([&] { c.advance(1s); });
    note([&] { c.crash("n0"); });
    note([&] { static_cast<void>(c.node("n0").status()); });
    const auto self = c.owner("mail", "a");
    c.after(10s, [&c, self] { c.crash(self); });
    ctx.sleep(1h);
  }));
  c.settle();
  c.advance(10s);
  REQUIRE(refused.size() == 3);
  CHECK(refused[0] == "advance within user code: leave it to the test, or to cluster::after");
  CHECK(c.runs("mail").front().how == run_end::crashed);
  CHECK(c.runs("mail").front().ended == c.runs("mail").front().began + 10s);
}

TEST_CASE("only user code spends virtual time") {
  CHECK_FALSE(in_user_code());
  CHECK_THROWS_WITH_AS(spend(1s), "spend(1s) is for user code that a test cluster has called", failure);
}

TEST_CASE("a run that ends its process by ignoring its deadline ends the node, not the test") {
  cluster_options o;
  o.nodes = 2;
  o.config.abort_on_overrun = true;
  cluster c{o};
  c.register_job(stubborn("mail", {"a", "b"}, 10min));
  c.settle();
  c.advance(2s);
  const auto owner = c.owner("mail", "a");
  c.cut(owner);
  c.advance(1min);
  CHECK(c.state(owner) == node_state::crashed);
  CHECK(c.owner("mail", "a") != owner);
  CHECK(to_string(c.overlaps()) == "");
}
