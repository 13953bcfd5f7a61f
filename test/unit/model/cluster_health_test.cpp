#include "djm/cluster_health.hpp"

#include <doctest/doctest.h>

using namespace djm;

namespace {

/// Two nodes, of which "a" leads; a job with two items, one of each.
cluster_view well() {
  cluster_view v;
  v.leader = "a";
  v.workers.resize(2);
  v.workers[0].id = "a";
  v.workers[1].id = "b";
  for (auto& w : v.workers) {
    w.state = worker_state::alive;
  }
  job_view mail;
  mail.id = "mail";
  for (const auto& [item, node] : {std::pair{"eu", "a"}, std::pair{"us", "b"}}) {
    item_view i;
    i.item = item_id{std::string{item}};
    i.owner = node_id{std::string{node}};
    i.holder = i.owner;
    mail.items.push_back(std::move(i));
  }
  v.jobs.push_back(std::move(mail));
  return v;
}

std::vector<std::string> reasons(const cluster_view& v) {
  return health_of(v).reasons;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("health: a cluster in which everything has its node is healthy") {
  auto v = well();
  CHECK(health_of(v).state == health_state::healthy);
  CHECK(reasons(v).empty());
  v.jobs[0].items[0].holder = node_id{}; // about to be locked
  CHECK(health_of(v).state == health_state::healthy);
  CHECK(health_of(cluster_view{}).state == health_state::healthy); // nothing is to be done
}

TEST_CASE("health: what operators have switched off is no fault") {
  auto v = well();
  v.jobs[0].items[0].owner = node_id{};
  CHECK(health_of(v).state == health_state::failing);
  v.jobs[0].enabled = false;
  CHECK(health_of(v).state == health_state::healthy);
  v.jobs[0].enabled = true;
  v.all_disabled = true;
  CHECK(health_of(v).state == health_state::healthy);
  v = well();
  v.jobs[0].paused = true;
  CHECK(health_of(v).state == health_state::healthy);
}

TEST_CASE("health: each fault is named, the worst first") {
  auto v = well();
  v.problems = {"x"};
  v.workers[1].state = worker_state::gone;
  v.jobs[0].items[1].holder = "c";
  CHECK(health_of(v).state == health_state::degraded);
  CHECK(reasons(v) ==
        texts{"1 node gone without a goodbye", "1 item still held by somebody else", "1 problem in the tree"});
  v.jobs[0].items[0].owner = node_id{};
  v.leader = node_id{};
  CHECK(health_of(v).state == health_state::failing);
  CHECK(reasons(v).front() == "nobody leads");
  CHECK(reasons(v)[1] == "1 item without an owner");
  v.workers[0].state = worker_state::left;
  CHECK(reasons(v).front() == "no node is alive");
  v = well();
  v.workers[0].state = worker_state::gone;
  CHECK(reasons(v).front() == "a leads and is not alive");
}
