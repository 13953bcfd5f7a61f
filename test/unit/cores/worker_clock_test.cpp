#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "test/unit/cores/worker_rig.hpp"
#include "zkstore/job_payloads.hpp"

using namespace djm;
using namespace djm::test;

/// The wall clock of a node and the store's, as the worker holds them against each other where slots are remembered.
namespace {

using store::slot_mark;

constexpr std::int64_t right_ms = 1'700'000'000'000;
constexpr std::int64_t day_ms = 24 * 3'600'000;

class clock_rig : public worker_rig {
public:
  explicit clock_rig(bool remembers = true) {
    tree.wall_ms = right_ms;
    tree.put("/djm/jobs/j", "{}");
    add_job();
    join();
    assigned({"a"});
    if (remembers) {
      ask({look()});
    }
    d.take_written();
  }

  slot_wish look() const { return {"a", token(), {}, false}; }
  slot_wish write(slot_mark mark, std::int64_t slot) const {
    return {"a", token(), slot_note{mark, slot, 1, 0, 0}, false};
  }
  fencing_token token() const { return tree.stat("/djm/locks/j/a.lock").czxid; }
  std::string ask(std::vector<slot_wish> wishes) {
    return d.call(&worker_core::on_slot_wishes, job_id{"j"}, std::move(wishes));
  }
  /// Time passes on all clocks, and the node hears that it is alive.
  std::string pass(seconds by) {
    tree.wall_ms += by.count() * 1000;
    d.wall_ms += by.count() * 1000;
    auto said = d.pass(by);
    return said + contact(std::chrono::duration<double>(d.now - at(1000)).count());
  }
  std::size_t transactions() { return d.take_written().size(); }
  void put(store::slot_payload p) {
    p.job = tree.stat("/djm/jobs/j").czxid;
    p.by = "v";
    tree.put("/djm/states/j", "");
    tree.put("/djm/states/j/a@slot", store::encode(p));
  }
  std::string problems() const {
    const auto all = status().problems;
    return all.empty() ? "" : all.front();
  }
};

store::slot_payload done_at(std::int64_t slot) {
  store::slot_payload p;
  p.token = 1;
  p.slot = slot;
  return p;
}

} // namespace

TEST_CASE("clock: one that is right writes nothing and is told of nothing") {
  clock_rig r;
  for (int n = 0; n < 100; ++n) {
    r.pass(seconds{3});
  }
  CHECK(r.transactions() == 0);
  CHECK(r.problems() == "");
}

TEST_CASE("clock: one that is ahead is told when the store has said its time again, and that it is over") {
  clock_rig r;
  r.d.wall_ms += 3'600'000;
  r.pass(seconds{3});
  CHECK(r.transactions() == 1); // alive, as it is
  CHECK(r.problems().find("1h ahead of") != std::string::npos);
  CHECK(r.problems().find("start by the store's clock") != std::string::npos);
  r.pass(seconds{3});
  CHECK(r.transactions() == 0);
  r.d.wall_ms -= 3'600'000;
  r.pass(seconds{3});
  CHECK(r.transactions() == 1);
  CHECK(r.problems() == "");
}

TEST_CASE("clock: one that is behind is told, and starts by itself") {
  clock_rig r;
  r.d.wall_ms -= 60'000;
  r.pass(seconds{3});
  CHECK(r.problems().find("1min behind") != std::string::npos);
  CHECK(r.problems().find("start by the clock of this node") != std::string::npos);
}

TEST_CASE("clock: seconds are nothing, and a jump that is taken back at once is told to nobody") {
  clock_rig r;
  r.d.wall_ms += 9'000;
  r.pass(seconds{3});
  CHECK(r.transactions() == 0);
  r.d.fates = {fate::held};
  r.d.wall_ms += 3'600'000;
  r.pass(seconds{3});
  r.d.wall_ms -= 3'609'000;
  r.d.answer_held();
  r.pass(seconds{3});
  CHECK(r.problems() == "");
}

TEST_CASE("clock: what holds starts back asks the store each minute, so that one that was set right is noticed") {
  clock_rig r;
  r.d.wall_ms += 3'600'000;
  r.pass(seconds{3});
  r.transactions();
  r.tree.wall_ms += 3'600'000; // it was the store's that was wrong
  r.pass(seconds{30});
  CHECK(r.problems() != "");
  r.pass(seconds{33});
  CHECK(r.problems() == "");
}

TEST_CASE("clock: where no slots are remembered nobody cares") {
  clock_rig r{false};
  r.d.wall_ms += 3'600'000;
  r.pass(seconds{3});
  CHECK(r.transactions() == 0);
  CHECK(r.problems() == "");
}

TEST_CASE("clock: a core that was made anew asks before anything of a slot is known") {
  clock_rig before;
  worker_rig r{200, 500, true};
  r.tree.wall_ms = right_ms;
  r.tree.put("/djm/jobs/j", "{}");
  put_lock(r.tree, "j", "a", "w", "i1");
  r.add_job();
  r.join();
  r.assigned({"a"});
  r.d.take_written();
  const auto token = r.tree.stat("/djm/locks/j/a.lock").czxid;
  CHECK(r.d.call(&worker_core::on_slot_wishes, job_id{"j"}, std::vector<slot_wish>{{"a", token, {}, false}}) ==
        "a known");
  CHECK(r.d.take_written().size() == 1);
}

TEST_CASE("clock: a record of a slot that is days ahead of both clocks counts for nothing, unless it is parked") {
  clock_rig r;
  r.put(done_at(right_ms + 2 * day_ms));
  CHECK(r.ask({r.look()}) == "a known anew");
  CHECK(r.ask({r.write(slot_mark::claimed, right_ms)}) == "a written claimed 1700000000000/1");
  const auto path = std::string{"/djm/states/j/a@slot"};
  CHECK(store::decode<store::slot_payload>(r.tree.data(path), path)->epoch == 1);
  auto parked = done_at(right_ms + 2 * day_ms);
  parked.mark = slot_mark::parked;
  r.put(parked);
  CHECK(r.ask({r.look()}).find("known parked") != std::string::npos);
}

TEST_CASE("clock: a record that is days ahead of the node alone, or of the store alone, counts") {
  for (const auto by_node : {true, false}) {
    clock_rig r;
    (by_node ? r.d.wall_ms : r.tree.wall_ms) += 2 * day_ms;
    r.ask({r.write(slot_mark::claimed, right_ms)}); // its commit tells the store's time
    r.put(done_at(right_ms + 2 * day_ms));
    CHECK(r.ask({r.look()}).find("a known done") != std::string::npos);
  }
}

TEST_CASE("clock: what makes a record sets alive as well, because nothing else of it tells the time") {
  clock_rig r;
  r.ask({r.write(slot_mark::claimed, right_ms)});
  const auto first = r.d.take_written();
  REQUIRE(first.size() == 1);
  CHECK(first.front().find("set alive/w") != std::string::npos);
  r.ask({r.write(slot_mark::done, right_ms)});
  CHECK(r.d.take_written().front().find("check alive/w") != std::string::npos);
}

TEST_CASE("clock: that asking has not worked is over when nobody needs to know any more") {
  for (const bool released : {false, true}) {
    clock_rig r;
    r.d.wall_ms += 3'600'000;
    r.d.fates.assign(200, fate::unknown_lost);
    for (int n = 0; n < 30; ++n) {
      r.pass(seconds{3});
    }
    REQUIRE(r.problems().find("asking the store for its time") != std::string::npos);
    if (released) {
      r.released({"a"});
    } else {
      r.d.wall_ms -= 3'600'000;
    }
    r.d.fates.clear();
    r.transactions();
    for (int n = 0; n < 30; ++n) {
      r.pass(seconds{3});
    }
    CHECK(r.problems() == "");
  }
}

TEST_CASE("clock: one that is told to be behind is over when the store's was set right, though nobody writes") {
  clock_rig r;
  r.tree.wall_ms += 60'000;
  r.ask({r.write(slot_mark::claimed, right_ms)}); // its commit tells the store's time
  for (int n = 0; n < 2; ++n) {
    r.pass(seconds{3});
  }
  REQUIRE(r.problems().find("1min behind") != std::string::npos);
  r.transactions();
  r.tree.wall_ms -= 60'000;
  for (int n = 0; n < 210; ++n) {
    r.pass(seconds{3});
  }
  CHECK(r.problems() == "");
  CHECK(r.transactions() <= 2);
}

TEST_CASE("clock: a claim that is found to be there tells the store's time, as its answer would have") {
  clock_rig r;
  r.ask({r.write(slot_mark::claimed, right_ms)});
  r.ask({r.write(slot_mark::done, right_ms)});
  r.tree.wall_ms -= 3'600'000;
  r.d.fates = {fate::unknown_applied};
  r.d.others.clear();
  CHECK(r.ask({r.write(slot_mark::claimed, right_ms + 1000)}) == "a written claimed 1700000001000/1");
  std::optional<store_time> told;
  for (const auto& e : r.d.others) {
    if (const auto* t = std::get_if<slots_told>(&e)) {
      told = t->time;
    }
  }
  REQUIRE(told);
  CHECK(told->latest(r.d.now) < right_ms - 3'500'000);
}
