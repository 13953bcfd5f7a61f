#include <map>

#include <doctest/doctest.h>

#include "actors/client/lock_walk.hpp"
#include "test/unit/client/read_tree.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("locks: each says how it stands to the rest of the tree") {
  fake_store tree;
  prepare(tree);
  const auto alive = tree.open();
  enlist(tree, alive, "n1", "i1", {"j"});
  enlist(tree, alive, "n2", "i2", {"j"});
  add_pool(tree, "j", {"a", "b", "c", "d", "e"});
  assign(tree, "n1", "i1", "j", {"a", "b", "c", "d", "e"});
  put_lock(tree, "j", "a", "n1", "i1");
  put_lock(tree, "j", "b", "n2", "i2");
  put_lock(tree, "j", "c", "nobody", "i9");
  put_lock(tree, "j", "d", "n1", "i0");
  tree.put("/djm/locks/j/e.lock", "who am I");
  put_lock(tree, "old", "x", "n1", "i1");

  const auto snapshot = snapshot_of(tree);
  lock_walk list{store::tree_schema{"/djm"}};
  read_whole(list, tree);
  std::map<std::string, lock_state> states;
  for (const auto& v : list.views(snapshot)) {
    states[v.job + "/" + v.item] = v.state;
    CHECK(v.token > 0);
  }
  CHECK(states.size() == 6);
  CHECK(states["j/a"] == lock_state::held);
  CHECK(states["j/b"] == lock_state::moving);
  CHECK(states["j/c"] == lock_state::orphaned);
  CHECK(states["j/d"] == lock_state::former_life);
  CHECK(states["j/e"] == lock_state::malformed);
  CHECK(states["old/x"] == lock_state::stray);
}

TEST_CASE("locks: a tree without any is read in one round") {
  fake_store tree;
  prepare(tree);
  lock_walk list{store::tree_schema{"/djm"}};
  read_whole(list, tree);
  CHECK(list.views(snapshot_of(tree)).empty());
}
