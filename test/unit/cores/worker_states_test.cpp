#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"
#include "zkstore/job_payloads.hpp"

using namespace djm;
using namespace djm::test;

/// Loads and saves of the states of items, as the worker does them for its runs.
namespace {

using strings = std::vector<std::string>;

/// A worker that holds items of job "j", whose runs load and save.
class states_rig : public worker_rig {
public:
  explicit states_rig(const std::vector<item_id>& items = {"a"}) {
    add_job();
    join();
    assigned(items);
    d.take_written();
    d.take_asked();
  }

  fencing_token token_of(const item_id& item) const { return tree.stat("/djm/locks/j/" + item + ".lock").czxid; }
  state_wish wish(const item_id& item, std::optional<std::string> save = {}) {
    const auto id = ++last_;
    return {id, {"j", item}, token_of(item), save ? std::optional{bytes_of(*save)} : std::nullopt};
  }
  std::string load(const item_id& item) { return d.call(&worker_core::on_state_wish, wish(item)); }
  std::string save(const item_id& item, const std::string& state) {
    return d.call(&worker_core::on_state_wish, wish(item, state));
  }
  /// Without answering anything.
  void begin(const state_wish& w) { d.take(d.core.on_state_wish(w, d.now_step())); }

  store::state_payload stored(const item_id& item) const {
    const auto path = "/djm/states/j/" + item;
    return store::decode<store::state_payload>(tree.data(path), path).value();
  }
  std::string state(const item_id& item) const {
    const auto p = stored(item);
    return p.state ? std::string(p.state->data.begin(), p.state->data.end()) : "nothing";
  }
  /// What an operator does.
  void set(const item_id& item, const std::string& text) {
    auto p = tree.has("/djm/states/j/" + item) ? stored(item) : store::state_payload{};
    ++p.epoch;
    p.saved_by = node_id{};
    p.state = bytes_of(text);
    tree.put("/djm/states/j/" + item, store::encode(p));
  }

private:
  std::uint64_t last_ = 0;
};

} // namespace

TEST_CASE("states: what is saved is loaded, and the record says by which turn") {
  states_rig r;
  CHECK(r.load("a") == "1:ok");
  CHECK(r.save("a", "one") == "2:ok");
  CHECK(r.save("a", "two") == "3:ok");
  CHECK(r.load("a") == "4:two");
  const auto p = r.stored("a");
  CHECK(p.token == r.token_of("a"));
  CHECK(p.seq == 2);
  CHECK(p.epoch == 0);
  CHECK(p.saved_by == node_id{"w"});
}

TEST_CASE("states: nothing is known of items that never load or save") {
  states_rig r{{"a", "b", "c"}};
  r.save("b", "x");
  CHECK(r.tree.children("/djm/states/j") == strings{"b"});
}

TEST_CASE("states: a turn looks once before its first save, and not again before the others") {
  states_rig r;
  r.save("a", "one");
  CHECK(r.d.take_asked().size() == 1);
  r.save("a", "two");
  CHECK(r.d.take_asked().empty());
  r.load("a");
  CHECK(r.d.take_asked().size() == 1);
}

TEST_CASE("states: the next turn loads what the one before has saved, and fences it with its first save") {
  states_rig r;
  r.save("a", "one");
  const auto first = r.token_of("a");
  r.unassigned({"a"});
  r.released({"a"});
  REQUIRE(r.locks().empty());
  r.assigned({"a"});
  REQUIRE(r.token_of("a") > first);
  CHECK(r.load("a") == "2:one");
  CHECK(r.stored("a").token == first);
  CHECK(r.save("a", "two") == "3:ok");
  CHECK(r.stored("a").token == r.token_of("a"));
}

TEST_CASE("states: a turn that is over neither loads nor saves") {
  states_rig r;
  const auto late = r.wish("a", "late");
  r.save("a", "one");
  r.unassigned({"a"});
  r.released({"a"});
  CHECK(r.d.call(&worker_core::on_state_wish, late).find("not_owner") != std::string::npos);
  r.assigned({"a"});
  CHECK(r.d.call(&worker_core::on_state_wish, late).find("not_owner") != std::string::npos);
  CHECK(r.state("a") == "one");
}

TEST_CASE("states: a record that a later turn has stamped is not written by an earlier one") {
  states_rig r;
  r.save("a", "one");
  auto p = r.stored("a");
  p.token += 100; // whoever that was
  p.state = bytes_of("theirs");
  r.tree.put("/djm/states/j/a", store::encode(p));
  CHECK(r.save("a", "mine") == "2:not_owner");
  CHECK(r.state("a") == "theirs");
}

TEST_CASE("states: a save over what an operator has set says conflict until it is loaded") {
  states_rig r;
  r.save("a", "one");
  r.set("a", "theirs");
  CHECK(r.save("a", "two") == "2:conflict");
  CHECK(r.save("a", "three") == "3:conflict");
  CHECK(r.state("a") == "theirs");
  CHECK(r.load("a") == "4:theirs");
  CHECK(r.save("a", "four") == "5:ok");
  CHECK(r.state("a") == "four");
}

TEST_CASE("states: the first save of a turn replaces what it has found, whoever has set it") {
  states_rig r;
  r.set("a", "theirs");
  CHECK(r.save("a", "mine") == "1:ok");
  CHECK(r.state("a") == "mine");
  r.set("a", "again");
  CHECK(r.save("a", "mine") == "2:conflict");
}

TEST_CASE("states: a save whose outcome is not known is looked for, and made again where it was not") {
  for (const auto f : {fate::unknown_applied, fate::unknown_lost}) {
    states_rig r;
    r.save("a", "one");
    r.d.fates = {f};
    CHECK(r.save("a", "two") == "2:ok");
    CHECK(r.state("a") == "two");
    CHECK(r.stored("a").seq == 2);
  }
}

TEST_CASE("states: after an unknown outcome the look is behind a barrier") {
  states_rig r;
  r.save("a", "one");
  r.d.take_asked();
  r.d.fates = {fate::unknown_lost};
  r.save("a", "two");
  const auto asked = r.d.take_asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked.front().find("fresh") == 0);
}

TEST_CASE("states: an operator's state that comes over a save in doubt is a conflict") {
  states_rig r;
  r.save("a", "one");
  r.d.fates = {fate::delayed};
  r.begin(r.wish("a", "two"));
  r.d.settle();
  r.set("a", "theirs");
  r.d.held.front().delayed = false; // it never arrives
  r.d.held.front().outcome = store::unknown{};
  CHECK(r.d.answer_held() == "2:conflict");
  CHECK(r.state("a") == "theirs");
}

TEST_CASE("states: a save in doubt at the end of a session is found out about in the next") {
  for (const bool applied : {true, false}) {
    states_rig r;
    r.save("a", "one");
    r.begin(r.wish("a", "two"));
    REQUIRE(r.d.commits.size() == 1);
    const auto q = std::exchange(r.d.commits, {}).front();
    if (applied) {
      r.tree.commit(r.d.view.id, q.txn);
    }
    r.d.expire();
    r.d.said.clear();
    r.join();
    CHECK(r.d.said.find("2:ok") != std::string::npos);
    CHECK(r.state("a") == "two");
    CHECK(r.stored("a").seq == 2);
  }
}

TEST_CASE("states: while the lock is uncertain a save waits, and when it was lost nothing is saved") {
  states_rig r;
  r.save("a", "one");
  r.d.suspend();
  r.begin(r.wish("a", "two"));
  CHECK(r.d.commits.empty());
  r.tree.erase("/djm/locks/j/a.lock");
  put_lock(r.tree, "j", "a", "v", "i9");
  CHECK(r.d.reconnect().find("2:not_owner") != std::string::npos);
  CHECK(r.state("a") == "one");
}

TEST_CASE("states: what cannot be answered in time is answered all the same") {
  states_rig r;
  r.save("a", "one");
  r.d.suspend();
  r.begin(r.wish("a", "two"));
  CHECK(r.d.pass(seconds{60}).find("2:not_connected") != std::string::npos);
  r.d.reconnect();
  CHECK(r.state("a") == "one");
  r.d.fates = {fate::delayed};
  r.begin(r.wish("a", "three"));
  CHECK(r.d.pass(seconds{60}) == "3:unknown_outcome");
  r.d.answer_held();
  CHECK(r.state("a") == "three");
  CHECK(r.save("a", "four") == "4:ok");
  CHECK(r.stored("a").seq == 3);
}

TEST_CASE("states: one save at a time for an item, and items beside each other") {
  states_rig r{{"a", "b"}};
  r.save("a", "0");
  r.save("b", "0");
  r.begin(r.wish("a", "1"));
  r.begin(r.wish("a", "2"));
  r.begin(r.wish("b", "1"));
  CHECK(r.d.commits.size() == 2);
  r.d.settle();
  CHECK(r.state("a") == "2");
  CHECK(r.stored("a").seq == 3);
  CHECK(r.state("b") == "1");
}

TEST_CASE("states: a record that makes no sense is told, and not overwritten") {
  states_rig r;
  r.tree.put("/djm/states/j/a", "{");
  CHECK(r.load("a") == "1:malformed_payload");
  CHECK(r.save("a", "x") == "2:malformed_payload");
  CHECK(r.tree.data("/djm/states/j/a") == "{");
}

TEST_CASE("states: what a newer version has written besides is kept") {
  states_rig r;
  r.save("a", "one");
  auto text = r.tree.data("/djm/states/j/a");
  text.insert(1, "\"newer\":{\"x\":1},");
  r.tree.put("/djm/states/j/a", text);
  r.load("a");
  CHECK(r.save("a", "two") == "3:ok");
  CHECK(r.tree.data("/djm/states/j/a").find("\"newer\":{\"x\":1}") != std::string::npos);
}

TEST_CASE("states: a node that leaves answers what waits") {
  states_rig r;
  const auto w = r.wish("a", "two");
  r.d.suspend();
  r.begin(w);
  r.d.call(&worker_core::on_drain);
  CHECK(r.d.call(&worker_core::on_hurry).find("1:shutting_down") != std::string::npos);
  CHECK(r.d.call(&worker_core::on_state_wish, r.wish("a")).find("shutting_down") != std::string::npos);
}

TEST_CASE("states: a run saves on its way out, while the node gives its items back") {
  states_rig r;
  r.d.call(&worker_core::on_drain);
  CHECK(r.save("a", "last") == "1:ok");
  CHECK(r.released({"a"}).find("drained") != std::string::npos);
}

TEST_CASE("states: when its registration is gone a node saves nothing, and joins again first") {
  states_rig r;
  r.save("a", "one");
  r.tree.erase("/djm/alive/w");
  r.d.fates = {};
  const auto said = r.save("a", "two");
  CHECK(said.find("2:") == std::string::npos);
  CHECK(r.state("a") == "one");
  r.d.said.clear();
  r.rejoin();
  CHECK(r.d.said.find("2:ok") != std::string::npos);
}
