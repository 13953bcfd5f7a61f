#include <doctest/doctest.h>

#include "test/unit/cores/admin_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using std::chrono::seconds;

struct removal_rig : admin_rig {
  fake_store::session other = 0;

  removal_rig() {
    join();
    other = tree.open();
    enlist(tree, other, "m", "i2", {"k"});
    tree.erase("/djm/workers/n/available/j");
  }
  std::string remove(const job_id& job) { return ask(admin_core::remove_job{job}); }
  bool retired(const job_id& job) const {
    const auto path = "/djm/work-pool/" + job;
    return store::decode<store::pool_payload>(tree.data(path), path)->retired;
  }
};

} // namespace

TEST_CASE("admin: a job that nobody offers is marked for its removal, with the versions that say so") {
  removal_rig r;
  const auto at = [&](const std::string& path) {
    return path + "@" + std::to_string(r.tree.stat("/djm/" + path).version);
  };
  const auto guarded =
    "check alive/n, check " + at("worker-version") + ", set " + at("work-pool-version") + ", set " + at("work-pool/j");
  CHECK(r.remove("j") == "1 done");
  CHECK(r.retired("j"));
  CHECK(r.tree.has("/djm/work-pool/j/a"));
  const auto written = r.d.take_written();
  REQUIRE(written.size() == 1);
  CHECK(written.front() == guarded);
  CHECK(r.remove("j") == "2 done"); // no second time
  CHECK(r.d.take_written().empty());
}

TEST_CASE("admin: a job that a living node offers is not removed, and the node is named") {
  removal_rig r;
  CHECK(r.remove("k") ==
        "1 invalid_state: job \"k\" cannot be deleted: node \"m\" offers it; unregister it there first");
  CHECK(r.remove("nothing") == "2 unknown_job: job \"nothing\" is not in the cluster's work pool");
  CHECK(r.d.take_written().empty());
  // One that is gone does not count: the leader waits for its D.
  r.tree.end(r.other);
  r.tree.erase("/djm/workers/n/available/k");
  CHECK(r.remove("k") == "3 done");
}

TEST_CASE("admin: a job that this node has not given back yet is removed when it has") {
  removal_rig r;
  r.tree.put("/djm/workers/n/available/j");
  CHECK(r.remove("j") == "");
  r.tree.erase("/djm/workers/n/available/j");
  CHECK(r.d.pass(seconds{1}) == "1 done");
  CHECK(r.retired("j"));
}

TEST_CASE("admin: who joins between the look and the mark keeps a job from its removal") {
  removal_rig r;
  r.d.fates = {fate::delayed};
  CHECK(r.remove("j") == "");
  const auto late = r.tree.open();
  enlist(r.tree, late, "x", "i3", {"j"});
  r.tree.put("/djm/worker-version", "x");
  CHECK(r.d.answer_held() == "");
  CHECK(r.d.pass(seconds{1}).find("1 invalid_state: job \"j\" cannot be deleted: node \"x\"") == 0);
  CHECK_FALSE(r.retired("j"));
}
