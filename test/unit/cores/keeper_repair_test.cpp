#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

void join(keeper_rig& r) {
  r.offer("j");
  r.pool("j", {"a", "b"});
  r.d.connect();
  REQUIRE(r.phase() == registration_phase::joined);
}

} // namespace

TEST_CASE("keeper: a tree that somebody deleted as a whole is made anew while the session lives") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm");
  r.d.call(&keeper_core::on_not_alive);
  r.d.pass(seconds{30});
  CHECK(r.phase() == registration_phase::joined);
  CHECK(r.alive());
  CHECK(r.tree.has("/djm/worker-assignment-version"));
  CHECK(r.tree.has("/djm/leader-latch"));
  CHECK(r.tree.has("/djm/work-pool/j/a"));
}

TEST_CASE("keeper: a look at the tree that nobody answered is taken again, and what it misses is made anew") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm/locks");
  r.d.settle(); // the watch has told
  int looks = 0;
  for (int n = 0; n < 30; ++n) {
    r.d.now += std::chrono::milliseconds{100};
    r.d.take(r.d.core.on_wake(r.d.now_step()));
    for (const auto& q : std::exchange(r.d.reads, {})) {
      looks += q.reads.front().path == "/djm" ? 1 : 0;
      r.d.take(r.d.core.on_read(q.request, {store::read_status::failed, {}, "no answer"}, r.d.now_step()));
    }
  }
  CHECK(looks > 1);
  r.d.pass(seconds{6});
  CHECK(r.tree.has("/djm/locks"));
}

TEST_CASE("keeper: the version node of the pools is made anew when it is missing") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm/work-pool-version");
  r.pool("j", {"a", "c"});
  r.d.pass(seconds{30});
  CHECK(r.tree.has("/djm/work-pool/j/c"));
  CHECK(r.phase() == registration_phase::joined);
}

TEST_CASE("keeper: the version node of the workers is made anew when it is missing") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm/worker-version");
  r.offer("k");
  r.pool("k", {"x"});
  r.d.pass(seconds{30});
  CHECK(r.tree.has("/djm/workers/w/available/k"));
  CHECK(r.phase() == registration_phase::joined);
  CHECK(r.alive());
}

TEST_CASE("keeper: an alive that no session holds is reported and replaced in the join") {
  keeper_rig r;
  prepare(r.tree);
  const auto before = r.tree.open();
  enlist(r.tree, before, "w", "i0");
  const auto alive = r.tree.data("/djm/alive/w");
  r.tree.end(before);
  r.tree.put("/djm/alive/w", alive);
  CHECK(r.d.connect() == "joined 1; probe alive/w");
  CHECK(r.alive());
  CHECK(r.all_events().find("/djm/alive/w is not ephemeral") != std::string::npos);
}

TEST_CASE("keeper: a version node that is made anew ends the terms of all leaders in the same transaction") {
  for (const std::string which : {"worker-version", "worker-assignment-version"}) {
    CAPTURE(which);
    keeper_rig r;
    join(r);
    r.tree.put("/djm/leader-latch/v-i1-0000000007");
    r.tree.put("/djm/leader-latch/u-i1-0000000003");
    r.d.take_written();
    r.tree.erase("/djm/" + which);
    r.d.pass(seconds{2});
    CHECK(r.d.take_written() == std::vector<std::string>{"create " + which +
                                                         ", remove leader-latch/u-i1-0000000003, remove "
                                                         "leader-latch/v-i1-0000000007"});
    CHECK(r.all_events().find("/djm/" + which + " was deleted by somebody") != std::string::npos);
  }
}

TEST_CASE(
  "keeper: its offers and the pools of its jobs are made anew when somebody deletes them, and reported by path") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm/work-pool/j");
  r.d.pass(seconds{1});
  CHECK(r.tree.has("/djm/work-pool/j/b"));
  CHECK(r.all_events().find("/djm/work-pool/j was deleted by somebody") != std::string::npos);
  r.tree.erase("/djm/workers/w/available");
  r.d.pass(seconds{1});
  CHECK(r.tree.has("/djm/workers/w/available/j"));
  CHECK(r.all_events().find("/djm/workers/w/available was deleted by somebody") != std::string::npos);
  r.tree.erase("/djm/work-pool");
  r.d.pass(seconds{1});
  CHECK(r.tree.has("/djm/work-pool/j/b"));
}

TEST_CASE("keeper: a registration that is older than what we wrote says that the store has gone back, not that our id "
          "is taken") {
  for (const bool copy_names_another : {true, false}) {
    CAPTURE(copy_names_another);
    keeper_rig r;
    r.offer("j");
    r.pool("j", {"a", "b"});
    prepare(r.tree);
    const auto before = r.tree.open();
    enlist(r.tree, before, "w", "i0");
    r.tree.end(before);
    if (!copy_names_another) {
      r.d.connect();
      r.d.expire();
    }
    const auto copy = r.tree;
    r.d.connect();
    REQUIRE(r.alive());
    r.d.expire();
    r.tree = copy;
    r.pool("j", {"c"});
    const auto written = r.d.written.size();
    // Nothing is written, and it goes on saying so until somebody ends this life.
    auto said = r.d.connect();
    said += "; " + r.d.pass(seconds{10});
    CHECK(said.find("read older") != said.rfind("read older"));
    CHECK(said.find("failed") == std::string::npos);
    // Not even when a leader has cleaned up after it.
    r.tree.erase("/djm/workers/w");
    CHECK(r.d.pass(seconds{10}).find("read older") != std::string::npos);
    CHECK_FALSE(r.tree.has("/djm/alive/w"));
    CHECK(r.d.written.size() == written);
    CHECK(r.all_events().find("/djm/workers/w is older than what this node has written") != std::string::npos);
  }
}
