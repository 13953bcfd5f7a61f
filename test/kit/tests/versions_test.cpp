#include <algorithm>

#include <doctest/doctest.h>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// "n0" and "n1" have a version that offers a and b, "n2" one that offers what it is told.
struct mixed : cluster {
  explicit mixed(std::vector<item_id> newer) : cluster(2) {
    register_job([newer](const node_id& id) {
      return *endless("mail", id == "n2" ? newer : std::vector<item_id>{"a", "b"}).build();
    });
    settle();
    start("n2");
    settle();
    advance(10s);
  }
  std::vector<item_id> items() { return to_ids<item_id>(tree().children("/djm/work-pool/mail")); }
  /// Problems that go on.
  std::vector<problem_status> problems(const node_id& id) {
    auto all = node(id).status()->problems;
    all.erase(std::remove_if(all.begin(), all.end(), [](const auto& p) { return p.ended_ms != 0; }), all.end());
    return all;
  }
};

using items = std::vector<item_id>;

} // namespace

TEST_CASE("what a newer version offers stays, whatever becomes of older nodes, and runs when only the newer lives") {
  mixed c{{"a", "b", "c"}};
  REQUIRE(c.items() == items{"a", "b", "c"});
  SUBCASE("a session expires") {
    c.expire_session("n0");
  }
  SUBCASE("an unrelated job is registered") {
    CHECK(c.node("n0").register_job(*endless("other", {"x"}).build()));
  }
  c.advance(1min);
  CHECK(c.items() == items{"a", "b", "c"});
  REQUIRE(c.problems("n0").size() == 1);
  CHECK(c.problems("n0")[0].text.find("nodes disagree") != std::string::npos);
  c.crash("n0");
  c.crash("n1");
  c.advance(2min);
  CHECK(c.running("mail").size() == 3);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("what a newer version has retired comes back only when that version is gone") {
  mixed c{{"b"}};
  REQUIRE(c.items() == items{"b"});
  c.expire_session("n0");
  c.advance(1min);
  CHECK(c.items() == items{"b"});
  c.stop("n2");
  c.advance(1min);
  CHECK(c.items() == items{"a", "b"});
  CHECK(c.problems("n0").empty());
}

TEST_CASE("nodes that register a job with different schedules follow the one that appeared last") {
  cluster c{2};
  const auto version = [](duration period) {
    return job_builder("mail").items({"a", "b"}).every(period).run([](job_context&) {}).build();
  };
  const auto followed = [&](const node_id& id) { return c.node(id).job("mail")->schedule; };
  c.register_job(*version(1s));
  c.settle();
  CHECK(c.node("n0").reschedule("mail", schedule::fixed_delay(2s))); // what one node does for a while is its own affair
  c.advance(1min);
  CHECK(followed("n0") == schedule::fixed_delay(2s));
  CHECK(followed("n1") == schedule::fixed_delay(1s));
  REQUIRE(c.node("n1").unregister_job("mail"));
  REQUIRE(c.node("n1").register_job(*version(1h)));
  c.advance(1min);
  CHECK(followed("n0") == schedule::fixed_delay(1h));
  CHECK(followed("n1") == schedule::fixed_delay(1h));
  CHECK_FALSE(c.events_of<job_changed>("n0").back().rules);
  CHECK(c.events_of<job_changed>("n1").back().rules);
}

TEST_CASE("a node's status tells a problem for as long as it lasts") {
  cluster c{2};
  c.settle();
  const auto connection = [&] {
    const auto status = c.node("n0").status();
    for (const auto& p : status->problems) {
      if (p.about == "connection") {
        return p;
      }
    }
    return problem_status{};
  };
  c.cut("n0");
  c.advance(1min);
  CHECK(connection().count == 1);
  CHECK(connection().ended_ms == 0);
  c.heal("n0");
  c.settle();
  CHECK(connection().ended_ms > connection().since_ms);
  CHECK(c.events_of<problem_over>("n0").size() == 1);
  CHECK(c.node("n0").status()->connection.last_problem == "");
}

TEST_CASE("a mark stays until it is taken back, and may come before its worker") {
  cluster_options o;
  o.nodes = 2;
  o.config.clean_period = 1min;
  cluster c{o};
  c.register_job(endless("mail", numbered("i", 6)));
  c.settle();
  CHECK(c.node("n0").drain("n1"));
  CHECK(c.node("n0").cordon("n2"));
  c.settle();
  CHECK(c.items_of("n1").empty());
  c.stop("n1");
  c.advance(10min);
  CHECK_FALSE(c.tree().exists("/djm/workers/n1"));
  c.start("n1");
  c.start("n2");
  c.settle();
  CHECK(c.items_of("n1").empty());
  CHECK(c.items_of("n2").empty());
  CHECK(c.node("n0").undrain("n1"));
  CHECK(c.node("n0").uncordon("n2"));
  c.settle();
  CHECK(c.items_of("n1").at("mail").size() == 2);
  CHECK(c.items_of("n2").at("mail").size() == 2);
  CHECK(c.tree().children("/djm/marks").empty());
}

TEST_CASE("two teams with credentials of their own have their trees below what belongs to others") {
  cluster_options o;
  o.nodes = 0;
  o.config.store.root = "/teams/one/djm";
  o.config.store.digest = "one:secret";
  cluster c{o};
  c.tree().create("/teams");
  c.tree().create("/teams/one");
  c.tree().set_access("/", tree_access::readable, "admin:secret");
  c.tree().set_access("/teams", tree_access::readable, "admin:secret");
  c.start("n0");
  c.register_job(endless("mail", {"a"}));
  c.settle();
  CHECK(c.owner("mail", "a") == "n0");
  CHECK_THROWS_AS(c.tree("two:secret").create("/teams/one/djm/x"), failure);
}
