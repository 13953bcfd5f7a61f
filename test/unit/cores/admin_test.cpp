#include <algorithm>

#include <doctest/doctest.h>

#include "test/unit/cores/admin_rig.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;

TEST_CASE("admin: a job is switched under its version, and the leader hears of it") {
  admin_rig r;
  r.join();
  const auto told = r.tree.stat("/djm/work-pool-version").version;
  CHECK(r.enable("j", false) == "1 done");
  CHECK_FALSE(r.enabled("j"));
  CHECK(r.tree.stat("/djm/work-pool-version").version == told + 1);
  REQUIRE(r.d.take_written().size() == 1);
  CHECK(r.enable("j", true) == "2 done");
  CHECK(r.enabled("j"));
}

TEST_CASE("admin: what stands already is answered without a write") {
  admin_rig r;
  r.join();
  CHECK(r.enable("j", true) == "1 done");
  CHECK(r.ask(admin_core::set_all_disabled{false}) == "2 done");
  CHECK(r.ask(admin_core::set_marks{"n", false, false}) == "3 done");
  CHECK(r.d.take_written().empty());
}

TEST_CASE("admin: all jobs are switched off and on again, each once") {
  admin_rig r;
  r.join();
  CHECK(r.ask(admin_core::set_all_disabled{true}) == "1 done");
  CHECK(r.view().all_disabled);
  CHECK(r.ask(admin_core::set_all_disabled{true}) == "3 done");
  CHECK(r.ask(admin_core::set_all_disabled{false}) == "4 done");
  CHECK_FALSE(r.view().all_disabled);
  CHECK(r.d.take_written().size() == 2);
}

TEST_CASE("admin: jobs that are not there are named") {
  admin_rig r;
  r.join();
  CHECK(r.enable("x", false) == "1 unknown_job: job \"x\" is not in the cluster's work pool");
  CHECK(r.d.take_written().empty());
}

TEST_CASE("admin: the pool of a job that this node offers is waited for") {
  admin_rig r;
  r.join();
  CHECK(r.enable("new", false, true) == "");
  add_pool(r.tree, "new", {"a"});
  CHECK(r.d.pass(seconds{1}) == "1 done");
  CHECK_FALSE(r.enabled("new"));
}

TEST_CASE("admin: a wish that waits for a pool keeps later ones about its job waiting, and nobody else's") {
  admin_rig r;
  r.join();
  CHECK(r.enable("new", false, true) == "");
  CHECK(r.enable("new", true, true) == "");
  CHECK(r.enable("j", false) == "3 done");
  CHECK(r.ask(admin_core::set_marks{"n", true, {}}) == "4 done");
  CHECK(r.ask(admin_core::set_all_disabled{true}) == "5 done");
  add_pool(r.tree, "new", {"a"});
  CHECK(r.d.pass(seconds{5}) == "1 done; 2 done"); // "off" first, then "on"
  CHECK(r.enabled("new"));
  CHECK_FALSE(r.d.core.wake_at());
}

TEST_CASE("admin: each of several that wait is answered at its own time, with what was in its own way") {
  admin_rig r;
  r.join();
  CHECK(r.enable("x", false, true) == "");
  CHECK(r.d.pass(seconds{10}) == "");
  CHECK(r.enable("y", false, true) == "");
  CHECK(r.enable("x", true, true) == "");
  CHECK(r.d.pass(seconds{20}) ==
        "1 timed_out: the store did not take it: the work pool of job \"x\" is not written yet");
  CHECK(r.d.pass(seconds{10}) == "2 timed_out: the store did not take it: the work pool of job \"y\" is not written "
                                 "yet; 3 timed_out: the store did not take it: the work pool of job \"x\" is not "
                                 "written yet");
  CHECK_FALSE(r.d.core.wake_at());
}

TEST_CASE("admin: wishes that wait do so in peace while the node is not connected, and go on when it is again") {
  admin_rig r;
  r.join();
  CHECK(r.enable("new", false, true) == "");
  r.d.suspend();
  r.d.pass(seconds{6}); // throws when the core wants to be woken for nothing, again and again
  add_pool(r.tree, "new", {"a"});
  CHECK_FALSE(r.d.reconnect().empty());
  CHECK_FALSE(r.enabled("new"));
}

TEST_CASE("admin: many that wait for their jobs cost the others nothing but their own questions") {
  admin_rig r;
  r.join();
  for (int n = 0; n < 500; ++n) {
    r.enable(job_id{"new" + std::to_string(n)}, false, true);
  }
  r.d.pass(seconds{5});
  r.d.reads_answered = 0;
  CHECK(r.enable("j", false) == "501 done");
  CHECK(r.d.reads_answered == 1);
}

TEST_CASE("admin: marks stand beside what newer versions have written into them, and go when they are taken back") {
  admin_rig r;
  r.join();
  r.tree.put("/djm/marks/n", "{\"v\":1,\"future\":7,\"cordoned\":true}");
  const auto registration = r.tree.stat("/djm/workers/n");
  CHECK(r.ask(admin_core::set_marks{"n", true, true}) == "1 done");
  const auto p = store::decode<store::mark_payload>(r.tree.data("/djm/marks/n"), "n");
  REQUIRE(p);
  CHECK(p->draining);
  CHECK(p->cordoned);
  CHECK(r.tree.data("/djm/marks/n").find("future") != std::string::npos);
  CHECK(r.ask(admin_core::set_marks{"n", false, false}) == "2 done");
  CHECK_FALSE(r.tree.has("/djm/marks/n"));
  CHECK(r.ask(admin_core::set_marks{"n", true, {}}) == "3 done");
  CHECK(r.ask(admin_core::set_marks{"n", {}, true}) == "4 done");
  CHECK(store::decode<store::mark_payload>(r.tree.data("/djm/marks/n"), "n")->draining);
  CHECK(r.ask(admin_core::set_marks{"n", false, {}}) == "5 done");
  CHECK(store::decode<store::mark_payload>(r.tree.data("/djm/marks/n"), "n")->cordoned);
  const auto version = r.tree.stat("/djm/worker-version").version;
  CHECK(r.ask(admin_core::set_marks{"n", {}, {}}) == "6 done");
  CHECK(r.tree.stat("/djm/worker-version").version == version);
  // The registration says since when a worker has lived: a mark must not touch it.
  CHECK(r.tree.stat("/djm/workers/n").mzxid == registration.mzxid);
}

TEST_CASE("admin: a mark that an earlier version wrote into a registration counts until it is overruled, and can be "
          "taken back") {
  admin_rig r;
  r.join();
  auto text = r.tree.data("/djm/workers/n");
  text.insert(text.find('{') + 1, "\"draining\":true,");
  r.tree.put("/djm/workers/n", text);
  const auto draining = [&] {
    r.ask(admin_core::see_cluster{});
    return r.view().workers.at(0).draining;
  };
  CHECK(draining());
  r.ask(admin_core::set_marks{"n", true, false});
  CHECK_FALSE(r.tree.has("/djm/marks/n"));
  r.ask(admin_core::set_marks{"n", false, false});
  CHECK_FALSE(draining());
  CHECK(r.tree.data("/djm/workers/n") == text);
}

TEST_CASE("admin: a worker that has not come yet can be marked") {
  admin_rig r;
  r.join();
  CHECK(r.ask(admin_core::set_marks{"x", false, true}) == "1 done");
  CHECK(r.tree.has("/djm/marks/x"));
  r.ask(admin_core::see_cluster{});
  const auto& workers = r.view().workers;
  const auto x = std::find_if(workers.begin(), workers.end(), [](const auto& w) { return w.id == "x"; });
  REQUIRE(x != workers.end());
  CHECK(x->state == worker_state::expected);
  CHECK(x->cordoned);
}

TEST_CASE("admin: payloads that others have spoilt are reported with their path and stay as they are") {
  admin_rig r;
  r.join();
  r.tree.put("/djm/work-pool/j", "{");
  r.tree.put("/djm/marks/n", "[1]");
  const auto job = r.enable("j", false);
  CHECK(job.find("1 malformed_payload") == 0);
  CHECK(job.find("/djm/work-pool/j") != std::string::npos);
  const auto marks = r.ask(admin_core::set_marks{"n", true, false});
  CHECK(marks.find("2 malformed_payload") == 0);
  CHECK(marks.find("/djm/marks/n") != std::string::npos);
  CHECK(r.tree.data("/djm/work-pool/j") == "{");
  CHECK(r.tree.data("/djm/marks/n") == "[1]");
}

TEST_CASE("admin: the cluster-wide switch repairs a payload that others have spoilt") {
  admin_rig r;
  r.join();
  r.tree.put("/djm/work-pool", "{");
  CHECK(r.ask(admin_core::set_all_disabled{true}) == "1 done");
  CHECK(r.view().all_disabled);
}

TEST_CASE("admin: requests wait for the node to join, in their order") {
  admin_rig r;
  CHECK(r.enable("j", false) == "");
  CHECK(r.enable("j", true) == "");
  r.d.connect();
  CHECK(r.d.take_asked().empty());
  enlist(r.tree, r.d.view.id, "n", "i1", {"j"});
  CHECK(r.d.call(&admin_core::on_joined, true) == "1 done; 2 done");
  CHECK(r.enabled("j"));
}

TEST_CASE("admin: one that cannot be done is answered when its time is over") {
  admin_rig r;
  CHECK(r.enable("j", false) == "");
  CHECK(r.d.pass(seconds{29}) == "");
  CHECK(r.d.pass(seconds{1}) == "1 not_connected: node \"n\" is not connected");
  CHECK_FALSE(r.d.core.wake_at());
  r.join();
  r.tree.forbid("/djm/work-pool-version");
  const auto said = r.enable("j", false) + r.d.pass(seconds{30});
  CHECK(said.find("2 ") == 0);
  CHECK(r.enabled("j"));
}

TEST_CASE("admin: what is under way when its time is over is not answered twice") {
  admin_rig r;
  r.join();
  r.d.fates = {fate::held};
  CHECK(r.enable("j", false) == "");
  const auto said = r.d.pass(seconds{30});
  CHECK(said.find("1 timed_out") == 0);
  CHECK(r.d.answer_held() == "");
  CHECK(r.enable("j", true) == "2 done");
}

TEST_CASE("admin: an outcome that is unknown is read, never assumed") {
  for (const auto f : {fate::unknown_applied, fate::unknown_lost}) {
    admin_rig r;
    r.join();
    r.d.fates = {f};
    CHECK(r.enable("j", false) == "");
    CHECK(r.enabled("j") == (f == fate::unknown_lost));
    CHECK(r.d.pass(seconds{1}) == "1 done");
    CHECK_FALSE(r.enabled("j"));
    CHECK(r.d.take_written().size() == (f == fate::unknown_lost ? 2 : 1));
  }
}

TEST_CASE("admin: a change by others between the read and the write is not overwritten") {
  admin_rig r;
  r.join();
  r.d.fates = {fate::delayed};
  CHECK(r.enable("j", false) == "");
  store::pool_payload p;
  p.last_writer = "other";
  r.tree.put("/djm/work-pool/j", store::encode(p));
  CHECK(r.d.answer_held() == "");
  CHECK(r.enabled("j"));
  CHECK(r.d.pass(seconds{1}) == "1 done");
  CHECK_FALSE(r.enabled("j"));
  CHECK(r.tree.data("/djm/work-pool/j").find("other") != std::string::npos);
}

TEST_CASE("admin: nothing is written under versions that are no longer what was read") {
  admin_rig r;
  r.join();
  r.d.fates = {fate::delayed};
  SUBCASE("a change of the pool by the leader") {
    r.enable("j", false);
    r.tree.put("/djm/work-pool-version", store::encode(store::version_payload{"other"}));
    CHECK(r.d.answer_held() == "");
    CHECK(r.enabled("j"));
    CHECK(r.d.pass(seconds{1}) == "1 done");
    CHECK_FALSE(r.enabled("j"));
  }
  SUBCASE("the switch of all jobs") {
    r.ask(admin_core::set_all_disabled{true});
    r.tree.put("/djm/work-pool", "{\"all_disabled\":false,\"future\":7}");
    CHECK(r.d.answer_held() == "");
    CHECK(r.d.pass(seconds{1}) == "1 done");
    CHECK(r.tree.data("/djm/work-pool").find("future") != std::string::npos);
    CHECK(r.view().all_disabled);
  }
  SUBCASE("another mark") {
    r.ask(admin_core::set_marks{"n", true, false});
    r.tree.put("/djm/marks/n", "{\"v\":1,\"cordoned\":true}");
    CHECK(r.d.answer_held() == "");
    CHECK(r.d.pass(seconds{1}) == "1 done");
    CHECK(r.view().workers.at(0).draining);
    CHECK_FALSE(r.view().workers.at(0).cordoned);
  }
  SUBCASE("a node that the store does not count as alive") {
    r.enable("j", false);
    r.tree.erase("/djm/alive/n");
    CHECK(r.d.answer_held() == "");
    CHECK(r.enabled("j"));
  }
}

TEST_CASE("admin: the answer tells what stood in the way") {
  admin_rig r;
  r.join();
  SUBCASE("conflicts") {
    r.tree.erase("/djm/alive/n");
    CHECK(r.enable("j", false) == "");
    CHECK(r.d.pass(seconds{30}) == "1 timed_out: the store did not take it: others keep changing it");
  }
  SUBCASE("outcomes that nobody knows") {
    r.d.fates.assign(1000, fate::unknown_lost);
    CHECK(r.enable("j", false) == "");
    CHECK(r.d.pass(seconds{30}) == "1 timed_out: the store did not take it: its outcome is unknown");
  }
}

TEST_CASE("admin: a question outlives an interruption of its session, and is not asked twice") {
  admin_rig r;
  r.join();
  r.d.fates = {fate::held};
  r.enable("j", false);
  r.d.take_asked();
  CHECK(r.d.suspend() == "");
  CHECK(r.d.reconnect() == "");
  CHECK(r.d.take_asked().empty());
  CHECK(r.d.answer_held() == "1 done");
}

TEST_CASE("admin: what was under way in a session that is over is asked again in the next") {
  admin_rig r;
  r.join();
  r.d.fates = {fate::held};
  CHECK(r.enable("j", false) == "");
  r.d.expire();
  r.d.call(&admin_core::on_joined, false);
  r.d.connect();
  enlist(r.tree, r.d.view.id, "n", "i1", {"j"});
  CHECK(r.d.call(&admin_core::on_joined, true) == "1 done");
  CHECK(r.d.answer_held() == "");
}

TEST_CASE("admin: more than the backlog holds is refused at once") {
  admin_rig r{2};
  CHECK(r.enable("j", false) == "");
  CHECK(r.enable("j", true) == "");
  CHECK(r.enable("j", true).find("3 backlog_full: node \"n\" holds 2 requests back") == 0);
  r.join();
}

TEST_CASE("admin: a stop answers everyone who waits, and nothing after it is written") {
  admin_rig r;
  r.join();
  r.d.fates = {fate::delayed};
  r.enable("j", false);
  r.enable("k", true);
  r.d.said.clear();
  r.d.take(r.d.core.on_stop());
  CHECK(r.d.said == "1 shutting_down: node \"n\" is shutting down; 2 shutting_down: node \"n\" is shutting down");
  CHECK_FALSE(r.d.core.wake_at());
  CHECK(r.d.answer_held() == "");
}
