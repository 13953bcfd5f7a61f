#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

/// The leader's image, and the transactions that are made from it.

// -- the image ----------------------------------------------------------------------

TEST_CASE("image: strays belong to the worker under whose name they lie") {
  cluster_image image;
  image.set_items("j", {"a"});
  image.add_assigned("v", "j", {"a", "gone"});
  image.add_assigned("w", "j", {"a", "lost"});
  using pairs = std::vector<std::pair<job_id, item_id>>;
  CHECK(image.items_of("v") == pairs{{"j", "a"}, {"j", "gone"}});
  CHECK(image.items_of("w") == pairs{{"j", "a"}, {"j", "lost"}});
  CHECK(image.items_of("nobody").empty());
  CHECK(image.strays.size() == 3);
  // An item that comes into the pool finds the owner it has been assigned to.
  image.set_items("j", {"a", "gone", "new"});
  CHECK(image.strays.size() == 2);
  CHECK(image.assigned_count() == 2);
  CHECK(image.item_count() == 3);
  image.remove_job("j");
  CHECK(image.strays.size() == 4);
  CHECK(image.item_count() == 0);
}

TEST_CASE("image: what the frozen have is no part of the question, what the others have is") {
  cluster_image image;
  for (const auto& name : to_ids<node_id>({"v", "w"})) {
    auto& x = image.workers[name];
    x.registration = store::worker_payload{};
    x.registration->incarnation = "i1";
    x.alive = "i1";
    x.available = {"j", "k"};
  }
  image.set_items("j", {"a", "b", "c"});
  image.set_items("k", {"x"});
  image.add_assigned("v", "j", {"a"});
  image.add_assigned("w", "j", {"b"});
  image.add_assigned("w", "k", {"x"});
  image.workers["v"].alive.clear();
  const auto task = make_task(image, {"v"});
  REQUIRE(task.has_value());
  const auto& p = *task->problem;
  CHECK(p.worker_count() == 1);
  const auto j = p.find_job("j");
  REQUIRE(j.has_value());
  REQUIRE(p.job(*j).items->size() == 2);
  CHECK(p.job(*j).items->name(0) == "b");
  CHECK(p.job(*j).items->name(1) == "c");
  const auto k = p.find_job("k");
  REQUIRE(k.has_value());
  CHECK(p.job(*k).items->size() == 1);

  plan nothing_new;
  nothing_new.owner.assign(p.item_count(), worker_index{0});
  std::string moves;
  for (const auto& t : difference(image, p, nothing_new, {"v"})) {
    moves += t.job + ":" + t.item + " " + t.from + ">" + t.to + "; ";
  }
  CHECK(moves == "j:c >w; ");
}

namespace {

/// v and w are there and offer j; its items belong to them.
cluster_image image_owned(const std::vector<item_id>& of_v, const std::vector<item_id>& of_w) {
  cluster_image image;
  for (const auto& name : to_ids<node_id>({"v", "w"})) {
    auto& x = image.workers[name];
    x.registration = store::worker_payload{};
    x.registration->incarnation = "i1";
    x.alive = "i1";
    x.available = {"j"};
  }
  auto all = of_v;
  all.insert(all.end(), of_w.begin(), of_w.end());
  std::sort(all.begin(), all.end());
  image.set_items("j", all);
  image.add_assigned("v", "j", of_v);
  image.add_assigned("w", "j", of_w);
  return image;
}

/// Plans name workers by their places in the problem: v before w.
std::string moves(const cluster_image& image, const assignment_problem& problem,
                  const std::map<item_id, worker_index>& owners, const std::set<node_id>& frozen = {}) {
  plan p;
  p.owner.assign(problem.item_count(), no_worker);
  for (const auto& [item, owner] : owners) {
    p.owner[*problem.find_item("j", item)] = owner;
  }
  std::string text;
  for (const auto& t : difference(image, problem, p, frozen)) {
    text += t.item + " " + t.from + ">" + t.to + "; ";
  }
  return text;
}

} // namespace

TEST_CASE("image: the question says of every item whose it is") {
  const auto image = image_owned({"a", "c"}, {"b"});
  const auto task = make_task(image, {});
  REQUIRE(task.has_value());
  const auto& p = *task->problem;
  for (const auto& [item, owner] : std::map<item_id, node_id>{{"a", "v"}, {"b", "w"}, {"c", "v"}}) {
    const auto w = p.previous(p.find_item("j", item).value());
    REQUIRE(w != no_worker);
    CHECK(p.worker(w).name == owner);
  }
}

TEST_CASE("image: a plan that leaves every item where it is moves nothing, and one that moves an item names both") {
  const auto image = image_owned({"a", "b"}, {"c"});
  const auto task = make_task(image, {});
  REQUIRE(task.has_value());
  CHECK(moves(image, *task->problem, {{"a", 0}, {"b", 0}, {"c", 1}}).empty());
  CHECK(moves(image, *task->problem, {{"a", 0}, {"b", 1}, {"c", 1}}) == "b v>w; ");
  CHECK(moves(image, *task->problem, {{"a", 0}, {"b", 0}}) == "c w>; ");
}

TEST_CASE("image: of a job that the frozen share, the others' items are asked about and the frozen's stay") {
  auto image = image_owned({"a", "d"}, {"b", "c"});
  image.workers["v"].alive.clear();
  const auto task = make_task(image, {"v"});
  REQUIRE(task.has_value());
  const auto& p = *task->problem;
  REQUIRE(p.item_count() == 2);
  for (const auto& item : to_ids<item_id>({"b", "c"})) {
    REQUIRE(p.find_item("j", item).has_value());
    CHECK(p.previous(*p.find_item("j", item)) == 0);
  }
  CHECK(moves(image, p, {{"b", 0}, {"c", 0}}, {"v"}).empty());
}

TEST_CASE("image: of a pool that goes, everything assigned is known as stray") {
  auto image = image_owned({"a", "b"}, {"c"});
  image.remove_job("j");
  using pairs = std::vector<std::pair<job_id, item_id>>;
  CHECK(image.items_of("v") == pairs{{"j", "a"}, {"j", "b"}});
  CHECK(image.items_of("w") == pairs{{"j", "c"}});
  CHECK(image.strays.size() == 3);
}

// -- the writer -----------------------------------------------------------------------

namespace {

cluster_image image_of(int workers, int items) {
  cluster_image image;
  for (int n = 0; n < workers; ++n) {
    auto& w = image.workers[node_id{"w" + std::to_string(n)}];
    w.registration = store::worker_payload{};
    w.registration->incarnation = "i1";
    w.alive = "i1";
    w.assigned_exists = true;
  }
  image.set_items("j", manager_rig::items(items));
  return image;
}

} // namespace

TEST_CASE("writer: transactions are as full as the limits allow, and no fuller") {
  const store::tree_schema tree{"/djm"};
  for (std::size_t max_ops : {12u, 20u, 50u}) {
    for (std::size_t max_bytes : {std::size_t{2500}, std::size_t{256u << 10}}) {
      CAPTURE(max_ops);
      CAPTURE(max_bytes);
      const auto image = image_of(7, 120);
      std::vector<item_transfer> moves;
      for (int i = 0; i < 120; ++i) {
        const item_id item{"i" + std::to_string(1000 + i)};
        // Some come, some move, some go.
        const node_id from{i % 3 == 0 ? "" : "w" + std::to_string(i % 7)};
        const node_id to{i % 3 == 1 ? "" : "w" + std::to_string((i + 3) % 7)};
        moves.push_back({"j", item, from, to});
      }
      const auto all = make_batches(image, tree, moves, {}, "/djm/latch", 0, "p", max_ops, max_bytes);
      std::size_t transfers = 0;
      for (std::size_t n = 0; n < all.size(); ++n) {
        const auto ops = all[n].txn.ops.size();
        CHECK(ops <= max_ops);
        CHECK(store::wire_size(all[n].txn) <= max_bytes + 600);
        transfers += all[n].transfers.size();
        // The next transfer needs at most two operations, a folder, and the touch of two workers.
        if (n + 1 < all.size() && max_bytes > 10'000) {
          CHECK(ops + 5 > max_ops);
        }
        // One touch for each worker that is concerned.
        std::set<node_id> concerned;
        for (const auto& t : all[n].transfers) {
          concerned.insert(t.from);
          concerned.insert(t.to);
        }
        concerned.erase("");
        std::size_t touches = 0;
        for (const auto& op : all[n].txn.ops) {
          const auto& path = store::path_of(op);
          touches += path.size() > 9 && path.compare(path.size() - 9, 9, "/assigned") == 0;
        }
        CHECK(touches == concerned.size());
      }
      CHECK(transfers == moves.size());
      if (max_bytes < 10'000) {
        CHECK(all.size() > 12);
      }
    }
  }
}

TEST_CASE("writer: many workers are adopted in transactions of at most the limit, and few in one") {
  const store::tree_schema tree{"/djm"};
  const auto image = image_of(30, 1);
  std::set<node_id> adopt;
  for (const auto& [id, w] : image.workers) {
    adopt.insert(id);
  }
  CHECK(make_batches(image, tree, {}, adopt, "/djm/latch", 0, "p", 200, 256u << 10).size() == 1);
  const auto all = make_batches(image, tree, {}, adopt, "/djm/latch", 0, "p", 12, 256u << 10);
  CHECK(all.size() == 3);
  for (const auto& b : all) {
    CHECK(b.txn.ops.size() == 12);
  }
}

TEST_CASE("writer: a worker costs a transaction its touch once, however much leaves it") {
  const store::tree_schema tree{"/djm"};
  const auto image = image_of(2, 20);
  std::vector<item_transfer> leave;
  for (int i = 0; i < 9; ++i) {
    leave.push_back({"j", item_id{"i" + std::to_string(1000 + i)}, "w0", {}});
  }
  // Latch, version, touch, and nine removals.
  const auto one = make_batches(image, tree, leave, {}, "/djm/latch", 0, "p", 12);
  REQUIRE(one.size() == 1);
  CHECK(one[0].txn.ops.size() == 12);
  // The last place is not enough for a removal and the touch of another worker.
  leave.back().from = "w1";
  const auto two = make_batches(image, tree, leave, {}, "/djm/latch", 0, "p", 12);
  REQUIRE(two.size() == 2);
  CHECK(two[0].txn.ops.size() == 11);
}
