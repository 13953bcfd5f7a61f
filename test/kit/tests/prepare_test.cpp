#include <doctest/doctest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "djm/test/cluster.hpp"

/// What has to be done before any item runs, in whole clusters.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// What happened, in its order: preparations with their nodes, and the generations of runs.
struct prepare_log {
  std::vector<std::string> begun;
  std::map<std::int64_t, int> done;
  int runs = 0;
  std::vector<std::string> too_early;
  bool fails = false;
  node_id fails_on;
  duration takes = 2s;
};

void watch(job_context& ctx, prepare_log& log) {
  ++log.runs;
  if (log.done[ctx.generation()] == 0) {
    log.too_early.push_back(std::to_string(ctx.generation()));
  }
}

job_definition preparing_job(prepare_log& log, const node_id& id) {
  return *job_builder("mail")
            .items({"asia", "europe", "africa"})
            .every(1s)
            .prepare([&log, id](prepare_context& ctx) {
              log.begun.push_back(std::to_string(ctx.generation()) + " " + id.str());
              if (ctx.wait_for_stop(log.takes)) {
                return;
              }
              if (log.fails || id == log.fails_on) {
                throw std::runtime_error("no table");
              }
              ++log.done[ctx.generation()];
            })
            .run([&log](job_context& ctx) { watch(ctx, log); })
            .build();
}

void register_at(cluster& c, prepare_log& log) {
  c.register_job([&log](const node_id& id) { return preparing_job(log, id); });
}

} // namespace

TEST_CASE("prepare: once in the cluster, before any item runs, and again when it is ordered") {
  prepare_log log;
  cluster c{3};
  register_at(c, log);
  c.advance(20s);
  CHECK(log.done == std::map<std::int64_t, int>{{1, 1}});
  CHECK(log.runs > 20);
  CHECK(log.begun.size() == 1);
  REQUIRE(c.node("n1").prepare_again("mail"));
  c.advance(20s);
  CHECK(log.done[2] == 1);
  CHECK(log.begun.size() == 2);
  CHECK(log.too_early.empty());
  CHECK(c.events_of<job_prepared>().size() == 2);
  // Nothing of it stays where it would be in the way.
  for (const auto* id : {"n0", "n1", "n2"}) {
    CHECK(c.owner("mail", item_id{std::string{preparation_item}}) != id);
  }
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("prepare: until it is done items wait with that reason, although their nodes have them") {
  prepare_log log;
  log.takes = 30s;
  cluster c{2};
  register_at(c, log);
  c.advance(10s);
  CHECK(log.runs == 0);
  for (const auto* asked : {"n0", "n1"}) {
    const auto why = c.node(node_id{asked}).explain("mail", "asia");
    REQUIRE(why);
    CHECK(why->why == item_reason::preparing);
    CHECK_FALSE(why->owner.empty());
  }
  c.advance(30s);
  CHECK(log.runs > 0);
  CHECK(c.node(0).explain("mail", "asia")->why == item_reason::none);
}

TEST_CASE("prepare: a node that crashes in the middle of it, or when it has just done it, holds nobody up") {
  prepare_log log;
  cluster c{3};
  register_at(c, log);
  while (log.begun.empty()) {
    c.advance(100ms);
  }
  const auto first = log.begun.front().substr(2);
  c.crash(node_id{first});
  c.advance(2min);
  CHECK(log.runs > 20);
  REQUIRE(log.begun.size() == 2);
  CHECK(log.begun.back().substr(2) != first);
  CHECK(log.too_early.empty());
  // Once more, and now it is done when the node crashes: nobody does it again while items run.
  const auto before = log.begun.size();
  REQUIRE(c.node(node_id{log.begun.back().substr(2)}).prepare_again("mail"));
  while (log.done[2] == 0) {
    c.advance(10ms);
  }
  c.crash(node_id{log.begun.back().substr(2)});
  c.advance(2min);
  CHECK(log.begun.size() <= before + 2);
  CHECK(log.too_early.empty());
  CHECK(log.runs > 60);
}

TEST_CASE("prepare: one that fails on one node is done by another, and is a problem until then") {
  prepare_log log;
  log.takes = 100ms;
  cluster c{2};
  log.fails = true;
  register_at(c, log);
  c.advance(1min);
  CHECK(log.runs == 0);
  CHECK(log.begun.size() > 6);
  std::map<std::string, int> by;
  for (const auto& b : log.begun) {
    ++by[b.substr(2)];
  }
  CHECK(by["n0"] > 0);
  CHECK(by["n1"] > 0);
  bool told = false;
  for (const auto& p : c.events_of<problem>()) {
    told = told || (p.about == "preparation of job \"mail\"" && p.why.text.find("no table") != std::string::npos);
  }
  CHECK(told);
  log.fails = false;
  log.fails_on = "n0";
  c.advance(2min);
  CHECK(log.done[1] == 1);
  CHECK(log.runs > 0);
  CHECK(log.too_early.empty());
}

TEST_CASE("prepare: as the guide shows it") {
  std::set<std::string> tables;
  cluster c{2};
  auto mail = job_builder("mail");
  mail.items({"eu", "us"}).every(5s);
  mail.prepare([&](prepare_context& ctx) { tables.insert("mail_" + std::to_string(ctx.generation())); });
  mail.run([&](job_context& ctx) { CHECK(tables.count("mail_" + std::to_string(ctx.generation())) == 1); });
  c.register_job(mail);
  c.advance(20s);
  CHECK(tables == std::set<std::string>{"mail_1"});
}

TEST_CASE("prepare: what prepares nothing cannot be ordered to, and its record knows nothing of it") {
  cluster c{1};
  c.register_job(
    job_builder("plain").items({"a"}).every(1s).run([](job_context& ctx) { CHECK(ctx.generation() == 0); }));
  c.settle();
  c.advance(3s);
  const auto refused = c.node(0).prepare_again("plain");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid_state);
  CHECK(c.node(0).prepare_again("none").error().code == errc::unknown_job);
  CHECK(c.node(0).prepare_again("no/id").error().code == errc::invalid_id);
}

TEST_CASE("prepare: no pool may have an item of the hidden one's name") {
  const auto def = job_builder("mail").items({".prepare"}).every(1s).run([](job_context&) {}).build();
  REQUIRE_FALSE(def);
  CHECK(def.error().code == errc::invalid_id);
  CHECK(def.error().text.find(".prepare") != std::string::npos);
}
