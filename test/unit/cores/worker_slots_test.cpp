#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"
#include "zkstore/job_payloads.hpp"

using namespace djm;
using namespace djm::test;

/// What is remembered of slots, as the worker reads and writes it for the runners of its node.
namespace {

using store::slot_mark;

class slots_rig : public worker_rig {
public:
  explicit slots_rig(const std::vector<item_id>& items = {"a"}) {
    tree.put("/djm/jobs/j", "{}");
    add_job();
    join();
    assigned(items);
    forget();
  }

  void forget() {
    d.take_written();
    d.take_asked();
  }
  fencing_token token_of(const item_id& item) const { return tree.stat("/djm/locks/j/" + item + ".lock").czxid; }
  slot_wish look(const item_id& item) const { return {item, token_of(item), {}, false}; }
  slot_wish write(const item_id& item, slot_mark mark, std::int64_t slot, std::uint32_t attempt = 1,
                  bool patient = false) const {
    return {item, token_of(item), slot_note{mark, slot, attempt, 0, 0}, patient};
  }
  std::string ask(std::vector<slot_wish> wishes) {
    return d.call(&worker_core::on_slot_wishes, job_id{"j"}, std::move(wishes));
  }
  store::slot_payload stored(const item_id& item) const {
    const auto path = "/djm/states/j/" + item + "@slot";
    return store::decode<store::slot_payload>(tree.data(path), path).value();
  }
  void put(const item_id& item, store::slot_payload p) {
    p.job = p.job == 0 ? tree.stat("/djm/jobs/j").czxid : p.job;
    tree.put("/djm/states/j", "");
    tree.put("/djm/states/j/" + item + "@slot", store::encode(p));
  }
  std::size_t transactions() { return d.take_written().size(); }
};

store::slot_payload record(fencing_token token, slot_mark mark, std::int64_t slot) {
  store::slot_payload p;
  p.token = token;
  p.mark = mark;
  p.slot = slot;
  p.by = "v";
  p.incarnation = "i9";
  return p;
}

} // namespace

TEST_CASE("slots: what is written is read, and says by which turn, of which job and by which life") {
  slots_rig r;
  CHECK(r.ask({r.look("a")}) == "a known");
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000)}) == "a written claimed 1000/1");
  const auto p = r.stored("a");
  CHECK(p.token == r.token_of("a"));
  CHECK(p.job == r.tree.stat("/djm/jobs/j").czxid);
  CHECK(p.by == "w");
  CHECK(p.incarnation == "i1");
  CHECK(r.ask({r.write("a", slot_mark::done, 1000)}) == "a written done 1000/1");
  CHECK(r.ask({r.look("a")}) == "a known done 1000/1");
}

TEST_CASE("slots: a write that nobody has looked before is decided by nothing, and refused where there is a record") {
  slots_rig r;
  r.put("a", record(1, slot_mark::done, 500));
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000)}) == "a superseded done 500/1");
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000)}) == "a written claimed 1000/1"); // now it knows
}

TEST_CASE("slots: who has written in between makes a write fail, and is told") {
  slots_rig r;
  r.ask({r.look("a")});
  r.put("a", record(1, slot_mark::done, 2000));
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000)}) == "a superseded done 2000/1");
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000)}) == "a superseded done 2000/1"); // slots only grow
  CHECK(r.ask({r.write("a", slot_mark::claimed, 3000)}) == "a written claimed 3000/1");
}

TEST_CASE(
  "slots: no attempt is claimed twice, whatever a runner believes, and an end that stands is not written again") {
  slots_rig r;
  r.ask({r.look("a")});
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000, 2)}) == "a written claimed 1000/2");
  for (const std::uint32_t attempt : {1u, 2u}) {
    CHECK(r.ask({r.write("a", slot_mark::claimed, 1000, attempt)}) == "a superseded claimed 1000/2");
  }
  CHECK(r.ask({r.write("a", slot_mark::given_back, 1000, 3)}) == "a written given_back 1000/3");
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000, 2)}) == "a superseded given_back 1000/3");
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000, 3)}) == "a written claimed 1000/3");
  CHECK(r.ask({r.write("a", slot_mark::done, 1000, 3)}) == "a written done 1000/3");
  r.forget();
  CHECK(r.ask({r.write("a", slot_mark::done, 1000, 3)}) == "a written done 1000/3");
  CHECK(r.transactions() == 0);
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000, 3)}) == "a superseded done 1000/3");
}

TEST_CASE("slots: ends of one item that wait are written as one, the last") {
  slots_rig r;
  r.ask({r.look("a")});
  std::vector<slot_wish> ends;
  for (int n = 1; n <= 100; ++n) {
    ends.push_back(r.write("a", slot_mark::done, n * 1000, 1, true));
  }
  auto told = r.ask(ends);
  told += r.d.pass(seconds{1});
  CHECK(r.transactions() == 1);
  CHECK(r.stored("a").slot == 100'000);
  CHECK(told.find("done 100000/1") != std::string::npos);
}

TEST_CASE("slots: a later turn in the record, or a lock that is not ours, is the end of it") {
  slots_rig r;
  r.put("a", record(r.token_of("a") + 1, slot_mark::claimed, 2000));
  CHECK(r.ask({r.look("a")}) == "a lost");
  CHECK(r.ask({{"a", r.token_of("a") - 1, {}, false}}) == "a lost");
  CHECK(r.ask({{"b", 7, {}, false}}) == "b lost");
}

TEST_CASE("slots: many go together, and a conflict of one of them delays nobody else") {
  std::vector<item_id> items;
  for (int n = 0; n < 500; ++n) {
    items.push_back(item_id{"i" + std::to_string(1000 + n)});
  }
  slots_rig r{items};
  std::vector<slot_wish> wishes;
  for (const auto& item : items) {
    wishes.push_back(r.look(item));
  }
  r.ask(wishes);
  CHECK(r.transactions() == 0);
  r.put(items[7], record(1, slot_mark::done, 2000));
  wishes.clear();
  for (const auto& item : items) {
    wishes.push_back(r.write(item, slot_mark::claimed, 1000));
  }
  const auto said = r.ask(wishes);
  CHECK(said.find(items[7] + " superseded") != std::string::npos);
  for (const auto& item : items) {
    if (item != items[7]) {
      CHECK(r.stored(item).slot == 1000);
    }
  }
  CHECK(r.transactions() <= 6); // three, of which one meets the conflict, and what that leaves
}

TEST_CASE("slots: what nothing waits for goes with others, or after a moment") {
  slots_rig r{{"a", "b"}};
  r.ask({r.look("a"), r.look("b")});
  r.ask({r.write("a", slot_mark::claimed, 1000), r.write("b", slot_mark::claimed, 1000)});
  r.forget();
  CHECK(r.ask({r.write("a", slot_mark::done, 1000, 1, true)}) == "");
  CHECK(r.transactions() == 0);
  CHECK(r.ask({r.write("b", slot_mark::done, 1000)}) == "b written done 1000/1 a written done 1000/1");
  CHECK(r.transactions() == 1);
  CHECK(r.ask({r.write("a", slot_mark::claimed, 2000)}) == "a written claimed 2000/1");
  CHECK(r.ask({r.write("a", slot_mark::done, 2000, 1, true)}) == "");
  CHECK(r.d.pass(milliseconds{600}) == "a written done 2000/1");
}

TEST_CASE("slots: an outcome that is not known is looked up") {
  for (const auto f : {fate::unknown_applied, fate::unknown_lost}) {
    slots_rig r;
    r.ask({r.look("a")});
    r.forget();
    r.d.fates = {f};
    CHECK(r.ask({r.write("a", slot_mark::claimed, 1000)}) == "a written claimed 1000/1");
    CHECK(r.transactions() == (f == fate::unknown_applied ? 1 : 2));
    CHECK(r.d.take_asked().back().find("fresh") != std::string::npos);
    CHECK(r.stored("a").slot == 1000);
  }
}

TEST_CASE("slots: in another session that still has the lock it is found out what became of a write") {
  slots_rig r;
  r.ask({r.look("a")});
  r.d.fates = {fate::lost_applied};
  r.d.take(r.d.core.on_slot_wishes("j", {r.write("a", slot_mark::claimed, 1000)}, r.d.now_step()));
  r.d.answer_commit();
  r.d.expire();
  r.d.connect();
  CHECK(r.rejoin().find("a written claimed 1000/1") != std::string::npos);
}

TEST_CASE("slots: whoever claimed a slot and is gone is told to be gone") {
  slots_rig r{{"a", "b"}};
  r.put("a", record(1, slot_mark::claimed, 1000));
  CHECK(r.ask({r.look("a")}) == "a known claimed 1000/1 by who is gone");
  enlist(r.tree, r.other, "v", "i9", {"j"});
  r.put("b", record(1, slot_mark::claimed, 1000));
  CHECK(r.ask({r.look("b")}) == "b known claimed 1000/1");
}

TEST_CASE("slots: a record of another job of this name, or one that makes no sense, counts for nothing") {
  slots_rig r{{"a", "b"}};
  auto other = record(1, slot_mark::done, 9000);
  other.job = 1;
  r.put("a", other);
  CHECK(r.ask({r.look("a")}) == "a known");
  CHECK(r.ask({r.write("a", slot_mark::claimed, 1000)}) == "a written claimed 1000/1");
  CHECK(r.stored("a").epoch == 1);
  r.put("b", record(1, slot_mark::done, 1));
  r.tree.put("/djm/states/j/b@slot", "rubbish");
  CHECK(r.ask({r.look("b")}) == "b known");
  CHECK(r.ask({r.write("b", slot_mark::claimed, 1000)}) == "b written claimed 1000/1");
  CHECK(r.stored("b").epoch > 0);
}

TEST_CASE("slots: a node that leaves answers what was asked") {
  slots_rig r;
  r.d.take(r.d.core.on_slot_wishes("j", {r.look("a")}, r.d.now_step()));
  r.d.suspend();
  r.d.call(&worker_core::on_drain);
  CHECK(r.d.call(&worker_core::on_hurry).find("a lost") != std::string::npos);
  CHECK(r.ask({{"a", 1, {}, false}}) == "a lost");
}

TEST_CASE("slots: with what is lost it is told whether what was to be written may be there") {
  for (const bool sent : {true, false}) {
    slots_rig r{{"a", "b"}};
    r.ask({r.look("a"), r.look("b")});
    auto wish = r.write("a", slot_mark::claimed, 1000, 1, !sent); // patient: it waits for others
    r.d.fates = {fate::held};
    r.ask({wish});
    CHECK(r.transactions() == (sent ? 1 : 0));
    r.d.suspend();
    r.d.call(&worker_core::on_drain);
    const auto said = r.d.call(&worker_core::on_hurry);
    CHECK(said.find("a lost") != std::string::npos);
    CHECK((said.find("a lost unsure") != std::string::npos) == sent);
  }
}

TEST_CASE("slots: a lock that is gone with the session leaves only what was sent in doubt") {
  for (const bool sent : {true, false}) {
    slots_rig r;
    r.ask({r.look("a")});
    r.d.fates = {fate::lost_applied};
    r.d.take(r.d.core.on_slot_wishes("j", {r.write("a", slot_mark::claimed, 1000, 1, !sent)}, r.d.now_step()));
    if (sent) {
      r.d.answer_commit();
    }
    r.d.expire();
    r.tree.erase("/djm/locks/j/a.lock");
    r.d.connect();
    const auto said = r.rejoin();
    CHECK(said.find("a lost") != std::string::npos);
    CHECK((said.find("a lost unsure") != std::string::npos) == sent);
  }
}
