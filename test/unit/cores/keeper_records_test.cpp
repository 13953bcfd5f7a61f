#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

job_spec spec_of(const char* strategy = "", std::int64_t revision = 0) {
  auto spec = keeper_rig::job("j");
  spec.attributes.strategy = strategy;
  spec.revision = revision;
  return spec;
}

store::job_payload record(const fake_store& tree) {
  auto p = store::decode<store::job_payload>(tree.data(record_path), record_path);
  REQUIRE(p.has_value());
  return *p;
}

/// What somebody else writes: as everybody, with a bump of `jobs-version`.
void write(fake_store& tree, const store::job_payload& p) {
  const auto version = tree.stat("/djm/jobs-version").version;
  const auto before = *store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "");
  tree.put(record_path, store::encode(p));
  tree.put("/djm/jobs-version", store::encode_change(before, version, {"j"}, "test"));
}

class keeping_node {
public:
  explicit keeping_node(fake_store& tree, const node_id& id = "w", const std::string& life = "i1")
    : d(keeper_core{keeper_rig::settings(200, "/djm", id, life)}, tree) {}

  std::string offer(const job_spec& spec, bool again = false) {
    auto said = d.call(&keeper_core::on_offer, spec, again, 0);
    d.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"a"});
    return said;
  }
  std::string events() const {
    std::string text;
    for (const auto& e : d.emitted) {
      text += show(emit_effect{e}) + "\n";
    }
    return text;
  }
  const followed_job& followed() const { return d.followed.back().what; }

  driver<keeper_core> d;
};

} // namespace

TEST_CASE("keeper: the first node makes the record, on its way in, and shows what it offers") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of("sticky"));
  n.d.connect();
  const auto hash = hash_of_spec(spec_of("sticky"));
  CHECK(record(tree).ruling == hash);
  CHECK(record(tree).rev == 1);
  CHECK(store::decode<store::offer_payload>(tree.data("/djm/workers/w/available/j"), "")->hash == hash);
  REQUIRE_FALSE(n.d.followed.empty());
  CHECK(n.followed().rules);
  CHECK(n.followed().rev == 1);
}

TEST_CASE("keeper: a node with another specification adds it once it has joined, and not before") {
  fake_store tree;
  keeping_node first{tree, "v", "i0"};
  first.offer(spec_of());
  first.d.connect();
  keeping_node second{tree};
  second.offer(spec_of("sticky"));
  second.d.fates = {fate::held};
  second.d.connect(); // the registration is under way
  CHECK(record(tree).lineage.size() == 1);
  second.d.answer_held();
  CHECK(record(tree).lineage.size() == 2);
  CHECK(record(tree).ruling == hash_of_spec(spec_of())); // that is for the leader to change
  CHECK_FALSE(second.followed().rules);
  for (const auto& txn : second.d.take_written()) {
    if (txn.find("set jobs/j@") != std::string::npos) {
      CHECK(txn.find("check alive/w, ") == 0);
      CHECK(txn.find("set jobs-version@") != std::string::npos);
    }
  }
}

TEST_CASE("keeper: a node whose id is in use changes no record") {
  fake_store tree;
  keeping_node first{tree};
  first.offer(spec_of());
  first.d.connect();
  keeping_node second{tree, "w", "i2"};
  second.offer(spec_of("sticky"));
  second.d.connect();
  const auto before = tree.data(record_path);
  for (int n = 0; n < 60; ++n) {
    first.d.pass(seconds{1});
    second.d.pass(seconds{1});
  }
  CHECK(second.d.core.status().phase == registration_phase::failed);
  CHECK(tree.data(record_path) == before);
}

TEST_CASE("keeper: I5 two nodes with different specifications write nothing while nobody changes anything") {
  fake_store tree;
  keeping_node first{tree, "v", "i0"}, second{tree};
  first.offer(spec_of());
  first.d.connect();
  second.offer(spec_of("sticky"));
  second.d.connect();
  const auto calm = [&] {
    const auto zxid = tree.zxid();
    for (int n = 0; n < 600; ++n) {
      first.d.pass(seconds{1});
      second.d.pass(seconds{1});
    }
    CHECK(tree.zxid() == zxid);
  };
  calm();
  auto p = record(tree);
  p.ruling = hash_of_spec(spec_of("sticky"));
  ++p.rev;
  write(tree, p);
  first.d.pass(seconds{1});
  second.d.pass(seconds{1});
  CHECK(store::decode<store::pool_payload>(tree.data("/djm/work-pool/j"), "")->attributes.strategy == "sticky");
  CHECK_FALSE(first.followed().rules);
  CHECK(second.followed().rules);
  calm();
}

TEST_CASE("keeper: only nodes that offer the ruling specification write the pool") {
  fake_store tree;
  keeping_node first{tree, "v", "i0"}, second{tree};
  first.offer(spec_of());
  first.d.connect();
  second.offer(spec_of("sticky"));
  second.d.connect();
  second.d.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"a", "b"});
  CHECK(tree.children("/djm/work-pool/j") == strings{"a"});
  first.d.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"a", "c"});
  CHECK(tree.children("/djm/work-pool/j") == strings{"a", "c"});
  auto p = record(tree);
  p.ruling = hash_of_spec(spec_of("sticky"));
  ++p.rev;
  write(tree, p);
  second.d.pass(seconds{1});
  CHECK(tree.children("/djm/work-pool/j") == strings{"a", "b"}); // it takes its turn
}

TEST_CASE("keeper: a change is followed by the one watch, and by a look each T/2 where that is lost") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  n.d.followed.clear();
  auto p = record(tree);
  p.paused = true;
  ++p.rev;
  SUBCASE("the watch") {
    write(tree, p);
    n.d.settle();
  }
  SUBCASE("the look") {
    write(tree, p);
    (void) tree.take_events(n.d.view.id);
    n.d.settle();
    CHECK(n.d.followed.empty());
    n.d.pass(seconds{5});
  }
  REQUIRE(n.d.followed.size() == 1);
  CHECK(n.followed().paused);
  CHECK(n.followed().rev == 2);
}

TEST_CASE("keeper: a record that cannot be used is told of, and what was followed goes on until it is mended") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  const auto good = tree.data(record_path);
  n.d.followed.clear();
  auto broken = record(tree);
  broken.lineage.clear();
  write(tree, broken);
  n.d.pass(seconds{1});
  CHECK(n.d.followed.empty());
  CHECK(n.events().find("ruling: ") != std::string::npos);
  CHECK(n.events().find(record_path) != std::string::npos);
  CHECK(tree.has("/djm/workers/w/available/j"));
  tree.put(record_path, good); // by hand: nobody is told
  n.d.pass(seconds{6});
  CHECK(n.events().find(show(emit_effect{problem_over{"keeper", record_path}})) != std::string::npos);
}

TEST_CASE(
  "keeper: a job that is being removed is given back, once, and never comes back with a node that joins again") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  auto p = record(tree);
  p.state = record_state::removing;
  ++p.rev;
  write(tree, p);
  CHECK(n.d.pass(seconds{1}) == "ended j");
  CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
  p.state = record_state::removed;
  ++p.rev;
  write(tree, p);
  n.d.expire();
  CHECK(n.d.connect() == "joined 2; probe alive/w");
  n.d.pass(seconds{60});
  CHECK(record(tree).state == record_state::removed);
  CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
}

TEST_CASE("keeper: a node that was away while the job was removed ends it, also when nothing of it is left") {
  for (const bool forgotten : {false, true}) {
    CAPTURE(forgotten);
    fake_store tree;
    keeping_node n{tree};
    n.offer(spec_of());
    n.d.connect();
    n.d.expire();
    auto p = record(tree);
    p.state = record_state::removed;
    ++p.rev;
    write(tree, p);
    if (forgotten) {
      tree.erase(record_path);
    }
    CHECK(n.d.connect() == "ended j; joined 2; probe alive/w");
    CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
    CHECK(tree.has(record_path) == !forgotten);
  }
}

TEST_CASE("keeper: a keeper that was made anew knows that its job was registered before the removal") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  auto p = record(tree);
  p.state = record_state::removed;
  ++p.rev;
  write(tree, p);
  keeping_node rebuilt{tree};
  rebuilt.d.view.number = 1;
  rebuilt.offer(spec_of(), true);
  tree.end(n.d.view.id);
  CHECK(rebuilt.d.connect().find("ended j") == 0);
  CHECK(record(tree).state == record_state::removed);
}

TEST_CASE("keeper: a registration that is begun after the removal waits for its end, and makes the record anew") {
  fake_store tree;
  keeping_node former{tree, "v", "i0"};
  former.offer(spec_of());
  former.d.connect();
  auto p = record(tree);
  p.state = record_state::removing;
  p.paused = true;
  ++p.rev;
  write(tree, p);
  keeping_node n{tree};
  n.offer(spec_of());
  CHECK(n.d.connect() == "joined 1; probe alive/w"); // without it
  CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
  CHECK(n.events().find("the job is being removed") != std::string::npos);
  n.d.pass(seconds{60});
  CHECK(record(tree).state == record_state::removing);
  p.state = record_state::removed;
  ++p.rev;
  write(tree, p);
  n.d.pass(seconds{1});
  CHECK(record(tree).state == record_state::open);
  CHECK(record(tree).rev == p.rev + 1);
  CHECK_FALSE(record(tree).paused); // it is another job, of the same name
  CHECK(tree.has("/djm/workers/w/available/j"));
  CHECK(n.events().find(show(emit_effect{problem_over{"keeper", "removal: /djm/jobs/j"}})) != std::string::npos);
}

TEST_CASE("keeper: a registration that has waited for one removal ends with the next") {
  fake_store tree;
  keeping_node former{tree, "v", "i0"};
  former.offer(spec_of());
  former.d.connect();
  auto p = record(tree);
  p.state = record_state::removed;
  ++p.rev;
  write(tree, p);
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  n.d.pass(seconds{1});
  REQUIRE(record(tree).state == record_state::open);
  p = record(tree);
  p.state = record_state::removing;
  ++p.rev;
  write(tree, p);
  CHECK(n.d.pass(seconds{1}) == "ended j");
  CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
}

TEST_CASE("keeper: a record that somebody deletes is made anew as it was, with what operators have set") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  auto p = record(tree);
  p.paused = true;
  ++p.rev;
  write(tree, p);
  n.d.pass(seconds{1});
  SUBCASE("alone") {
    tree.erase(record_path);
  }
  SUBCASE("with the folder of all") {
    tree.erase("/djm/jobs");
  }
  n.d.pass(seconds{10});
  CHECK(record(tree).paused);
  CHECK(n.events().find("/djm/jobs") != std::string::npos);
  CHECK(n.events().find("made anew") != std::string::npos);
  CHECK(tree.has("/djm/workers/w/available/j"));
}

TEST_CASE("keeper: triggers that come while a node follows the record are told once, all together") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  n.d.followed.clear();
  auto p = record(tree);
  p.triggered = 3;
  ++p.rev;
  write(tree, p);
  n.d.settle();
  REQUIRE(n.d.followed.size() == 1);
  CHECK(n.followed().triggers == 3);
  p.paused = true;
  ++p.rev;
  write(tree, p);
  n.d.settle();
  CHECK(n.followed().triggers == 0);
  keeping_node late{tree, "v", "i0"};
  late.offer(spec_of());
  late.d.connect();
  CHECK(late.followed().triggers == 0); // those were meant for others
}

TEST_CASE("keeper: unknown outcomes of a record end with it written once") {
  for (const auto f : {fate::unknown_applied, fate::unknown_lost}) {
    fake_store tree;
    prepare(tree);
    keeping_node n{tree};
    n.d.fates = {f};
    n.offer(spec_of());
    n.d.connect();
    n.d.pass(seconds{10});
    CHECK(record(tree).rev == 1);
    CHECK(record(tree).lineage.size() == 1);
    CHECK(n.d.core.is_joined());
  }
}

TEST_CASE("keeper: a pool that was written under a specification that does not rule any more is written anew") {
  fake_store tree;
  keeping_node n{tree};
  n.offer(spec_of());
  n.d.connect();
  auto late = *store::decode<store::pool_payload>(tree.data("/djm/work-pool/j"), "");
  late.last_writer = "v";
  late.writer_incarnation = "i0";
  late.spec = "00000000000000aa";
  late.wish = 1'000'000; // later than ours
  const auto other = tree.open();
  enlist(tree, other, "v", "i0", {"j"});
  tree.put("/djm/work-pool/j", store::encode(late));
  tree.erase("/djm/work-pool/j/a");
  tree.put("/djm/work-pool-version", "{}");
  n.d.pass(seconds{10});
  CHECK(tree.children("/djm/work-pool/j") == strings{"a"});
  CHECK(store::decode<store::pool_payload>(tree.data("/djm/work-pool/j"), "")->last_writer == "w");
}
