#include <doctest/doctest.h>

#include <pthread.h>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A settled cluster with one endless run per item.
struct settled : cluster {
  explicit settled(std::size_t nodes = 3, std::size_t items = 6) : cluster(nodes) {
    register_job(endless("mail", numbered("i", items)));
    settle();
    // The schedule's first delay is over.
    advance(2s);
    REQUIRE(running("mail").size() == items);
  }
};

std::size_t runs_on(const cluster& c, const node_id& id) {
  std::size_t n = 0;
  for (const auto& r : c.running("mail")) {
    n += r.node == id;
  }
  return n;
}

/// The states of its connection that the node has told.
std::string connection_of(const cluster& c, const node_id& id) {
  std::string states;
  for (const auto& e : c.events_of<connection_changed>(id)) {
    states += to_string(e.state) + ' ';
  }
  return states;
}

} // namespace

TEST_CASE("items of a crashed node move after session timeout and detach tolerance, not before") {
  settled c;
  const auto owner = c.owner("mail", "i0");
  c.crash(owner);
  c.advance(20s); // T = 10 s and D = 15 s
  CHECK(c.owner("mail", "i0") == owner);
  c.advance(10s);
  CHECK(c.owner("mail", "i0") != owner);
  CHECK(c.holder("mail", "i0") == c.owner("mail", "i0"));
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("a node that is cut off for long stops its runs before others begin") {
  settled c;
  c.cut("n0");
  c.advance(10s);
  CHECK(runs_on(c, "n0") == 2); // the tolerance is not over
  c.advance(30s);
  CHECK(runs_on(c, "n0") == 0);
  CHECK(c.items_of("n0").empty());
  CHECK(c.running("mail").size() == 6);
  for (const auto& r : c.runs("mail")) {
    if (r.node == "n0") {
      CHECK(r.reason == stop_reason::lease_expiring);
    }
  }
  c.heal("n0");
  c.settle();
  CHECK(c.items_of("n0").at("mail").size() == 2);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("what is shorter than the tolerance moves nothing and stops nothing") {
  settled c;
  const auto before = c.owners("mail");
  SUBCASE("a cut") {
    c.cut("n0");
    c.advance(8s);
    c.heal("n0");
  }
  SUBCASE("a cut of one way") {
    c.cut("n0", way::to_store);
    c.advance(8s);
    c.heal("n0");
  }
  SUBCASE("a pause") {
    c.pause("n0");
    CHECK(c.state("n0") == node_state::paused);
    const auto told = c.events().size();
    c.advance(8s);
    CHECK(c.events().size() == told);
    c.resume("n0");
  }
  SUBCASE("broken connections") {
    for (int i = 0; i < 20; ++i) {
      c.break_connections("n0");
      c.advance(200ms);
    }
    CHECK(connection_of(c, "n0").find("suspended reconnected suspended reconnected") != std::string::npos);
  }
  SUBCASE("an expired session") {
    const auto session = c.node("n0").status()->connection.session_number;
    c.expire_session("n0");
    c.advance(5s);
    CHECK(c.node("n0").status()->connection.session_number > session);
  }
  SUBCASE("an outage of the store") {
    c.store_down();
    c.advance(10s);
    CHECK(connection_of(c, "n0") == "connecting connected suspended ");
    c.store_up();
  }
  SUBCASE("a slow link") {
    c.delay("n0", 200ms, 400ms);
    c.advance(30s);
    const auto asked = c.now();
    CHECK(c.node("n0").view());
    CHECK(c.now() - asked >= 400ms);
  }
  c.heal_all();
  c.settle();
  CHECK(c.owners("mail") == before);
  CHECK(c.runs("mail").size() == 6);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("a long outage of the store stops everything in time, and all goes on after it") {
  settled c;
  c.store_down();
  c.advance(60s);
  CHECK(c.running("mail").empty());
  c.store_up();
  c.settle();
  c.advance(2s);
  CHECK(c.running("mail").size() == 6);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("a run that ignores its stop request is reported") {
  cluster c{2};
  c.register_job(stubborn("mail", {"a", "b"}, 10min));
  c.settle();
  c.advance(2s);
  const auto owner = c.owner("mail", "a");
  c.cut(owner);
  c.advance(1min);
  REQUIRE(c.overlaps().size() == 1);
  const auto o = c.overlaps().front();
  CHECK(o.job == "mail");
  CHECK(o.item == "a");
  CHECK(o.first.node == owner);
  CHECK(o.first.reason == stop_reason::lease_expiring);
  CHECK(o.second.node != owner);
  CHECK_FALSE(o.to.has_value());
  const auto text = to_string(c.overlaps());
  CHECK(text.find("mail/a ran twice from ") == 0);
  CHECK(text.find("asked to stop at ") != text.npos);
  CHECK(c.paused_overlaps().empty());
  CHECK_FALSE(c.events_of<run_overrun>(owner).empty());
}

TEST_CASE("what a paused process still had when it woke up is told apart from what it should not have done") {
  cluster c{2};
  bool obeys = true;
  SUBCASE("obedient") {
    c.register_job(endless("mail", {"a", "b"}));
  }
  SUBCASE("stubborn") {
    obeys = false;
    c.register_job(stubborn("mail", {"a", "b"}, 10min));
  }
  c.settle();
  c.advance(2s);
  const auto owner = c.owner("mail", "a");
  c.pause(owner);
  c.advance(1min);
  REQUIRE(c.owner("mail", "a") != owner);
  CHECK(c.overlaps().empty());
  CHECK(c.paused_overlaps().size() == 1);
  c.resume(owner);
  c.advance(1s);
  CHECK(c.overlaps().empty());
  c.advance(10s);
  CHECK(c.overlaps().size() == (obeys ? 0 : 1));
  CHECK(c.paused_overlaps().size() == (obeys ? 1 : 0));
}

TEST_CASE("a crash can come in the middle of whatever a node does") {
  for (std::uint64_t steps = 1; steps < 400; steps += 37) {
    cluster c{3};
    c.register_job(endless("mail", numbered("i", 6)));
    c.crash_after("n0", steps);
    c.run_until([&] { return c.state("n0") == node_state::crashed; }, 1min);
    REQUIRE(c.state("n0") == node_state::crashed);
    c.settle();
    c.advance(2s);
    CHECK(c.running("mail").size() == 6);
    CHECK(to_string(c.overlaps()) == "");
  }
}

TEST_CASE("faults can be planned for a moment in the middle of things") {
  settled c;
  c.after(3s, [&] { c.crash("n1"); });
  c.after(5s, [&] { c.cut("n2"); });
  c.advance(4s);
  CHECK(c.state("n1") == node_state::crashed);
  c.advance(1min);
  CHECK(c.running("mail").size() == 6);
  CHECK(c.items_of("n0").at("mail").size() == 6);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("a cluster with clocks that run differently keeps its promises") {
  cluster_options o;
  o.clock_skew_ppm = 20'000;
  {
    cluster c{o};
    c.register_job(
      job_builder("nap").items(numbered("i", 3)).on_trigger_only().run([](job_context& ctx) { ctx.sleep(1000s); }));
    c.settle();
    for (const auto& id : c.nodes()) {
      REQUIRE(c.node(id).trigger_here("nap"));
    }
    c.advance(1100s);
    REQUIRE(c.runs("nap").size() == 3);
    for (const auto& r : c.runs("nap")) {
      CHECK(*r.ended - r.began >= 980s);
      CHECK(*r.ended - r.began <= 1021s);
      CHECK(*r.ended - r.began != 1000s);
    }
  }
  for (o.seed = 1; o.seed <= 5; ++o.seed) {
    cluster c{o};
    c.register_job(endless("mail", numbered("i", 6)));
    c.settle();
    c.advance(2s);
    c.cut("n0");
    c.advance(1min);
    CHECK(c.items_of("n0").empty());
    CHECK(to_string(c.overlaps()) == "");
  }
}

TEST_CASE("a run or a pool function that ends its thread is told, and the next one has another") {
  cluster c(1);
  int runs = 0;
  int asked = 0;
  c.register_job(job_builder("mail")
                   .pool(
                     [&] {
                       if (++asked == 2) {
                         pthread_exit(nullptr);
                       }
                       return std::vector<item_id>{"a"};
                     },
                     10s)
                   .every(10s)
                   .run([&](job_context& ctx) {
                     if (++runs == 2) {
                       pthread_exit(nullptr);
                     }
                     ctx.sleep(1s);
                   }));
  c.advance(2min);
  CHECK(runs > 8);
  CHECK(asked > 8);
  REQUIRE(c.events_of<run_failed>("n0").size() == 1);
  CHECK(c.events_of<run_failed>("n0").front().what == "its thread was ended (pthread_exit or cancellation)");
}
