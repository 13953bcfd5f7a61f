#include <doctest/doctest.h>

#include <memory>
#include <set>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

job_builder version(duration period, std::int64_t revision = 0) {
  return job_builder("mail").items({"a", "b", "c", "d"}).every(period).revision(revision).run([](job_context&) {});
}

struct mail_order : cluster {
  explicit mail_order(std::size_t nodes = 2) : cluster(nodes) {
    register_job(version(1s));
    settle();
  }
  std::uint64_t runs(const node_id& id) { return node(id).job("mail")->counters.started; }
  schedule schedule_of(const node_id& id) { return node(id).job("mail")->schedule; }
  bool has(const node_id& id) { return node(id).job("mail").has_value(); }
};

} // namespace

TEST_CASE("a schedule that is overridden holds on every node, and for those that come later") {
  mail_order c;
  REQUIRE(c.node("n0").update_job("mail", *user_config::parse(R"({"schedule":{"period":"10s"}})")));
  c.advance(1s);
  c.start("n2");
  c.settle();
  for (const auto& id : to_ids<node_id>({"n0", "n1", "n2"})) {
    CHECK(c.schedule_of(id) == schedule::fixed_delay(10s));
  }
  c.crash("n0");
  c.start("n0");
  c.settle();
  CHECK(c.schedule_of("n0") == schedule::fixed_delay(10s));
}

TEST_CASE("whoever expects an older state of a job is refused") {
  mail_order c;
  const auto rev = c.node("n0").pause_job("mail");
  REQUIRE(rev);
  REQUIRE(c.node("n1").resume_job("mail"));
  const auto late = c.node("n0").configure_job("mail", *user_config{}.with("x", 1), *rev);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == errc::conflict);
}

TEST_CASE("a paused job starts nothing, keeps its items, and goes on when it is resumed") {
  mail_order c;
  REQUIRE(c.node("n1").pause_job("mail"));
  c.advance(2s);
  const auto before = c.runs("n0");
  const auto items = c.items_of("n0");
  c.advance(1min);
  CHECK(c.runs("n0") == before);
  CHECK(c.items_of("n0") == items);
  CHECK(c.node("n0").job("mail")->held);
  CHECK(c.node("n0").trigger_job("mail").error().code == errc::invalid_state);
  REQUIRE(c.node("n0").resume_job("mail"));
  c.advance(3s);
  CHECK(c.runs("n0") > before);
}

TEST_CASE("a trigger for the cluster is one run more on each node, however often it is sent") {
  cluster c{2};
  c.register_job(job_builder("mail").items({"a", "b"}).on_trigger_only().run([](job_context&) {}));
  c.settle();
  REQUIRE(c.node("n0").trigger_job("mail", "monday"));
  REQUIRE(c.node("n1").trigger_job("mail", "monday"));
  c.advance(2s);
  CHECK(c.node("n0").job("mail")->counters.started == 1);
  CHECK(c.node("n1").job("mail")->counters.started == 1);
  REQUIRE(c.node("n1").trigger_job("mail", "tuesday"));
  c.advance(2s);
  CHECK(c.node("n0").job("mail")->counters.started == 2);
}

TEST_CASE("a job that is removed is gone on every node, also on one that was away, until it is registered anew") {
  mail_order c{3};
  c.cut("n2");
  c.advance(1min);
  REQUIRE(c.node("n0").remove_job("mail"));
  c.advance(1min);
  CHECK_FALSE(c.has("n0"));
  CHECK_FALSE(c.has("n1"));
  CHECK(c.events_of<job_removed>("n1").size() == 1);
  CHECK(c.node("n0").view()->jobs.empty()); // nothing is left of it that looks like items without a node
  c.heal("n2");
  c.advance(1min);
  CHECK_FALSE(c.has("n2"));
  CHECK(c.running("mail").empty());
  REQUIRE(c.node("n2").register_job(*version(1s).build()));
  c.advance(1min);
  CHECK(c.has("n2"));
  CHECK(c.owner("mail", "a") == "n2");
  CHECK_FALSE(c.has("n0"));
}

TEST_CASE("a job that is registered while it is being removed is there when that is over") {
  mail_order c;
  REQUIRE(c.node("n0").remove_job("mail"));
  c.start("n2");
  c.advance(1min);
  CHECK(c.has("n2"));
  CHECK_FALSE(c.has("n0"));
  CHECK(c.owner("mail", "a") == "n2");
}

TEST_CASE("a rolling deployment ends with the highest revision, whatever restarts") {
  cluster c{3};
  auto newer = std::make_shared<std::set<node_id>>();
  c.register_job(
    [newer](const node_id& id) { return newer->count(id) > 0 ? *version(20s, 2).build() : *version(10s, 1).build(); });
  c.settle();
  for (const auto& id : to_ids<node_id>({"n0", "n1"})) {
    newer->insert(id);
    c.stop(id);
    c.start(id);
    c.settle();
  }
  c.advance(30s);
  for (const auto& id : to_ids<node_id>({"n0", "n1", "n2"})) {
    CHECK(c.node(id).job("mail")->schedule == schedule::fixed_delay(20s));
  }
  for (int n = 0; n < 3; ++n) {
    c.crash("n2"); // the old one, again and again
    c.start("n2");
    c.advance(1min);
    CHECK(c.node("n0").job("mail")->schedule == schedule::fixed_delay(20s));
  }
  CHECK_FALSE(c.events_of<job_changed>("n2").back().rules);
}

TEST_CASE("without revisions the last specification rules as long as a node offers it, then the one before") {
  cluster c{2};
  auto newer = std::make_shared<std::set<node_id>>();
  c.register_job(
    [newer](const node_id& id) { return newer->count(id) > 0 ? *version(20s).build() : *version(10s).build(); });
  c.settle();
  newer->insert("n1");
  c.stop("n1");
  c.start("n1");
  c.advance(1min);
  CHECK(c.node("n0").job("mail")->schedule == schedule::fixed_delay(20s));
  c.stop("n1");
  c.advance(1min);
  CHECK(c.node("n0").job("mail")->schedule == schedule::fixed_delay(10s));
}

TEST_CASE("an override stands with unchanged code, and ends with the next deployment") {
  cluster c{2};
  auto newer = std::make_shared<bool>(false);
  c.register_job([newer](const node_id&) { return *newer ? *version(20s, 2).build() : *version(10s, 1).build(); });
  c.settle();
  REQUIRE(c.node("n0").update_job("mail", *user_config::parse(R"({"schedule":{"period":"5s"}})")));
  REQUIRE(c.node("n0").configure_job("mail", *user_config{}.with("x", 1)));
  for (const auto& id : to_ids<node_id>({"n0", "n1"})) {
    c.stop(id);
    c.start(id);
    c.settle();
  }
  CHECK(c.node("n0").job("mail")->schedule == schedule::fixed_delay(5s));
  *newer = true;
  for (const auto& id : to_ids<node_id>({"n0", "n1"})) {
    c.stop(id);
    c.start(id);
    c.settle();
  }
  c.advance(1min);
  CHECK(c.node("n1").job("mail")->schedule == schedule::fixed_delay(20s));
  CHECK(c.tree().exists("/djm/jobs/mail/config")); // that is the job's, whatever is deployed
}
