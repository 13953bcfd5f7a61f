#include <doctest/doctest.h>

#include <mutex>

#include "actors/node/status_teller.hpp"
#include "test/actor/facade_rig.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("jobs of the options are registered before the node starts") {
  run_watch runs;
  auto o = silent();
  o.jobs = {*watched("mail", {"a", "b"}, runs).build(), *watched("news", {"c"}, runs).build()};
  auto n = node::start(at_root("one", "/options/jobs"), std::move(o));
  REQUIRE(n);
  CHECK(n->register_job(*watched("news", {"c"}, runs).build()).error().code == errc::duplicate_job);
  CHECK(eventually([&] { return n->job("mail")->items.size() == 2 && n->job("news")->items.size() == 1; }));
  CHECK(n->shutdown());
}

TEST_CASE("a job of the options that cannot be registered keeps the node from starting, and is named") {
  run_watch runs;
  const auto refusal = [&](std::vector<job_definition> jobs) {
    auto o = silent();
    o.jobs = std::move(jobs);
    auto n = node::start(at_root("one", "/options/refused"), std::move(o));
    return n ? error{} : n.error();
  };
  const auto good = *watched("mail", {"a"}, runs).build();
  const auto twice = refusal({good, good});
  CHECK(twice.code == errc::duplicate_job);
  CHECK(twice.text.find("\"mail\"") != std::string::npos);
  auto empty = good;
  empty.code = nullptr;
  CHECK(refusal({empty}).code == errc::invalid_config);
  auto wrong = good;
  wrong.spec.id = job_id{"a/b"};
  CHECK(refusal({wrong}).code == errc::invalid_id);
}

TEST_CASE("a worker never leads, and a coordinator leads and runs nothing") {
  run_watch runs;
  auto c = at_root("works", "/options/role");
  c.role = node_role::worker;
  auto works = node::start(c, silent());
  REQUIRE(works);
  CHECK(works->register_job(*watched("mail", {"a"}, runs).build()));
  CHECK(works->status()->election.candidates == 0);
  c = at_root("leads", "/options/role");
  c.role = node_role::coordinator;
  auto leads = node::start(c, silent());
  REQUIRE(leads);
  CHECK(works->wait_ready(wide));
  CHECK(eventually([&] { return works->job("mail")->items.size() == 1; }));
  CHECK(leads->cluster()->leader == "leads");
  CHECK(leads->cluster()->candidates == to_ids<node_id>({"leads"}));
  CHECK(works->status()->election.role == election_role::observer);
  const auto refused = leads->register_job(*watched("news", {"c"}, runs).build());
  CHECK(refused.error().code == errc::invalid_state);
  CHECK(refused.error().text.find("coordinator") != std::string::npos);
  CHECK(leads->shutdown());
  CHECK(eventually([&] { return works->status()->election.leader.empty(); }));
  CHECK(works->shutdown());
}

TEST_CASE("a connect string is taken as the tools of the store take it") {
  auto c = at_root("one", "/options/place");
  c.store.connect = " embedded ";
  auto n = node::start(c, silent());
  REQUIRE(n);
  CHECK(n->wait_ready(wide));
  CHECK(n->shutdown());
}

TEST_CASE("a line of the log says how the node is, again and again, when that is asked for") {
  std::mutex guard;
  std::vector<std::string> lines;
  auto o = silent();
  o.log = [&](const log_record& r) {
    if (r.component == "status") {
      std::lock_guard lock{guard};
      lines.push_back(r.text);
    }
  };
  auto c = at_root("one", "/options/status");
  c.status_period = 10ms;
  auto n = node::start(c, std::move(o));
  REQUIRE(n);
  CHECK(eventually([&] {
    std::lock_guard lock{guard};
    return lines.size() >= 3 && lines.back().find("running and ready, ") == 0;
  }));
  CHECK(n->shutdown());
}

TEST_CASE("the line about the status names what goes on, not what is over") {
  node_status s;
  s.state = node_lifecycle::running;
  s.worker.assigned = 3;
  s.worker.locked = 2;
  s.executor.finished = 7;
  s.problems.resize(2);
  s.problems[1].ended_ms = 5;
  CHECK(status_line(s, 3u << 19) == "running, 1.5 MiB resident, 0 jobs, 2 of 3 items locked, 0 threads busy, 0 runs "
                                    "wait, 7 over, 0 failed, 1 problems");
  CHECK(status_line(s, 0).find("running, - resident") == 0);
}
