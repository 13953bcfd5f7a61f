#include <doctest/doctest.h>

#include "actors/manager/assignment_writer.hpp"
#include "test/unit/cores/fake_store.hpp"
#include "test/unit/cores/show.hpp"

using namespace djm;
using namespace djm::test;

namespace {

const store::tree_schema tree_paths{"/djm"};

cluster_image image_of(const std::vector<node_id>& workers, const std::vector<item_id>& items) {
  cluster_image image;
  for (const auto& name : workers) {
    auto& w = image.workers[name];
    w.registration = store::worker_payload{};
    w.registration->incarnation = "i1";
    w.alive = "i1";
    w.assigned_incarnation = "i1";
    w.assigned_exists = true;
  }
  image.set_items("j", items);
  return image;
}

std::vector<assignment_batch> batches(const cluster_image& image, const std::vector<item_transfer>& transfers,
                                      const std::set<node_id>& adopt = {}, std::size_t max_ops = 200,
                                      std::size_t max_bytes = 256u << 10) {
  return make_batches(image, tree_paths, transfers, adopt, "/djm/leader-latch/m", 5, "id-", max_ops, max_bytes);
}

} // namespace

TEST_CASE("writer: nothing to move is nothing to write") {
  CHECK(batches(image_of({"v"}, {"a"}), {}).empty());
}

TEST_CASE("writer: a move leaves and reaches in one transaction and touches both workers") {
  auto image = image_of({"v", "w"}, {"a"});
  image.workers["w"].folders.insert("j");
  auto all = batches(image, {{"j", "a", "v", "w"}});
  REQUIRE(all.size() == 1);
  CHECK(show(all[0].txn) == "check leader-latch/m, set worker-assignment-version@5, set workers/v/assigned, "
                            "set workers/w/assigned, remove workers/v/assigned/j/a, create workers/w/assigned/j/a");
}

TEST_CASE("writer: a folder that is missing is made once, over all transactions") {
  auto image = image_of({"w"}, {"a", "b"});
  std::vector<item_transfer> moves;
  for (int i = 0; i < 50; ++i) {
    moves.push_back({"j", item_id{"i" + std::to_string(i)}, {}, "w"});
  }
  std::size_t folders = 0;
  for (const auto& b : batches(image, moves, {}, 20)) {
    for (const auto& op : b.txn.ops) {
      folders += store::path_of(op) == "/djm/workers/w/assigned/j" ? 1 : 0;
    }
  }
  CHECK(folders == 1);
}

TEST_CASE("writer: versions are known in advance and counters go on") {
  auto image = image_of({"v", "w"}, {"a"});
  std::vector<item_transfer> moves;
  for (int i = 0; i < 60; ++i) {
    moves.push_back({"j", item_id{"i" + std::to_string(i)}, {}, node_id{i % 2 == 0 ? "v" : "w"}});
  }
  auto all = batches(image, moves, {}, 20);
  REQUIRE(all.size() > 2);
  std::int64_t last = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& bump = std::get<store::set_op>(all[i].txn.ops[1]);
    CHECK(bump.version == 5 + static_cast<int>(i));
    CHECK(all[i].txn.ops.size() <= 20);
    CHECK(all[i].touched.at("v").counter > last);
    last = all[i].touched.at("v").counter;
  }
}

TEST_CASE("writer: no transaction is larger than told, in operations or bytes, and each move is whole") {
  auto image = image_of({"v", "w", "x"}, {});
  std::vector<item_transfer> moves;
  for (int i = 0; i < 300; ++i) {
    moves.push_back({"j", item_id{std::string(100, 'x') + std::to_string(i)}, "v", node_id{i % 2 == 0 ? "w" : "x"}});
  }
  for (std::size_t max_ops : {10u, 57u, 200u}) {
    for (std::size_t max_bytes : {4'000u, 20'000u, 256u << 10}) {
      std::size_t moved = 0;
      for (const auto& b : batches(image, moves, {}, max_ops, max_bytes)) {
        CHECK(b.txn.ops.size() <= max_ops);
        CHECK(store::wire_size(b.txn) <= max_bytes);
        CHECK_FALSE(b.transfers.empty());
        moved += b.transfers.size();
        for (const auto& t : b.transfers) {
          const auto text = show(b.txn);
          CHECK(text.find("remove workers/v/assigned/j/" + t.item) != std::string::npos);
          CHECK(text.find("create workers/" + t.to + "/assigned/j/" + t.item) != std::string::npos);
        }
      }
      CHECK(moved == moves.size());
    }
  }
}

TEST_CASE("writer: workers to adopt are touched even when nothing moves, for their present incarnation") {
  auto image = image_of({"v", "w"}, {});
  image.workers["w"].assigned_incarnation = "i0";
  auto all = batches(image, {}, {"w"});
  REQUIRE(all.size() == 1);
  CHECK(show(all[0].txn) == "check leader-latch/m, set worker-assignment-version@5, set workers/w/assigned");
  CHECK(all[0].touched.at("w").incarnation == "i1");
}

TEST_CASE("writer: an owner whose registration is gone needs no removal") {
  auto image = image_of({"w"}, {"a"});
  auto all = batches(image, {{"j", "a", "cleaned", "w"}});
  REQUIRE(all.size() == 1);
  CHECK(show(all[0].txn).find("cleaned") == std::string::npos);
}

TEST_CASE("image: applying the transactions one by one gives what the plan wanted") {
  auto image = image_of({"v", "w"}, {"a", "b", "c"});
  image.add_assigned("v", "j", {"a", "b", "c"});
  image.workers["v"].folders.insert("j");
  auto all = batches(image, {{"j", "a", "v", "w"}, {"j", "b", "v", {}}}, {}, 6);
  REQUIRE(all.size() == 2);
  apply(image, all[0]);
  CHECK(image.items_of("w").size() == 1);
  CHECK(image.items_of("v").size() == 2);
  apply(image, all[1]);
  CHECK(image.items_of("v").size() == 1);
  CHECK(image.assigned_count() == 2);
  CHECK(image.item_count() == 3);
  CHECK(image.workers["w"].folders.count("j") == 1);
}

TEST_CASE("image: an owner stays with its item when the pool changes, and comes back from the strays") {
  auto image = image_of({"v"}, {"a", "b"});
  image.add_assigned("v", "j", {"a", "b"});
  image.set_items("j", {"b", "c"});
  CHECK(image.strays.size() == 1);
  CHECK(image.assigned_count() == 1);
  image.set_items("j", {"a", "b", "c"});
  CHECK(image.strays.empty());
  CHECK(image.assigned_count() == 2);
  image.remove_job("j");
  CHECK(image.strays.size() == 2);
  image.set_items("j", {"a", "b"});
  CHECK(image.strays.empty());
  CHECK(image.assigned_count() == 2);
}

TEST_CASE("image: an item that two workers have is owned by one and stray at the other") {
  auto image = image_of({"v", "w"}, {"a"});
  image.add_assigned("v", "j", {"a"});
  image.add_assigned("w", "j", {"a"});
  CHECK(image.assigned_count() == 1);
  REQUIRE(image.strays.size() == 1);
  CHECK(image.strays.begin()->worker == "w");
}
