#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

void joined(keeper_rig& r, std::vector<item_id> items) {
  r.offer("j");
  r.pool("j", std::move(items));
  r.d.connect();
  REQUIRE(r.alive());
  r.d.take_written();
}

store::pool_payload pool_of(const keeper_rig& r, const std::string& job = "j") {
  auto p = store::decode<store::pool_payload>(r.tree.data("/djm/work-pool/" + job), "");
  REQUIRE(p.has_value());
  return *p;
}

} // namespace

TEST_CASE("keeper: a pool that changed is written as the difference, guarded by its version") {
  keeper_rig r;
  joined(r, {"a", "b", "c"});
  CHECK(r.pool("j", {"b", "c", "d"}) == "");
  CHECK(r.d.take_written() == strings{"check alive/w, set work-pool-version@1, set work-pool/j@0, "
                                      "create work-pool/j/d, remove work-pool/j/a"});
  CHECK(r.tree.children("/djm/work-pool/j") == strings{"b", "c", "d"});
  CHECK(pool_of(r).last_writer == "w");
}

TEST_CASE("keeper: the pool of a job that was registered elsewhere keeps its switch") {
  keeper_rig r;
  prepare(r.tree);
  add_pool(r.tree, "j", {"a"}, false);
  joined(r, {"a", "b"});
  CHECK_FALSE(pool_of(r).enabled);
  CHECK(r.tree.children("/djm/work-pool/j") == strings{"a", "b"});
}

TEST_CASE("keeper: a pool without a difference is not written") {
  keeper_rig r;
  prepare(r.tree);
  add_pool(r.tree, "j", {"a", "b"});
  const auto version = r.tree.stat("/djm/work-pool-version").version;
  joined(r, {"a", "b"});
  CHECK(r.tree.stat("/djm/work-pool-version").version == version);
}

TEST_CASE("keeper: a job whose pool is not known yet is offered all the same") {
  keeper_rig r;
  r.offer("j");
  CHECK(r.d.connect() == "joined 1; probe alive/w");
  CHECK_FALSE(r.tree.has("/djm/work-pool/j"));
  r.pool("j", {"a"});
  CHECK(r.tree.children("/djm/work-pool/j") == strings{"a"});
}

TEST_CASE("keeper: a large pool is written in transactions of at most 200 operations and 256 KB") {
  keeper_rig r;
  std::vector<item_id> items;
  for (int i = 0; i < 1500; ++i) {
    items.emplace_back("item-" + std::to_string(10'000 + i));
  }
  joined(r, {"zzz"});
  r.pool("j", items);
  const auto written = r.d.take_written();
  CHECK(r.tree.children("/djm/work-pool/j").size() == 1500);
  CHECK(written.size() >= 8);
  for (const auto& t : written) {
    CHECK(std::count(t.begin(), t.end(), ',') < 200);
    CHECK(t.find("check alive/w, set work-pool-version@") == 0);
  }
}

TEST_CASE("keeper: a large pool that meets another writer in the middle ends up whole") {
  keeper_rig r{20};
  std::vector<item_id> items;
  for (int i = 0; i < 100; ++i) {
    items.emplace_back("item-" + std::to_string(100 + i));
  }
  joined(r, {});
  r.d.fates = {fate::truth, fate::truth, fate::held};
  r.pool("j", items);
  r.tree.put("/djm/work-pool/j/stranger");
  r.tree.put("/djm/work-pool-version", "{}");
  r.d.answer_held();
  r.d.pass(seconds{20});
  CHECK(to_ids<item_id>(r.tree.children("/djm/work-pool/j")) == items);
}

TEST_CASE("keeper: unknown outcomes of a pool update end with the pool as it should be") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    keeper_rig r;
    joined(r, {"a"});
    r.d.fates = {f};
    r.pool("j", {"b"});
    r.d.pass(seconds{10});
    CHECK(r.tree.children("/djm/work-pool/j") == strings{"b"});
  }
}

TEST_CASE("keeper: a pool update of a node that is not registered any more is not applied, and it joins again") {
  keeper_rig r;
  joined(r, {"a"});
  r.tree.erase("/djm/alive/w");
  CHECK(r.pool("j", {"b"}) == "stop probing; unjoined; joined 1; probe alive/w");
  CHECK(r.tree.children("/djm/work-pool/j") == strings{"b"});
  CHECK(r.alive());
}

TEST_CASE("keeper: a job offered or withdrawn while joined changes what is available") {
  keeper_rig r;
  joined(r, {"a"});
  const auto version = r.tree.stat("/djm/worker-version").version;
  r.offer("k");
  CHECK(r.tree.children("/djm/workers/w/available") == strings{"j", "k"});
  r.d.call(&keeper_core::on_withdraw, job_id{"j"});
  CHECK(r.tree.children("/djm/workers/w/available") == strings{"k"});
  CHECK(r.tree.stat("/djm/worker-version").version == version + 2);
  CHECK(r.tree.has("/djm/work-pool/j")); // other nodes may offer it
}

TEST_CASE("keeper: unknown outcomes of an offer end with the job on offer") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    keeper_rig r;
    joined(r, {"a"});
    r.d.fates = {f};
    r.offer("k");
    r.d.pass(seconds{10});
    CHECK(r.tree.children("/djm/workers/w/available") == strings{"j", "k"});
    CHECK(r.d.core.is_joined());
  }
}

TEST_CASE("keeper: a pool that is as it was when it was right is left alone, and put right when it is not") {
  keeper_rig r;
  joined(r, {"a"});
  CHECK(r.pool("j", {"a"}) == "");
  CHECK(r.d.take_written().empty());
  auto stranger = pool_of(r);
  stranger.attributes.strategy = "rendezvous";
  r.tree.put("/djm/work-pool/j", store::encode(stranger));
  r.pool("j", {"a"});
  CHECK(pool_of(r).attributes.strategy == "");
  r.tree.erase("/djm/work-pool/j/a");
  r.pool("j", {"a"});
  CHECK(r.tree.children("/djm/work-pool/j") == strings{"a"});
  auto changed = keeper_rig::job("j");
  changed.attributes.strategy = "evenly_spread";
  r.d.call(&keeper_core::on_offer, changed, false, 0);
  CHECK(pool_of(r).attributes.strategy == ""); // another specification: which one rules is for the leader to say
}

TEST_CASE("keeper: two nodes that disagree about a pool are reported") {
  keeper_rig r;
  joined(r, {"a"});
  for (int i = 0; i < 5; ++i) {
    r.tree.put("/djm/work-pool/j/other");
    r.tree.put("/djm/work-pool-version", "{}");
    r.pool("j", {"a"});
    r.d.pass(seconds{1});
  }
  CHECK(r.all_events().find("another node keeps writing a different pool") != std::string::npos);
}

TEST_CASE("keeper: a malformed pool is reported and written anew") {
  keeper_rig r;
  prepare(r.tree);
  r.tree.put("/djm/work-pool/j", "<pool/>");
  r.tree.put("/djm/work-pool/j/a");
  joined(r, {"a"});
  CHECK(r.all_events().find("/djm/work-pool/j") != std::string::npos);
  CHECK(pool_of(r).enabled);
}

TEST_CASE("keeper: I9 a pool that the leader cleaned while the job was being offered is written again") {
  keeper_rig r;
  r.d.connect();
  r.d.fates = {fate::held, fate::truth, fate::truth, fate::delayed};
  r.offer("k"); // keeps the keeper busy, so that the pool of j is there when it turns to j
  r.offer("j");
  r.pool("j", {"a"});
  r.d.answer_held();
  REQUIRE(r.tree.has("/djm/work-pool/j/a"));
  REQUIRE_FALSE(r.tree.has("/djm/workers/w/available/j"));
  // The pool is written, the offer is not: nobody alive offers the job.
  r.tree.erase("/djm/work-pool/j");
  r.tree.put("/djm/work-pool-version", "{}");
  r.d.answer_held();
  r.d.pass(seconds{10});
  CHECK(r.tree.has("/djm/workers/w/available/j"));
  CHECK(r.tree.has("/djm/work-pool/j/a"));
}

TEST_CASE("keeper: a large pool is written in transactions of at most 256 KB") {
  keeper_rig r{5000};
  std::vector<item_id> items;
  for (int i = 0; i < 3000; ++i) {
    items.emplace_back("i" + std::to_string(10'000 + i) + std::string(100, '-'));
  }
  joined(r, {});
  r.pool("j", items);
  CHECK(to_ids<item_id>(r.tree.children("/djm/work-pool/j")) == items);
  const auto written = r.d.take_written();
  CHECK(written.size() <= 4);
  for (const auto& t : written) {
    CHECK(t.size() <= 256u << 10); // the names alone
  }
}

TEST_CASE("keeper: each change of the items of a job that it offers is told once, whoever makes it") {
  keeper_rig r;
  r.d.connect();
  r.offer("j");
  r.pool("j", {"a", "b"});
  r.d.pass(seconds{12});
  const auto heard = [&] { return std::exchange(r.d.pool_changes, {}); };
  const auto first = heard();
  REQUIRE(first.size() == 1); // the first sight
  CHECK(first.front().job == "j");
  CHECK(first.front().at == r.tree.stat("/djm/work-pool/j").pzxid);
  const auto change = [&](const std::string& path, const std::string& data) {
    r.tree.put(path, data);
    r.tree.put("/djm/work-pool-version", "{}");
    r.d.pass(seconds{12});
  };
  SUBCASE("this node itself") {
    r.pool("j", {"a", "b", "c"});
    r.d.pass(seconds{12});
    const auto told = heard();
    REQUIRE(told.size() == 1);
    CHECK(told.front().at == r.tree.stat("/djm/work-pool/j/c").czxid);
  }
  SUBCASE("somebody else") {
    change("/djm/work-pool/j/x", {});
    const auto told = heard();
    REQUIRE(told.size() == 1);
    CHECK(told.front().at == r.tree.stat("/djm/work-pool/j").pzxid);
  }
  SUBCASE("an item that goes") {
    r.pool("j", {"a"});
    r.d.pass(seconds{12});
    CHECK(heard().size() == 1);
  }
  SUBCASE("what else the pool says is none") {
    auto p = *store::decode<store::pool_payload>(r.tree.data("/djm/work-pool/j"), "");
    p.enabled = false;
    change("/djm/work-pool/j", store::encode(p));
    CHECK(heard().empty());
  }
  SUBCASE("another session is none") {
    r.d.expire();
    r.d.connect();
    r.d.pass(seconds{12});
    CHECK(heard().empty());
  }
}
