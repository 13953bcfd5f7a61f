#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "djm/test/cluster.hpp"

/// Changes that concern everybody: what the leader notes down of a cluster, pools that change, items that find no
/// place.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

job_builder job_with(std::vector<item_id> items) {
  job_builder b{"mail"};
  b.items(std::move(items)).every(1s).run([](job_context&) {});
  return b;
}

std::size_t told_of(const cluster& c, model_part part) {
  std::size_t n = 0;
  for (const auto& e : c.events_of<model_changed>()) {
    for (const auto p : e.what) {
      n += p == part ? 1 : 0;
    }
  }
  return n;
}

} // namespace

TEST_CASE("another leader tells what has changed since the one before, and a calm cluster notes nothing down") {
  cluster c{3};
  c.register_job(job_with({"a", "b", "c"}).deployment("monday"));
  c.settle();
  const auto view = c.node(0).view();
  REQUIRE(view);
  const auto first = view->model;
  CHECK(first.epoch == view->epoch);
  CHECK(first.deployments == std::vector<std::string>{"monday"});
  const auto jobs = told_of(c, model_part::job_model);
  const auto configurations = told_of(c, model_part::configuration);
  CHECK(jobs >= 1);
  c.advance(10min);
  CHECK(told_of(c, model_part::job_model) == jobs);
  const auto leader = c.leader();
  const auto other = leader == "n0" ? node_id{"n1"} : node_id{"n0"};
  c.crash(leader);
  c.advance(3min);
  const auto now = c.node(other).view();
  REQUIRE(now);
  CHECK(now->model.epoch != first.epoch);
  CHECK(now->model.job_model != first.job_model); // one worker less
  CHECK(now->model.configuration == first.configuration);
  CHECK(told_of(c, model_part::job_model) > jobs);
  CHECK(told_of(c, model_part::configuration) == configurations);
  REQUIRE(c.node(other).configure_job("mail", *user_config::parse(R"({"batch":5})")));
  c.advance(5s);
  CHECK(told_of(c, model_part::configuration) == configurations + 1);
}

TEST_CASE("a changed pool wants a restart on each node that has items of the job, once") {
  cluster c{3};
  std::vector<item_id> items{"a", "b"};
  c.register_job([&items](const node_id&) {
    return *job_builder("mail")
              .pool([&items] { return items; }, 10s)
              .on_pool_change(pool_change::signal)
              .every(1s)
              .run([](job_context&) {})
              .build();
  });
  c.settle();
  c.advance(1min);
  CHECK(c.events_of<restart_wanted>().empty());
  items.emplace_back("c"); // there are three of them now, so that everybody has one
  c.advance(1min);
  c.settle();
  const auto holders = [&] {
    std::map<node_id, int> n;
    for (const auto& [item, owner] : c.owners("mail")) {
      n[owner] = 0;
    }
    return n;
  };
  REQUIRE(holders().size() == 3);
  const auto before = c.events_of<restart_wanted>().size();
  CHECK(before >= 2); // whoever had one of the two
  CHECK(before <= 3);
  items.pop_back();
  items.emplace_back("d");
  c.advance(1min);
  auto told = holders();
  std::size_t seen = 0;
  for (const auto& e : c.events()) {
    if (const auto* x = std::get_if<restart_wanted>(&e.what); x != nullptr && ++seen > before) {
      ++told[e.node];
      CHECK(x->job == "mail");
    }
  }
  for (const auto& [node, times] : told) {
    INFO(node.str());
    CHECK(times <= 1);
  }
  CHECK(seen - before >= 2);
}

TEST_CASE("an item without a place for longer than its job allows is reported, explained, and over when it has one") {
  cluster c{2};
  c.register_job(job_with({"a"})
                   .attributes([] {
                     job_attributes a;
                     a.requires_labels = {"gpu"};
                     return a;
                   }())
                   .wait_limit(1min));
  c.advance(30s);
  CHECK(c.events_of<allocation_timed_out>().empty());
  c.advance(1min);
  REQUIRE(c.events_of<allocation_timed_out>().size() == 1);
  CHECK(c.events_of<allocation_timed_out>().front().items == std::vector<item_id>{"a"});
  const auto why = c.node(c.leader()).explain("mail", "a");
  REQUIRE(why);
  CHECK(why->timed_out);
  CHECK(why->rule == plan_rule::missing_label);
  const auto problems = [&] {
    int n = 0;
    const auto status = c.node(c.leader()).status();
    for (const auto& p : status->problems) {
      n += p.about == "allocation of job \"mail\"" && p.ended_ms == 0 ? 1 : 0;
    }
    return n;
  };
  CHECK(problems() == 1);
  node_config config;
  config.id = "n9";
  config.labels = {"gpu"};
  c.start(config);
  c.advance(1min);
  CHECK(c.owner("mail", "a") == "n9");
  CHECK(problems() == 0);
}

TEST_CASE("nodes that are configured differently where they have to agree are named") {
  cluster c{2};
  node_config config;
  config.id = "n2";
  config.detach_tolerance = 33s;
  c.start(config);
  c.register_job(job_with({"a"}));
  c.settle();
  c.advance(10s);
  const auto view = c.node(0).view();
  REQUIRE(view);
  bool found = false;
  for (const auto& p : view->problems) {
    found = found || (p.find("detach_tolerance differs: ") != std::string::npos &&
                      p.find("33s on \"n2\"") != std::string::npos && p.find("\"n0\", \"n1\"") != std::string::npos);
  }
  CHECK(found);
  c.stop("n2");
  c.advance(1min);
  CHECK(c.node(0).view()->problems.empty());
}
