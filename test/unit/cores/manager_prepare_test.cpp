#include <doctest/doctest.h>

#include "actors/manager/records/preparation_desk.hpp"
#include "test/unit/cores/manager_rig.hpp"
#include "zkstore/tree/job_records.hpp"

/// Who prepares a job: the hidden item in the hands of the leader.
using namespace djm;
using namespace djm::test;

namespace {

using names = std::vector<std::string>;

job_spec spec_with(bool prepares, std::int64_t revision) {
  job_spec spec;
  spec.id = "j";
  spec.prepares = prepares;
  spec.revision = revision;
  return spec;
}
const auto preparing = spec_with(true, 2), plain = spec_with(false, 1);

/// A cluster whose keepers have made the record of "j".
class preparing_rig : public manager_rig {
public:
  explicit preparing_rig(const job_spec& spec = preparing) {
    add_pool(tree, "j", {"a", "b"});
    write(store::first_record(*store::to_offer(spec), nullptr));
  }
  fake_store::session node(const node_id& id, const job_spec& spec = preparing) {
    const auto s = worker(id, "i-" + id);
    tree.put("/djm/workers/" + id + "/available/j", store::encode(store::offer_payload{hash_of_spec(spec)}));
    tree.put("/djm/worker-version", "{}");
    return s;
  }
  store::job_payload record() const { return *store::decode<store::job_payload>(tree.data(record_path), record_path); }
  void write(const store::job_payload& p) {
    const auto version = tree.stat("/djm/jobs-version").version;
    const auto before = store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "");
    tree.put(record_path, store::encode(p));
    tree.put("/djm/jobs-version", store::encode_change(*before, version, {"j"}, "test"));
  }
  template <class F>
  void change(F f) {
    auto p = record();
    f(p);
    ++p.rev;
    write(p);
    work();
  }
  /// Who has the hidden item; of several all.
  std::string preparer() const {
    const auto all = owners();
    const auto o = all.find(item_id{std::string{preparation_item}});
    return o == all.end() ? "" : o->second.str();
  }
  void refuse(const node_id& id, std::int64_t for_ms) {
    store::refusal_payload p;
    p.worker = id;
    p.incarnation = "i-" + id;
    p.job = "j";
    p.items = {item_id{std::string{preparation_item}}};
    p.for_ms = for_ms;
    tree.put("/djm/refusals/" + id + "-i-" + id + "-1", store::encode(p));
  }
};

} // namespace

TEST_CASE("manager: a job that is not prepared has its hidden item on one node, beside the others") {
  preparing_rig r;
  r.node("v");
  r.node("w");
  r.lead();
  CHECK_FALSE(r.preparer().empty());
  CHECK(r.owners().size() == 3);
  CHECK(r.status().assigned == 2);
  const auto who = r.preparer();
  r.node("x");
  r.work();
  CHECK(r.preparer() == who);
  r.change([](auto& p) { p.prepared = 1; });
  CHECK(r.preparer() == "");
  CHECK(r.owners().size() == 2);
  r.change([](auto& p) { p.generation = 1; }); // an order
  CHECK_FALSE(r.preparer().empty());
  r.change([](auto& p) { p.prepared = 2; });
  CHECK(r.preparer() == "");
}

TEST_CASE("manager: a job that prepares nothing has no hidden item, and a calm cluster is not written to") {
  preparing_rig r{plain};
  r.node("v", plain);
  r.lead();
  CHECK(r.owners().size() == 2);
  r.d.take_written();
  r.pass(seconds{60});
  CHECK(r.d.take_written().empty());
}

TEST_CASE("manager: only who offers the specification that rules prepares") {
  preparing_rig r;
  r.node("old", plain);
  r.lead();
  CHECK(r.preparer() == "");
  r.node("new");
  r.work();
  CHECK(r.preparer() == "new");
}

TEST_CASE("manager: the hidden item of a node that is gone goes elsewhere when its D is over, and not before") {
  preparing_rig r;
  const auto v = r.node("v");
  r.lead();
  REQUIRE(r.preparer() == "v");
  r.node("w");
  r.work();
  r.tree.end(v);
  r.pass(seconds{8});
  CHECK(r.preparer() == "v");
  r.pass(seconds{10});
  CHECK(r.preparer() == "w");
}

TEST_CASE("manager: a node that refuses to prepare is passed over for as long as it does") {
  preparing_rig r;
  r.node("v");
  r.lead();
  REQUIRE(r.preparer() == "v");
  r.refuse("v", 10'000);
  r.work();
  CHECK(r.preparer() == ""); // nobody else is there
  r.node("w");
  r.work();
  CHECK(r.preparer() == "w");
  r.refuse("w", 60'000);
  r.pass(seconds{20});
  CHECK(r.preparer() == "v");
}

TEST_CASE("manager: a job that is switched off or removed is not prepared") {
  preparing_rig r;
  r.node("v");
  r.lead();
  REQUIRE(r.preparer() == "v");
  add_pool(r.tree, "j", {"a", "b"}, false);
  r.tree.put("/djm/work-pool-version", "{}");
  r.work();
  CHECK(r.preparer() == "");
  add_pool(r.tree, "j", {"a", "b"}, true);
  r.tree.put("/djm/work-pool-version", "{}");
  r.work();
  CHECK(r.preparer() == "v");
  r.change([](auto& p) { p.state = record_state::removing; });
  CHECK(r.preparer() == "");
}

TEST_CASE("manager: another leader finds the hidden item where it is, and one that is there twice goes") {
  preparing_rig r;
  r.node("v");
  r.node("w");
  r.lead();
  const auto who = r.preparer();
  r.revoke();
  const node_id other{who == "v" ? "w" : "v"};
  r.tree.put("/djm/workers/" + other + "/assigned/j/.prepare");
  r.lead();
  CHECK(r.preparer().size() == 1);
  r.d.take_written();
  r.revoke();
  r.lead();
  CHECK(r.d.take_written().empty());
}

TEST_CASE("manager: an item that somebody else has named as the hidden one is none of the pool") {
  preparing_rig r{plain};
  r.tree.put("/djm/work-pool/j/.prepare");
  r.node("v", plain);
  r.lead();
  CHECK(r.owners().size() == 2);
  CHECK(r.preparer() == "");
}

TEST_CASE("preparations: a node that is being emptied prepares only where there is no other") {
  cluster_image image;
  for (const char* name : {"v", "w"}) {
    worker_image w;
    w.registration = store::worker_payload{};
    w.registration->incarnation = w.alive = "i";
    image.workers[node_id{name}] = w;
  }
  image.jobs["j"].pool.enabled = true;
  preparation_desk desk;
  CHECK(desk.wanted("j", {"v", "w"}));
  CHECK_FALSE(desk.wanted("j", {"v", "w"}));
  for (const char* name : {"v", "w"}) {
    image.marks = {{node_id{name}, {true, false}}};
    const auto t = desk.transfers(image, {}, {});
    REQUIRE(t.size() == 1);
    CHECK(t.front().to != name);
    CHECK(desk.transfers(image, {}, {node_id{name}}).front().to != name);
  }
  image.marks = {{node_id{"v"}, {true, false}}, {node_id{"w"}, {false, true}}};
  CHECK(desk.transfers(image, {}, {}).size() == 1);
  CHECK(desk.not_wanted("j"));
  CHECK_FALSE(desk.not_wanted("j"));
  CHECK(desk.transfers(image, {}, {}).empty());
}
