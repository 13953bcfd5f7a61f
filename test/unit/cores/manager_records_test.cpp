#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

namespace {

job_spec spec_of(const char* strategy, std::int64_t revision = 0) {
  job_spec spec;
  spec.id = "j";
  spec.attributes.strategy = strategy;
  spec.revision = revision;
  return spec;
}
const auto blue = spec_of("blue"), green = spec_of("green");
const auto blue_hash = hash_of_spec(blue), green_hash = hash_of_spec(green);

/// A cluster whose keepers have made the record of "j".
class rig : public manager_rig {
public:
  explicit rig(const std::vector<job_spec>& specs) {
    add_pool(tree, "j", {"a"});
    auto p = store::first_record(*store::to_offer(specs.front()), nullptr);
    for (std::size_t n = 1; n < specs.size(); ++n) {
      store::appear(p, *store::to_offer(specs[n]));
    }
    write(p);
  }
  fake_store::session node(const node_id& id, const std::string& hash) {
    const auto s = worker(id, "i-" + id);
    offer(id, hash);
    return s;
  }
  void offer(const node_id& id, const std::string& hash) {
    tree.put("/djm/workers/" + id + "/available/j", store::encode(store::offer_payload{hash}));
    tree.put("/djm/worker-version", "{}");
  }
  store::job_payload record() const {
    auto p = store::decode<store::job_payload>(tree.data(record_path), record_path);
    REQUIRE(p.has_value());
    return *p;
  }
  void write(const store::job_payload& p) {
    const auto version = tree.stat("/djm/jobs-version").version;
    const auto before = store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "");
    tree.put(record_path, store::encode(p));
    tree.put("/djm/jobs-version", store::encode_change(*before, version, {"j"}, "test"));
  }
  void remove(record_state state) {
    auto p = record();
    p.state = state;
    ++p.rev;
    write(p);
  }
  /// In steps, as a manager that sweeps wakes up often.
  void wait(std::chrono::hours time) {
    for (; time.count() > 0; time -= std::chrono::hours{1}) {
      pass(std::chrono::hours{1});
    }
  }
  void unregister(const node_id& id) {
    tree.erase("/djm/workers/" + id);
    tree.put("/djm/worker-version", "{}");
  }
};

} // namespace

TEST_CASE("manager: the specification that appeared last rules as soon as a node offers it") {
  rig r{{blue, green}};
  r.node("v", blue_hash);
  r.lead();
  CHECK(r.record().ruling == blue_hash);
  const auto rev = r.record().rev;
  r.node("w", green_hash);
  r.pass(seconds{1});
  CHECK(r.record().ruling == green_hash);
  CHECK(r.record().rev == rev + 1);
  bool seen = false;
  for (const auto& txn : r.d.take_written()) {
    if (txn.find("set jobs/j@") != std::string::npos) {
      seen = true;
      CHECK(txn.find("check leader-latch/m-im-0000000000, check worker-version@") == 0);
      CHECK(txn.find("set jobs-version@") != std::string::npos);
    }
  }
  CHECK(seen);
}

TEST_CASE("manager: a node that comes back with an old specification changes nothing, however often") {
  rig r{{blue, green}};
  r.node("w", green_hash);
  r.lead();
  const auto rev = r.record().rev;
  for (int n = 0; n < 5; ++n) {
    const auto s = r.node("v", blue_hash);
    r.pass(seconds{20});
    r.tree.end(s);
    r.pass(seconds{20});
  }
  CHECK(r.record().rev == rev);
  CHECK(r.record().ruling == green_hash);
}

TEST_CASE("manager: when the last node of a specification has been gone for its D the one before rules again") {
  rig r{{blue, green}};
  r.node("v", blue_hash);
  const auto s = r.node("w", green_hash);
  r.lead();
  REQUIRE(r.record().ruling == green_hash);
  r.tree.end(s);
  r.pass(seconds{8});
  CHECK(r.record().ruling == green_hash); // it may come back
  r.pass(seconds{10});
  CHECK(r.record().ruling == blue_hash);
}

TEST_CASE("manager: a specification rules on when nobody offers any of the lineage") {
  rig r{{blue, green}};
  r.node("v", "0123456789abcdef");
  r.lead();
  CHECK(r.record().ruling == blue_hash);
}

TEST_CASE("manager: whoever joins while it is decided which specification rules is counted") {
  rig r{{blue, green}};
  r.node("v", blue_hash);
  r.lead();
  r.node("u", green_hash);
  r.d.fates = {fate::delayed};
  // Decided from what was read, but another one comes before it is written.
  for (int n = 0; n < 50 && r.d.held.empty(); ++n) {
    r.pass(milliseconds{20});
  }
  REQUIRE_FALSE(r.d.held.empty());
  r.tree.put("/djm/worker-version", "{}");
  r.d.answer_held();
  CHECK(r.record().ruling == blue_hash); // refused
  r.pass(seconds{5});
  CHECK(r.record().ruling == green_hash);
}

TEST_CASE("manager: I5 records that leave nothing to decide are read and not written") {
  rig r{{blue, green}};
  r.node("v", blue_hash);
  r.node("w", green_hash);
  r.lead();
  r.pass(seconds{10});
  const auto zxid = r.tree.zxid();
  r.pass(std::chrono::minutes{30});
  CHECK(r.tree.zxid() == zxid);
}

TEST_CASE("manager: a job is removed when nobody offers it who lives, or may come back") {
  rig r{{blue}};
  const auto s = r.node("v", blue_hash);
  r.lead();
  r.remove(record_state::removing);
  r.pass(seconds{60});
  CHECK(r.record().state == record_state::removing);
  SUBCASE("it gives it back") {
    r.tree.erase("/djm/workers/v/available/j");
    r.tree.put("/djm/workers/v", r.tree.data("/djm/workers/v"));
    r.tree.put("/djm/worker-version", "{}");
    r.pass(seconds{2});
  }
  SUBCASE("it is gone for its D") {
    r.tree.end(s);
    r.pass(seconds{8});
    CHECK(r.record().state == record_state::removing);
    r.pass(seconds{10});
  }
  CHECK(r.record().state == record_state::removed);
}

TEST_CASE("manager: what was saved of the items of a job goes before its tombstone is written, in bounded steps") {
  rig r{{blue}};
  r.node("v", blue_hash);
  r.lead();
  for (int n = 0; n < 500; ++n) {
    r.tree.put("/djm/states/j/item-" + std::to_string(n), "{}");
  }
  r.tree.put("/djm/states/k/other", "{}");
  r.remove(record_state::removing);
  r.pass(seconds{60});
  CHECK(r.tree.children("/djm/states/j").size() == 500); // it is offered still
  r.tree.erase("/djm/workers/v/available/j");
  r.tree.put("/djm/workers/v", r.tree.data("/djm/workers/v"));
  r.tree.put("/djm/worker-version", "{}");
  r.pass(seconds{10});
  CHECK_FALSE(r.tree.has("/djm/states/j"));
  CHECK(r.record().state == record_state::removed);
  CHECK(r.tree.has("/djm/states/k/other"));
}

TEST_CASE("manager: a tombstone stays for a week after the last registration that names the job") {
  rig r{{blue}};
  r.node("u", blue_hash);
  r.node("v", blue_hash);
  r.lead();
  r.remove(record_state::removed);
  constexpr std::chrono::hours week{7 * 24};
  r.wait(week + std::chrono::hours{4});
  CHECK(r.tree.has(record_path)); // nodes have it still
  r.unregister("u");
  r.tree.erase("/djm/workers/v/available/j");
  r.tree.put("/djm/workers/v", r.tree.data("/djm/workers/v"));
  r.tree.put("/djm/worker-version", "{}");
  r.wait(week - std::chrono::hours{1});
  CHECK(r.tree.has(record_path));
  r.wait(std::chrono::hours{8});
  CHECK_FALSE(r.tree.has(record_path));
}

TEST_CASE("manager: records of past jobs go after a week, but none in which operators have set something") {
  for (const bool intent : {false, true}) {
    CAPTURE(intent);
    rig r{{blue}};
    auto p = r.record();
    p.paused = intent;
    r.write(p);
    r.worker("v", "i1", {});
    r.lead();
    r.wait(std::chrono::hours{8 * 24});
    CHECK(r.tree.has(record_path) == intent);
  }
}

TEST_CASE("manager: what others write into records is told of, and stops nothing") {
  rig r{{blue, green}};
  r.node("w", green_hash);
  r.tree.put("/djm/jobs/broken", "{");
  r.tree.put("/djm/jobs/not an id!", "{}");
  r.lead();
  CHECK(r.record().ruling == green_hash);
  CHECK(r.all_events().find("/djm/jobs/broken") != std::string::npos);
  CHECK(r.owners().size() == 1);
}
