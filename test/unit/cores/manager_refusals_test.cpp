#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"
#include "zkstore/payloads.hpp"

/// What workers have refused, as the leader sees it.
using namespace djm;
using namespace djm::test;

namespace {

struct refusing : manager_rig {
  void refuse(const std::string& name, const node_id& worker, const std::string& incarnation,
              std::vector<item_id> items, std::int64_t for_ms = 60'000) {
    store::refusal_payload p;
    p.worker = worker;
    p.incarnation = incarnation;
    p.job = "j";
    p.items = std::move(items);
    p.for_ms = for_ms;
    tree.put("/djm/refusals/" + name, store::encode(p));
  }
};

} // namespace

TEST_CASE("manager refusals: a refused item goes elsewhere, and may come back when its time is over") {
  refusing r;
  r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", manager_rig::items(4));
  r.lead();
  REQUIRE(r.count("v") == 2);
  const auto before = r.owners();
  item_id item;
  for (const auto& [name, owner] : before) {
    item = owner == "v" ? name : item;
  }
  r.refuse("v-i1-1", "v", "i1", {item});
  r.work();
  CHECK(r.owners().at(item) == "w");
  CHECK(r.count("v") == 1);
  r.pass(seconds{30});
  CHECK(r.owners().at(item) == "w");
  r.pass(seconds{40}); // nobody has removed it
  CHECK(r.count("v") == 2);
}

TEST_CASE("manager refusals: a worker that refuses all it gets of a job is not given the rest, one after the other") {
  refusing r;
  r.worker("v");
  r.worker("w");
  r.worker("x");
  add_pool(r.tree, "j", manager_rig::items(9));
  r.lead();
  std::vector<item_id> all;
  for (const auto& [name, owner] : r.owners()) {
    if (owner == "v") {
      all.push_back(name);
    }
  }
  REQUIRE(all.size() == 3);
  r.refuse("v-i1-1", "v", "i1", all);
  r.work();
  CHECK(r.count("v") == 0);
  CHECK(r.count("w") + r.count("x") == 9);
}

TEST_CASE("manager refusals: from the only worker an item waits, with that reason, and comes back") {
  refusing r;
  r.worker("v");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  r.refuse("v-i1-1", "v", "i1", {"a"});
  r.work();
  CHECK(r.owners() == std::map<item_id, node_id>{{"b", "v"}});
  REQUIRE(r.status().unassigned.size() == 1);
  CHECK(r.status().unassigned.front().rule == plan_rule::refused);
  SUBCASE("when its time is over") {
    r.pass(seconds{70});
  }
  SUBCASE("when the worker takes it back") {
    r.tree.erase("/djm/refusals/v-i1-1");
    r.work();
  }
  CHECK(r.owners().size() == 2);
}

TEST_CASE("manager refusals: one of a former life counts for nothing, and is cleaned away") {
  refusing r;
  r.worker("v", "i2");
  add_pool(r.tree, "j", {"a"});
  r.refuse("v-i1-1", "v", "i1", {"a"});
  r.lead();
  CHECK(r.owners().size() == 1);
  CHECK_FALSE(r.tree.has("/djm/refusals/v-i1-1"));
}

TEST_CASE("manager refusals: one of a life that is gone stays, for that life may come back") {
  refusing r;
  const auto session = r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.refuse("v-i1-1", "v", "i1", {"a"}, 3'600'000);
  r.work();
  r.tree.end(session);
  r.pass(seconds{60});
  CHECK(r.tree.has("/djm/refusals/v-i1-1"));
  r.pass(seconds{3600});
  CHECK_FALSE(r.tree.has("/djm/refusals/v-i1-1"));
}

TEST_CASE("manager refusals: a malformed one is told with its path, and passed over") {
  refusing r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.tree.put("/djm/refusals/v-i1-1", "{{{");
  r.lead();
  CHECK(r.owners().size() == 1);
  CHECK(r.all_events().find("/djm/refusals/v-i1-1") != std::string::npos);
  CHECK(r.tree.has("/djm/refusals/v-i1-1"));
}

TEST_CASE("manager refusals: a new leader counts from its first look") {
  refusing r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.refuse("v-i1-1", "v", "i1", {"a"}, 10'000);
  r.lead();
  CHECK(r.owners().empty());
  r.pass(seconds{5});
  r.revoke();
  r.lead();
  r.pass(seconds{5});
  CHECK(r.owners().empty());
  r.pass(seconds{6});
  CHECK(r.owners().size() == 1);
}
