#include <doctest/doctest.h>

#include "tools/djm/checks.hpp"
#include "tools/djm/exit_code.hpp"
#include "tools/djm/rows.hpp"

using namespace djm;
using namespace djm::tool;

namespace {

cluster_view sound() {
  cluster_view v;
  worker_view w;
  w.id = "n1";
  w.state = worker_state::alive;
  w.items = 1;
  w.jobs = {"j"};
  v.workers = {w};
  v.leader = "n1";
  v.epoch = 7;
  job_view j;
  j.id = "j";
  item_view i;
  i.item = "a";
  i.owner = "n1";
  i.holder = "n1";
  i.token = 3;
  j.items = {i};
  v.jobs = {j};
  return v;
}

verdict of(const std::string& check, const cluster_view& v) {
  return judge(check, v, 5).result;
}

} // namespace

TEST_CASE("checks: a sound cluster passes all") {
  for (const auto& name : check_names()) {
    CHECK(of(name, sound()) == verdict::ok);
  }
  CHECK(status_of(sound()).next.empty());
}

TEST_CASE("checks: each fails for what it is about") {
  auto v = sound();
  v.workers[0].state = worker_state::gone;
  CHECK(of("ready", v) == verdict::err);
  CHECK(of("leader", v) == verdict::warn);
  CHECK(of("coverage", v) == verdict::err);
  CHECK(status_of(v).next == "djm nodes");
  v = sound();
  v.leader = node_id{};
  CHECK(of("leader", v) == verdict::err);
  CHECK(status_of(v).next == "djm leader");
  v = sound();
  v.jobs[0].items[0].owner = node_id{};
  CHECK(of("coverage", v) == verdict::err);
  CHECK(status_of(v).next == "djm items --unassigned");
  v.jobs[0].enabled = false;
  CHECK(of("coverage", v) == verdict::warn);
  v = sound();
  v.jobs[0].items[0].holder = "n2";
  CHECK(of("locks", v) == verdict::warn);
  v = sound();
  v.problems = {"x"};
  CHECK(of("store", v) == verdict::err);
  CHECK(judge("store", sound(), 10'000).result == verdict::warn);
  CHECK(worst({judge("leader", sound(), 0), judge("store", v, 0)}) == verdict::err);
}

TEST_CASE("checks: how a job is spread") {
  auto v = sound();
  auto second = v.workers[0];
  second.id = "n2";
  v.workers.push_back(second);
  const auto r = job_row_of(v, v.jobs[0]);
  CHECK(r.offered_by == 2);
  CHECK(r.most == 1);
  CHECK(r.least == 0);
}

TEST_CASE("exit codes: what could not be found out, refusals and unknown outcomes are told apart") {
  CHECK(exit_code_of(errc::not_connected) == exit_code::could_not_find_out);
  CHECK(exit_code_of(errc::timed_out) == exit_code::could_not_find_out);
  CHECK(exit_code_of(errc::conflict) == exit_code::refused);
  CHECK(exit_code_of(errc::no_permission) == exit_code::refused);
  CHECK(exit_code_of(errc::unknown_outcome) == exit_code::outcome_unknown);
  CHECK(exit_code_of(errc::invalid_connect_string) == exit_code::usage);
  CHECK(exit_code_of(errc::unknown_job) == exit_code::error);
}
