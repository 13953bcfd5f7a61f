#include <doctest/doctest.h>

#include "actors/client/tree_changes.hpp"

using namespace djm;

namespace {

worker_view worker(const node_id& id, worker_state state, const std::string& life = "1") {
  worker_view w;
  w.id = id;
  w.state = state;
  w.incarnation = life;
  return w;
}

item_view item(const item_id& id, const node_id& owner, const node_id& holder = {}, fencing_token token = 0) {
  item_view i;
  i.item = id;
  i.owner = owner;
  i.holder = holder;
  i.token = token;
  return i;
}

job_view job_of(const job_id& id, std::vector<item_view> items, bool enabled = true) {
  job_view j;
  j.id = id;
  j.items = std::move(items);
  j.enabled = enabled;
  return j;
}

std::string shown(const cluster_view& a, const cluster_view& b) {
  std::string text;
  for (const auto& e : changes_between(a, b, 5)) {
    CHECK(e.seen_at_ms == 5);
    text += (text.empty() ? "" : "; ") + to_string(e.kind) + " " + e.node + " " + e.job + " " + e.item + " " + e.detail;
  }
  return text;
}

} // namespace

TEST_CASE("changes: two looks at the same are none") {
  cluster_view v;
  v.workers = {worker("n", worker_state::alive)};
  v.jobs = {job_of("j", {item("a", "n", "n", 3)})};
  CHECK(shown(v, v).empty());
}

TEST_CASE("changes: who comes, leaves, is lost and comes back in another life") {
  cluster_view a, b;
  a.workers = {worker("gone", worker_state::alive), worker("left", worker_state::alive),
               worker("same", worker_state::alive)};
  b.workers = {worker("gone", worker_state::gone), worker("left", worker_state::left),
               worker("new", worker_state::alive), worker("same", worker_state::alive, "2")};
  CHECK(shown(a, b) == "worker_gone gone   without a goodbye; worker_left left   ; worker_joined new   ; "
                       "worker_joined same   ");
}

TEST_CASE("changes: marks, leader and switches") {
  cluster_view a, b;
  a.workers = {worker("n", worker_state::alive)};
  b = a;
  b.workers[0].draining = true;
  b.leader = "n";
  b.epoch = 9;
  a.jobs = {job_of("j", {})};
  b.jobs = {job_of("j", {}, false)};
  CHECK(shown(a, b) == "worker_marked n   draining; leader_changed n   epoch 9; job_switched  j  off");
  a = b;
  b.all_disabled = true;
  CHECK(shown(a, b) == "job_switched    all off");
}

TEST_CASE("changes: items move, and their locks follow") {
  cluster_view a, b;
  a.jobs = {job_of("j", {item("a", "n1", "n1", 3), item("b", "n1")})};
  b.jobs = {job_of("j", {item("a", "n2", "n2", 8), item("c", "n1")})};
  CHECK(shown(a, b) == "item_assigned n2 j a was n1; item_released n1 j a token 3; item_locked n2 j a token 8; "
                       "item_removed  j b ; item_added  j c ; item_assigned n1 j c ");
}

TEST_CASE("changes: jobs come and go with their items") {
  cluster_view a, b;
  a.jobs = {job_of("old", {item("x", "n", "n", 4)})};
  b.jobs = {job_of("new", {item("y", "")})};
  CHECK(
    shown(a, b) ==
    "job_added  new  ; item_added  new y ; job_removed  old  ; item_released n old x token 4; item_removed  old x ");
}

TEST_CASE("changes: a view without holders says nothing of locks") {
  cluster_view a, b;
  a.jobs = {job_of("j", {item("a", "n", "n", 3)})};
  b.jobs = {job_of("j", {item("a", "n")})};
  b.problems = {"lock holders are left out above 5 items"};
  CHECK(shown(a, b) == "problem    lock holders are left out above 5 items");
}
