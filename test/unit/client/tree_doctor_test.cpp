#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "actors/client/tree_doctor.hpp"
#include "test/unit/client/read_tree.hpp"
#include "test/unit/client/tree_faults.hpp"

using namespace djm;
using namespace djm::test;

namespace {

const store::tree_schema doctor_schema{"/djm"};

class sick_tree {
public:
  sick_tree() {
    prepare(tree);
    session = tree.open();
    enlist(tree, session, "n1", "i1", {"j"});
    add_pool(tree, "j", {"a", "b"});
    assign(tree, "n1", "i1", "j", {"a"});
    put_lock(tree, "j", "a", "n1", "i1");
    store::transaction txn;
    txn.ops.emplace_back(store::create_op{"/djm/leader-latch/n1-i1-", {}, store::create_mode::ephemeral_sequential});
    REQUIRE(std::holds_alternative<store::committed>(tree.commit(session, txn)));
  }

  tree_hands hands() {
    return {[this](const std::string& p, const std::string& d) { tree.put(p, d); },
            [this](const std::string& p) { tree.erase(p); }};
  }
  std::vector<tree_record> records() {
    tree_walk walk{doctor_schema, 100'000};
    read_whole(walk, tree);
    return walk.take_records();
  }
  std::vector<diagnosis> examine() { return examine_tree(doctor_schema, records(), "client-1"); }
  std::set<std::string> ids() {
    std::set<std::string> result;
    for (const auto& d : examine()) {
      result.insert(d.finding.id);
    }
    return result;
  }

  fake_store tree;
  fake_store::session session = 0;
};

const diagnosis* find(const std::vector<diagnosis>& all, const std::string& id) {
  const auto i = std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.finding.id == id; });
  return i == all.end() ? nullptr : &*i;
}

} // namespace

TEST_CASE("doctor: a sound tree has no finding") {
  sick_tree t;
  CHECK(t.ids().empty());
}

TEST_CASE("doctor: each fault is found with its path and rule, alone, and what can be mended is mended by its repair") {
  for (const auto& fault : tree_faults()) {
    sick_tree t;
    const auto id = to_string(fault.rule) + ":" + fault.path;
    CAPTURE(id);
    fault.make(t.hands(), "/djm");
    const auto all = t.examine();
    const auto* d = find(all, id);
    REQUIRE(d != nullptr);
    CHECK(all.size() == 1);
    CHECK(d->finding.path == "/djm/" + fault.path);
    CHECK_FALSE(d->finding.text.empty());
    CHECK_FALSE(d->finding.advice.empty());
    CHECK(d->ops.empty() != fault.mended);
    CHECK(d->finding.repair.empty() != fault.mended);
    if (fault.mended) {
      const auto outcome = t.tree.commit(t.tree.open(), {d->ops});
      CHECK(std::holds_alternative<store::committed>(outcome));
      CHECK(t.ids().empty());
    }
  }
}

TEST_CASE("doctor: every rule that a tree in memory can break has a fault") {
  std::set<finding_rule> made{finding_rule::alive_without_registration, finding_rule::no_leader,
                              finding_rule::mixed_access, finding_rule::hidden_node, finding_rule::config_mismatch};
  for (const auto& fault : tree_faults()) {
    made.insert(fault.rule);
  }
  CHECK(made.size() == 1 + static_cast<std::size_t>(finding_rule::config_mismatch));
}

TEST_CASE("doctor: nodes that are there and do not agree are named with keys and values") {
  sick_tree t;
  const auto other = t.tree.open();
  enlist(t.tree, other, "n2", "i2");
  const auto say = [&](const std::string& id, const char* tolerance, const char* moves) {
    auto p = *store::decode<store::worker_payload>(t.tree.data("/djm/workers/" + id), id);
    p.shared = {{"detach_tolerance", tolerance}, {"max_moves", moves}};
    t.tree.put("/djm/workers/" + id, store::encode(p));
  };
  say("n1", "15s", "0");
  CHECK(t.ids().empty()); // n2 says nothing
  say("n2", "15s", "0");
  CHECK(t.ids().empty());
  say("n2", "30s", "7");
  const auto all = t.examine();
  REQUIRE(all.size() == 1);
  const auto& f = all.front().finding;
  CHECK(f.id == "config_mismatch:workers");
  CHECK(f.level == finding_level::warning);
  CHECK(f.text == "detach_tolerance differs: 15s on \"n1\"; 30s on \"n2\"; max_moves differs: 0 on \"n1\"; 7 on "
                  "\"n2\"");
  CHECK(all.front().ops.empty());
  t.tree.end(other);
  CHECK(t.ids().empty());
}

TEST_CASE("doctor: faults do not hide each other") {
  const auto faults = tree_faults();
  for (std::size_t seed = 1; seed <= 200; ++seed) {
    sick_tree t;
    std::set<std::string> wanted;
    std::set<std::string> touched;
    std::size_t random = seed * 2654435761u;
    for (int n = 0; n < 4; ++n) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const auto& fault = faults[(random >> 33) % faults.size()];
      // What takes a folder away takes other faults with it, and two faults cannot be at one place.
      if (fault.rule == finding_rule::base_missing || fault.rule == finding_rule::version_missing ||
          !touched.insert(fault.path).second) {
        continue;
      }
      fault.make(t.hands(), "/djm");
      wanted.insert(to_string(fault.rule) + ":" + fault.path);
    }
    const auto found = t.ids();
    CAPTURE(seed);
    CHECK(std::includes(found.begin(), found.end(), wanted.begin(), wanted.end()));
  }
}

TEST_CASE("doctor: a repair meets what has changed since it was decided, and then does nothing") {
  for (const auto& fault : tree_faults()) {
    const bool of_refusal = fault.path.find("refusals/") == 0;
    if (!fault.mended || fault.rule == finding_rule::latch_without_session || of_refusal) {
      continue; // a candidate's name never comes again, and a refusal is never written again
    }
    sick_tree t;
    fault.make(t.hands(), "/djm");
    const auto all = t.examine();
    REQUIRE(all.size() == 1);
    // Everything that guards anything moves on.
    for (const auto& path :
         {doctor_schema.worker_version(), doctor_schema.assignment_version(), doctor_schema.pool_version()}) {
      t.tree.put(path, "moved on");
    }
    CAPTURE(all[0].finding.id);
    CHECK(std::holds_alternative<store::conflict>(t.tree.commit(t.tree.open(), {all[0].ops})));
    CHECK(t.ids().size() == 1);
  }
}

TEST_CASE("doctor: the base is mended from outside only while nobody is alive, and all terms end with it") {
  sick_tree t;
  t.tree.erase("/djm/worker-version");
  t.tree.erase("/djm/marks");
  for (const auto& d : t.examine()) {
    CHECK(d.ops.empty());
  }
  t.tree.end(t.session);
  t.tree.put("/djm/leader-latch/n8-x-0000000042");
  const auto all = t.examine();
  for (const auto* id : {"version_missing:worker-version", "base_missing:marks"}) {
    const auto* d = find(all, id);
    REQUIRE(d != nullptr);
    CHECK(std::holds_alternative<store::committed>(t.tree.commit(t.tree.open(), {d->ops})));
  }
  CHECK(t.tree.children("/djm/leader-latch").empty());
  CHECK(t.ids() == std::set<std::string>{"orphaned_lock:locks/j/a.lock"});
}

TEST_CASE("doctor: nobody who could lead, and a life without a registration") {
  sick_tree t;
  t.tree.erase(std::string{"/djm/leader-latch/"} + t.tree.children("/djm/leader-latch").front());
  CHECK(t.ids() == std::set<std::string>{"no_leader:leader-latch"});
  sick_tree u;
  u.tree.erase("/djm/workers/n1");
  CHECK(u.ids() == std::set<std::string>{"alive_without_registration:alive/n1"});
}

TEST_CASE("doctor: what may not be read is named, and not taken for missing") {
  sick_tree t;
  t.tree.forbid("/djm/work-pool/j");
  const auto ids = t.ids();
  CHECK(ids.count("hidden_node:work-pool/j") == 1);
  CHECK(ids.count("malformed_data:work-pool/j") == 0);
}

TEST_CASE("doctor: nodes with different access are named once") {
  sick_tree t;
  t.tree.identify("me:secret");
  t.tree.set_access("/djm/work-pool/j/a", "me:secret");
  const auto all = t.examine();
  REQUIRE(all.size() == 1);
  CHECK(all[0].finding.rule == finding_rule::mixed_access);
}

TEST_CASE("doctor: the worst findings come first") {
  sick_tree t;
  for (const auto& fault : tree_faults()) {
    if (fault.rule != finding_rule::base_missing && fault.rule != finding_rule::version_missing) {
      fault.make(t.hands(), "/djm");
    }
  }
  const auto all = t.examine();
  CHECK(all.size() > 15);
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.finding.level > b.finding.level; }));
}

TEST_CASE("doctor: a root without a tree of djm is told from a sick one") {
  sick_tree t;
  CHECK(check_is_tree(doctor_schema, t.records()));
  t.tree.erase("/djm/format");
  CHECK(check_is_tree(doctor_schema, t.records()));
  fake_store bare;
  bare.put("/djm/other", "x");
  tree_walk walk{doctor_schema, 100};
  read_whole(walk, bare);
  CHECK(check_is_tree(doctor_schema, walk.take_records()).error().code == errc::malformed_payload);
  CHECK(check_is_tree(doctor_schema, {}).error().text.find("there is no node /djm") == 0);
}

TEST_CASE("walk: a tree that is too large is not read to its end") {
  sick_tree t;
  tree_walk walk{doctor_schema, 5};
  read_whole(walk, t.tree);
  CHECK(walk.cut_off());
}
