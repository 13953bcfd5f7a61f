#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"
#include "zkstore/tree/job_records.hpp"

/// What the leader removes of what is remembered of slots.
using namespace djm;
using namespace djm::test;

namespace {

constexpr std::int64_t ms_of_a_day = 86'400'000;
constexpr auto time_for_a_sweep = std::chrono::hours{3} + std::chrono::minutes{1};

/// A job "j" with the items "a" and "b" in its pool, and records of slots.
class slots_rig : public manager_rig {
public:
  explicit slots_rig(duration window = std::chrono::hours{24}) {
    tree.wall_ms = 1'700'000'000'000;
    worker("v", "i1", {"j"});
    add_pool(tree, "j", {"a", "b"});
    job_spec spec;
    spec.id = "j";
    spec.slots.window = window;
    tree.put(record_path, store::encode(store::first_record(*store::to_offer(spec), nullptr)));
  }
  void remember(const item_id& item, store::slot_mark mark = store::slot_mark::done) {
    store::slot_payload p;
    p.token = 1;
    p.slot = tree.wall_ms;
    p.mark = mark;
    tree.put(path(item), store::encode(p));
  }
  static std::string path(const item_id& item) { return store::tree_schema{"/djm"}.slot_record({"j", item}); }
  bool remembers(const item_id& item) const { return tree.has(path(item)); }
  static bool removes(const store::transaction& txn, const item_id& item) {
    return std::any_of(txn.ops.begin(), txn.ops.end(),
                       [&item](const auto& op) { return store::path_of(op) == path(item); });
  }
  static bool asks_about(const std::vector<store::read_op>& reads, const item_id& item) {
    return std::any_of(reads.begin(), reads.end(), [&item](const auto& op) { return op.path == path(item); });
  }
  void add_to_pool(const item_id& item) {
    tree.put("/djm/work-pool/j/" + item);
    touch();
  }
  /// The pools are another ones, by the store's clock as it is now.
  void touch() { tree.put("/djm/work-pool-version", "{}"); }
};

} // namespace

TEST_CASE(
  "manager: what is remembered of the slots of items that are in no pool goes after a week, and not what is needed") {
  slots_rig r;
  for (const auto& item : to_ids<item_id>({"a", "old", "also-old", "parked", "locked"})) {
    r.remember(item, item == "parked" ? store::slot_mark::parked : store::slot_mark::done);
  }
  r.tree.put(r.path("damaged"), "{");
  r.tree.put("/djm/states/j/old", "a saved state");
  r.tree.put("/djm/locks/j/locked.lock", "whoever");
  r.tree.wall_ms += 7 * ms_of_a_day;
  r.remember("young");
  r.lead();
  r.touch();
  r.pass(time_for_a_sweep);
  CHECK(r.remembers("old")); // a week, and not more
  r.tree.wall_ms += 1;
  r.touch();
  r.pass(time_for_a_sweep);
  for (const auto& gone : to_ids<item_id>({"old", "also-old"})) {
    CHECK_FALSE(r.remembers(gone));
  }
  for (const auto& stays : to_ids<item_id>({"a", "parked", "locked", "damaged", "young"})) {
    CHECK(r.remembers(stays));
  }
  CHECK(r.tree.has("/djm/states/j/old"));
  CHECK(r.status().counters.cleaned == 2);
}

TEST_CASE("manager: what is remembered of slots stays as long as something could be caught up on") {
  slots_rig r{std::chrono::hours{24 * 30}};
  r.remember("old");
  r.tree.wall_ms += 31 * ms_of_a_day; // a day for clocks that differ
  r.lead();
  r.touch();
  r.pass(time_for_a_sweep);
  CHECK(r.remembers("old"));
  r.tree.wall_ms += 1000;
  r.touch();
  r.pass(time_for_a_sweep);
  CHECK_FALSE(r.remembers("old"));
}

TEST_CASE("manager: no clock but the store's says how old what is remembered of slots is") {
  slots_rig r;
  r.remember("old");
  r.lead();
  for (int day = 0; day < 30; ++day) { // by the leader's own
    r.pass(std::chrono::hours{24});
  }
  CHECK(r.remembers("old"));
}

TEST_CASE("manager: an item that comes back keeps what is remembered of its slots") {
  slots_rig r;
  for (int n = 0; n < 700; ++n) {
    r.remember(item_id{"x" + std::to_string(n)});
  }
  r.tree.wall_ms += 8 * ms_of_a_day;
  r.lead();
  r.touch();
  // Somebody adds it while the leader is at work on the others.
  bool added = false;
  r.d.before_commit = [&](const store::transaction& txn) {
    if (slots_rig::removes(txn, "x0") && !std::exchange(added, true)) {
      r.add_to_pool("x0");
    }
  };
  r.pass(time_for_a_sweep);
  CHECK(added);
  CHECK(r.remembers("x0"));
  r.pass(time_for_a_sweep);
  CHECK(r.remembers("x0"));
  CHECK_FALSE(r.remembers("x1"));
  CHECK_FALSE(r.remembers("x699"));
}

TEST_CASE("manager: an item that comes back before its lock is looked at keeps what is remembered of its slots") {
  slots_rig r;
  r.remember("old");
  r.tree.wall_ms += 8 * ms_of_a_day;
  r.lead();
  r.touch();
  // The pools have been read. Whoever locks it from now on comes after that look.
  bool added = false;
  r.d.before_read = [&](const std::vector<store::read_op>& reads) {
    if (slots_rig::asks_about(reads, "old") && !std::exchange(added, true)) {
      r.add_to_pool("old");
    }
  };
  r.pass(time_for_a_sweep);
  CHECK(added);
  CHECK(r.remembers("old"));
}

TEST_CASE("manager: what is written of the slots of an item after it was looked at stays") {
  slots_rig r;
  r.remember("old");
  r.tree.wall_ms += 8 * ms_of_a_day;
  r.lead();
  r.touch();
  // It has left the pool, and who held it wrote the end of a run before giving it back.
  bool written = false;
  r.d.before_commit = [&](const store::transaction& txn) {
    if (slots_rig::removes(txn, "old") && !std::exchange(written, true)) {
      r.remember("old");
    }
  };
  r.pass(time_for_a_sweep);
  CHECK(written);
  CHECK(r.remembers("old"));
  r.pass(time_for_a_sweep);
  CHECK(r.remembers("old"));
}
