#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/cores/manager_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

namespace {

constexpr const char* noted_path = "/djm/model";

class model_rig : public manager_rig {
public:
  model_rig() { d.notes = true; }
  store::model_payload noted() const {
    auto p = store::decode<store::model_payload>(tree.data(noted_path), noted_path);
    REQUIRE(p.has_value());
    return *p;
  }
  /// What was told since the last call, as text.
  std::string told() {
    std::string text;
    for (; heard_ < d.emitted.size(); ++heard_) {
      if (std::holds_alternative<model_changed>(d.emitted[heard_])) {
        text += show(emit_effect{d.emitted[heard_]}) + "\n";
      }
    }
    return text;
  }
  /// How often it was written since the last call, and whether that was the first thing.
  int writes() {
    int n = 0;
    for (const auto& txn : d.take_written()) {
      n += txn.find(" model") != std::string::npos ? 1 : 0;
    }
    return n;
  }
  void record(const char* deployment) {
    job_spec spec;
    spec.id = "j";
    spec.deployment = deployment;
    const auto version = tree.stat("/djm/jobs-version").version;
    const auto before = store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "");
    tree.put(record_path, store::encode(store::first_record(*store::to_offer(spec), nullptr)));
    tree.put("/djm/jobs-version", store::encode_change(*before, version, {"j"}, "test"));
  }
  void configure(const char* config) {
    const auto version = tree.stat("/djm/jobs-version").version;
    const auto before = store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "");
    tree.put("/djm/jobs/j/config", store::encode(store::config_payload{*user_config::parse(config)}));
    tree.put("/djm/jobs-version", store::encode_change(*before, version, {"j"}, "test"));
  }

private:
  std::size_t heard_ = 0;
};

std::string all_changed(std::int64_t epoch) {
  return "model_changed(what=[job_model, configuration, deployment], epoch=" + std::to_string(epoch) + ")\n";
}

} // namespace

TEST_CASE("manager: where nothing is noted down all has changed, and it is noted down before the first assignment") {
  model_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  r.lead();
  const auto epoch = r.tree.stat(manager_rig::latch).czxid;
  CHECK(r.told() == all_changed(epoch));
  CHECK(r.noted().epoch == epoch);
  CHECK(r.tree.stat(noted_path).czxid < r.tree.stat("/djm/workers/w/assigned/j/a").czxid);
  bool behind_a_barrier = false;
  for (const auto& asked : r.d.take_asked()) {
    behind_a_barrier = behind_a_barrier || (asked.rfind("fresh", 0) == 0 && asked.find("model") != std::string::npos);
  }
  CHECK(behind_a_barrier);
  const auto written = r.d.take_written();
  REQUIRE(written.size() >= 1);
  CHECK(written.front().rfind("check leader-latch/m-im-0000000000, create model", 0) == 0);
}

TEST_CASE("manager: a calm cluster notes nothing down, neither does a leader that finds it as it was") {
  model_rig r;
  add_pool(r.tree, "j", {"a", "b"});
  r.worker("w");
  r.record("one");
  r.lead();
  r.told();
  r.writes();
  const auto before = r.tree.stat(noted_path).mzxid;
  r.pass(seconds{100});
  r.revoke();
  r.pass(seconds{10});
  r.lead();
  r.pass(seconds{100});
  CHECK(r.writes() == 0);
  CHECK(r.told() == "");
  CHECK(r.tree.stat(noted_path).mzxid == before);
}

TEST_CASE("manager: what has changed while nobody led is told by the next leader") {
  model_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  r.record("one");
  r.lead();
  r.revoke();
  r.told();
  const auto before = r.noted();
  SUBCASE("an item") {
    r.tree.put("/djm/work-pool/j/b");
    r.lead();
    CHECK(r.told() == "model_changed(what=[job_model], epoch=" + std::to_string(r.noted().epoch) + ")\n");
    CHECK(r.noted().job_model != before.job_model);
    CHECK(r.noted().configuration == before.configuration);
  }
  SUBCASE("a worker") {
    r.worker("v");
    r.lead();
    CHECK(r.told() == "model_changed(what=[job_model], epoch=" + std::to_string(r.noted().epoch) + ")\n");
  }
  SUBCASE("a configuration") {
    r.configure(R"({"n":1})");
    r.lead();
    CHECK(r.told() == "model_changed(what=[configuration], epoch=" + std::to_string(r.noted().epoch) + ")\n");
    CHECK(r.noted().job_model == before.job_model);
  }
  SUBCASE("a deployment") {
    r.record("two");
    r.lead();
    CHECK(r.told() ==
          "model_changed(what=[configuration, deployment], epoch=" + std::to_string(r.noted().epoch) + ")\n");
    CHECK(r.noted().deployments == std::vector<std::string>{"two"});
  }
}

TEST_CASE("manager: what changes within a term is noted down once for each change") {
  model_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  r.record("one");
  r.lead();
  r.told();
  r.writes();
  r.tree.put("/djm/work-pool/j/b");
  r.tree.put("/djm/work-pool-version", "{}");
  r.pass(seconds{5});
  CHECK(r.told() != "");
  CHECK(r.writes() == 1);
  r.configure(R"({"n":1})"); // no plan comes of it
  const auto plans = r.plans;
  r.pass(seconds{5});
  CHECK(r.plans == plans);
  CHECK(r.told() == "model_changed(what=[configuration], epoch=" + std::to_string(r.noted().epoch) + ")\n");
  CHECK(r.writes() == 1);
  r.pass(seconds{100});
  CHECK(r.writes() == 0);
}

TEST_CASE("manager: a worker that is gone takes part as long as it keeps its items") {
  model_rig r;
  add_pool(r.tree, "j", {"a", "b"});
  r.worker("v");
  const auto s = r.worker("w");
  r.lead();
  const auto before = r.noted().job_model;
  r.tree.end(s);
  r.pass(seconds{5});
  CHECK(r.noted().job_model == before);
  r.pass(seconds{20});
  CHECK(r.count("w") == 0);
  const auto after = r.noted().job_model;
  CHECK(after != before);
  r.told();
  r.revoke();
  r.lead(); // who counts its tolerance anew
  r.pass(seconds{60});
  CHECK(r.noted().job_model == after);
  CHECK(r.told() == "");
}

TEST_CASE("manager: the order in which leaders come to know items does not matter") {
  model_rig r;
  add_pool(r.tree, "j", {"b", "c"});
  r.worker("w");
  r.lead();
  r.tree.put("/djm/work-pool/j/a");
  r.tree.put("/djm/work-pool-version", "{}");
  r.pass(seconds{5});
  const auto at = r.tree.stat(noted_path).mzxid;
  r.revoke();
  r.lead();
  CHECK(r.tree.stat(noted_path).mzxid == at);
}

TEST_CASE("manager: a change is told once in a term, also where its outcome is not known") {
  model_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  SUBCASE("it was written") {
    r.d.fates = {fate::unknown_applied};
  }
  SUBCASE("it was not") {
    r.d.fates = {fate::unknown_lost};
  }
  r.lead();
  CHECK(r.owners() == std::map<item_id, node_id>{{"a", "w"}}); // no plan waits for it
  r.pass(seconds{30});
  CHECK(r.told() == all_changed(r.noted().epoch));
}

TEST_CASE("manager: what others write into it is reported and written anew") {
  model_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  r.tree.put(noted_path, "rubbish");
  r.lead();
  CHECK(r.all_events().find("problem(component=\"manager\", code=malformed_payload, text=\"\\\"/djm/model\\\"") !=
        std::string::npos);
  CHECK(r.told() == all_changed(r.noted().epoch));
  CHECK(r.status().problems.empty());
}

TEST_CASE("manager: a model that somebody changes meanwhile is read again, and keeps no plan from being written") {
  model_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  r.lead();
  r.d.take_asked();
  r.tree.put(noted_path, store::encode(store::model_payload{}));
  r.tree.put("/djm/work-pool/j/b");
  r.tree.put("/djm/work-pool-version", "{}");
  r.pass(seconds{2});
  CHECK(r.owners().size() == 2);
  r.pass(seconds{30});
  CHECK(r.noted().epoch == r.tree.stat(manager_rig::latch).czxid);
  const auto asked = r.d.take_asked();
  CHECK(std::any_of(asked.begin(), asked.end(), [](const auto& x) { return x.find("model") != std::string::npos; }));
}

TEST_CASE("manager: a model that may not be written is a problem, and keeps no plan from being written") {
  model_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  r.tree.forbid(noted_path);
  r.lead();
  CHECK(r.owners().size() == 1);
  r.pass(seconds{60});
  CHECK(r.status().problems.size() >= 1);
  r.tree.forbid("");
  r.pass(seconds{60});
  CHECK(r.status().problems.empty());
  CHECK(r.noted().epoch == r.tree.stat(manager_rig::latch).czxid);
}
