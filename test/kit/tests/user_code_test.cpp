#include <doctest/doctest.h>

#include <future>
#include <map>
#include <utility>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

struct one_node : cluster {
  one_node() : cluster(1) {}
  void give(std::function<void(job_context&)> f) {
    register_job(job_builder("mail").items({"a"}).on_trigger_only().run(std::move(f)));
    REQUIRE(node("n0").trigger_here("mail")); // kept until the item is there
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
  CHECK(why == stop_reason::switched_off);
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
    while (!ctx.stop_requested()) {
      ++looks;
    }
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

TEST_CASE("a function that cuts the share and hangs is reported, and the share runs meanwhile") {
  cluster c(1);
  bool hung = false;
  c.register_job(job_builder("mail")
                   .items({"a", "b"})
                   .every(10s)
                   .pool_timeout(30s)
                   .cut_by([&](const std::vector<item_id>& share) {
                     if (share.size() == 2 && !std::exchange(hung, true)) {
                       spend(10min);
                     }
                     std::vector<std::vector<item_id>> parts;
                     for (const auto& item : share) {
                       parts.push_back({item});
                     }
                     return parts;
                   })
                   .run([](job_context&) {}));
  c.advance(1min);
  REQUIRE(hung);
  bool told = false;
  for (const auto& p : c.events_of<problem>()) {
    told = told || p.why.code == errc::user_code_hangs;
  }
  CHECK(told);
  REQUIRE_FALSE(c.runs("mail").empty());
  CHECK(c.runs("mail").back().items.size() == 2);
  c.advance(15min);
  CHECK(c.runs("mail").back().items.size() == 1);
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
  c.register_job(
    job_builder("mail").items(numbered("i", 6)).on_trigger_only().thread_per_item().run([](job_context& ctx) {
      ctx.sleep(1min);
    }));
  c.settle();
  CHECK(c.node(0).trigger_here("mail") == 6);
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
      for (int i = 0; i < 20; ++i) {
        try {
          ctx.sleep(1h);
        } catch (...) {
        }
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
    c.register_job(job_builder("mail").items({"a"}).every(50s).run([&](job_context&) {
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
  c.register_job(job_builder("mail").items({"a"}).every(50s).run([&](job_context& ctx) {
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

TEST_CASE("items that join a run that never ends are reported, by settle too, and own_run serves them") {
  for (const auto policy : {new_items_policy::next_run, new_items_policy::own_run}) {
    cluster c{2};
    c.register_job(job_builder("mail").items(numbered("i", 4)).every(1s).on_new_items(policy).run([](job_context& ctx) {
      while (ctx.sleep(1h)) {
      }
    }));
    c.settle();
    c.crash("n1");
    if (policy == new_items_policy::own_run) {
      c.settle();
      CHECK(c.node("n0").job("mail")->starved.empty());
      CHECK(c.running("mail").size() == 2);
      continue;
    }
    std::string text;
    try {
      c.settle();
    } catch (const failure& f) {
      text = f.what();
    }
    CHECK(text.find("has been in no run for too long") != text.npos);
    CHECK(c.node("n0").job("mail")->starved.size() == 2);
    REQUIRE(c.events_of<item_starved>("n0").size() >= 1);
    CHECK_FALSE(c.events_of<item_starved>("n0").front().over);
  }
}

TEST_CASE("a run that releases what it loses goes on with the rest, and the item goes on elsewhere") {
  std::map<run_id, int> wakes;
  cluster c{1};
  c.register_job(job_builder("mail").items(numbered("i", 4)).every(1s).run([&](job_context& ctx) {
    for (;;) {
      for (const auto& gone : ctx.revoked_items()) {
        ctx.release(gone);
      }
      if (ctx.stop_requested()) {
        return;
      }
      ++wakes[ctx.run()];
      ctx.sleep(1s);
    }
  }));
  c.settle();
  c.start("n1");
  c.settle();
  c.advance(30s);
  CHECK(c.items_of("n1").at("mail").size() == 2);
  CHECK(c.runs("mail").front().how == run_end::running);
  CHECK(c.running("mail").size() == 2);
  CHECK(wakes.begin()->second < 100); // of both nodes
  CHECK(to_string(c.overlaps()) == "");
  CHECK(c.events_of<run_overrun>().empty());
}

TEST_CASE("a run that does not heed what it loses is asked to stop for it, and can sleep all the same") {
  int wakes = 0;
  cluster c{1};
  c.register_job(job_builder("mail").items(numbered("i", 4)).every(1s).run([&](job_context& ctx) {
    for (int n = 0; n < 30; ++n) {
      ++wakes;
      ctx.sleep(1s);
    }
  }));
  c.settle();
  c.start("n1");
  c.advance(29s);
  CHECK(wakes < 45);
  c.settle();
  CHECK(c.items_of("n1").at("mail").size() == 2);
}

TEST_CASE("a job of a long interval keeps its rhythm while all its nodes restart again and again") {
  std::map<item_id, int> starts;
  cluster c{2};
  c.register_job(job_builder("mail").items(numbered("i", 6)).at_fixed_rate(1h).thread_per_item().run([&](auto& ctx) {
    ++starts[ctx.items().front().id];
  }));
  constexpr int hours = 6;
  for (int minutes = 0; minutes < hours * 60; minutes += 20) {
    c.settle();
    c.advance(19min);
    for (const auto& id : c.nodes()) {
      c.stop(id);
      c.start(id);
    }
  }
  CHECK(starts.size() == 6);
  for (const auto& [item, n] : starts) {
    CHECK(n >= hours - 1);
    CHECK(n <= hours + 1);
  }
}
