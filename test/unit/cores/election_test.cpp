#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "test/unit/cores/driver.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using strings = std::vector<std::string>;

class candidate : public driver<election_core> {
public:
  candidate(fake_store& t, const node_id& name, const std::string& incarnation = "i1", bool stands = true)
    : driver<election_core>(election_core{{name, incarnation, "/djm", milliseconds{100}, seconds{5}, stands}}, t),
      id(name),
      life(incarnation) {}

  std::string stand() {
    connect();
    return join();
  }
  std::string join() {
    enlist(tree, view.id, id, life);
    return call(&election_core::on_joined, view.number);
  }
  std::string react() {
    said.clear();
    return settle();
  }
  bool leads() const { return core.status().role == election_role::leading; }

  node_id id;
  std::string life;
};

strings latches(const fake_store& tree) {
  return tree.children("/djm/leader-latch");
}

} // namespace

TEST_CASE("election: the first candidate leads, with the creation of its latch as epoch") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  CHECK(v.stand() == "granted leader-latch/v-i1-0000000000");
  CHECK(v.core.status().epoch == tree.stat("/djm/leader-latch/v-i1-0000000000").czxid);
  CHECK(v.core.status().leader == "v");
}

TEST_CASE("election: nobody stands before its node has joined") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  CHECK(v.connect() == "");
  v.pass(seconds{60});
  CHECK(latches(tree).empty());
  CHECK(v.core.status().role == election_role::out);
}

TEST_CASE("election: the second waits for the one before it alone and follows it with a higher epoch") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"}, w{tree, "w"}, x{tree, "x"};
  v.stand();
  CHECK(w.stand() == "");
  CHECK(x.stand() == "");
  CHECK(w.core.status().leader == "v");
  const auto epoch = v.core.status().epoch;
  tree.end(v.view.id);
  CHECK(tree.has_events(w.view.id));
  CHECK_FALSE(tree.has_events(x.view.id)); // no herd
  CHECK(w.react() == "granted leader-latch/w-i1-0000000001");
  CHECK(w.core.status().epoch > epoch);
}

TEST_CASE("election: a candidate in the middle that goes away hands its watch on") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"}, w{tree, "w"}, x{tree, "x"};
  v.stand();
  w.stand();
  x.stand();
  tree.end(w.view.id);
  CHECK(x.react() == "");
  tree.end(v.view.id);
  CHECK(x.react() == "granted leader-latch/x-i1-0000000002");
}

TEST_CASE("election: a node that does not stand writes nothing, follows who leads, and says when nobody does") {
  fake_store tree;
  prepare(tree);
  candidate o{tree, "o", "i1", false};
  CHECK(o.stand() == "");
  CHECK(latches(tree).empty());
  CHECK(o.core.status().role == election_role::observer);
  const auto told = [&o](const std::string& text) {
    return std::any_of(o.emitted.begin(), o.emitted.end(),
                       [&](const event& e) { return show(emit_effect{e}).find(text) != std::string::npos; });
  };
  o.pass(seconds{30});
  CHECK(told("nobody leads"));
  candidate v{tree, "v"};
  v.stand();
  o.emitted.clear();
  o.pass(seconds{30});
  CHECK(told("the leadership"));
  CHECK(o.core.status().leader == "v");
  const auto before = tree.zxid();
  const auto reads = o.reads_answered;
  CHECK(o.pass(seconds{300}) == "");
  CHECK(tree.zxid() == before);
  CHECK(o.reads_answered - reads <= 40); // one each T
  tree.end(v.view.id);
  o.pass(seconds{30});
  CHECK(o.core.status().leader.empty());
  CHECK(latches(tree).empty());
}

TEST_CASE("election: I5 waiting and leading write nothing") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"}, w{tree, "w"};
  v.stand();
  w.stand();
  const auto before = tree.zxid();
  v.pass(seconds{300});
  w.pass(seconds{300});
  CHECK(tree.zxid() == before);
  CHECK(w.reads_answered <= 100); // a look every T
}

TEST_CASE("election: leadership is revoked with the connection and granted again in the same epoch when it returns") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  v.stand();
  const auto epoch = v.core.status().epoch;
  CHECK(v.suspend() == "revoked");
  CHECK(v.reconnect() == "granted leader-latch/v-i1-0000000000");
  CHECK(v.core.status().epoch == epoch);
  CHECK(latches(tree).size() == 1);
}

TEST_CASE("election: a new session stands again at the end of the queue") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"}, w{tree, "w"};
  v.stand();
  w.stand();
  CHECK(v.expire() == "revoked");
  CHECK(w.react().find("granted") == 0);
  CHECK(v.connect() == "");
  CHECK(v.join() == "");
  CHECK(latches(tree) == strings{"v-i1-0000000002", "w-i1-0000000001"});
  CHECK(v.core.status().leader == "w");
}

TEST_CASE("election: an unknown entry leaves one candidate, whether it was applied or not") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    fake_store tree;
    prepare(tree);
    candidate v{tree, "v"};
    v.fates = {f};
    auto said = v.stand();
    said += v.pass(seconds{1});
    CHECK(said.find("granted leader-latch/v-i1-") == 0);
    CHECK(latches(tree).size() == 1);
  }
}

TEST_CASE("election: own duplicates are tidied up, the lowest is kept") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  v.connect();
  for (int i = 0; i < 3; ++i) {
    store::transaction txn;
    txn.ops.push_back(store::create_op{"/djm/leader-latch/v-i1-", {}, store::create_mode::ephemeral_sequential});
    tree.commit(v.view.id, txn);
  }
  CHECK(v.join() == "granted leader-latch/v-i1-0000000000");
  CHECK(latches(tree) == strings{"v-i1-0000000000"});
}

TEST_CASE("election: tidying survives unknown outcomes") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    fake_store tree;
    prepare(tree);
    candidate v{tree, "v"};
    v.connect();
    for (int i = 0; i < 2; ++i) {
      store::transaction txn;
      txn.ops.push_back(store::create_op{"/djm/leader-latch/v-i1-", {}, store::create_mode::ephemeral_sequential});
      tree.commit(v.view.id, txn);
    }
    v.fates = {f};
    auto said = v.join();
    said += v.pass(seconds{10});
    CHECK(said == "granted leader-latch/v-i1-0000000000");
    CHECK(latches(tree).size() == 1);
  }
}

TEST_CASE("election: a latch of its own incarnation in another session is not its own") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  const auto old = tree.open();
  store::transaction txn;
  txn.ops.push_back(store::create_op{"/djm/leader-latch/v-i1-", {}, store::create_mode::ephemeral_sequential});
  tree.commit(old, txn);
  CHECK(v.stand() == "");
  CHECK(latches(tree).size() == 2);
  CHECK_FALSE(v.leads());
  tree.end(old);
  auto said = v.react();
  said += v.pass(seconds{20});
  CHECK(said == "granted leader-latch/v-i1-0000000001");
}

TEST_CASE("election: a latch that somebody deleted ends the term and a new one is entered") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  v.stand();
  tree.erase("/djm/leader-latch/v-i1-0000000000");
  CHECK(v.pass(seconds{30}) == "revoked; granted leader-latch/v-i1-0000000001");
}

TEST_CASE("election: names that are no candidates are passed over") {
  fake_store tree;
  prepare(tree);
  tree.put("/djm/leader-latch/rubbish");
  tree.put("/djm/leader-latch/-0000000000");
  tree.put("/djm/leader-latch/0000000000");
  candidate v{tree, "v"};
  CHECK(v.stand().find("granted leader-latch/v-i1-") == 0);
}

TEST_CASE("election: node ids with dashes are read back from a candidate's name") {
  CHECK(store::candidate_worker("a-b-c-inc1-0000000007") == "a-b-c");
  CHECK(store::candidate_worker("v-i1-0000000000") == "v");
  CHECK(store::candidate_worker("v-0000000000").empty());
  CHECK(store::candidate_worker("v-i1-000000000x").empty());
  CHECK(store::candidate_worker("v-i1x0000000000").empty()); // ten digits that are no sequence
  CHECK(store::candidate_worker("").empty());
}

TEST_CASE("election: a registration that is gone ends the term") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  v.stand();
  CHECK(v.call(&election_core::on_unjoined) == "revoked");
  CHECK(v.pass(seconds{30}) == "");
  CHECK(v.call(&election_core::on_joined, v.view.number).find("granted") == 0);
}

TEST_CASE("election: who resigned stands no more") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"};
  v.stand();
  CHECK(v.call(&election_core::on_resign) == "revoked");
  v.suspend();
  CHECK(v.reconnect() == "");
  CHECK(v.pass(seconds{30}) == "");
}

TEST_CASE("election: everybody learns who leads") {
  fake_store tree;
  prepare(tree);
  candidate v{tree, "v"}, w{tree, "w"}, x{tree, "x"};
  v.stand();
  w.stand();
  x.stand();
  tree.end(v.view.id);
  w.react();
  x.pass(seconds{11});
  CHECK(x.core.status().leader == "w");
  CHECK(x.core.status().leader_epoch == w.core.status().epoch);
  std::size_t told = 0;
  for (const auto& e : x.emitted) {
    told += std::holds_alternative<leader_changed>(e) ? 1 : 0;
  }
  CHECK(told == 2); // v, then w
}

TEST_CASE("election: random histories have at most one leader whose latch exists, and epochs that grow") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    auto chance = [&](unsigned n) { return random() % n == 0; };
    fake_store tree;
    prepare(tree);
    std::vector<std::unique_ptr<candidate>> nodes;
    for (const auto& name : to_ids<node_id>({"a", "b", "c", "d"})) {
      nodes.push_back(std::make_unique<candidate>(tree, name));
    }
    std::int64_t highest = 0;
    std::string latch_of_highest;
    for (int n = 0; n < 300; ++n) {
      auto& c = *nodes[random() % nodes.size()];
      c.fates.clear();
      if (chance(3)) {
        c.fates = {chance(2) ? fate::unknown_applied : fate::unknown_lost};
      }
      const auto phase = c.view.phase;
      using sp = store::session_phase;
      if (phase == sp::idle || phase == sp::expired) {
        c.stand();
      } else if (phase == sp::suspended) {
        chance(2) ? c.expire() : c.reconnect();
      } else if (chance(6)) {
        chance(2) ? c.suspend() : c.expire();
      } else {
        c.pass(milliseconds{random() % 3000});
      }
      std::size_t leaders = 0;
      for (const auto& x : nodes) {
        if (!x->leads()) {
          continue;
        }
        const auto* g = [&]() -> const election_core::granted* {
          for (auto i = x->others.rbegin(); i != x->others.rend(); ++i) {
            if (const auto* found = std::get_if<election_core::granted>(&*i)) {
              return found;
            }
          }
          return nullptr;
        }();
        REQUIRE(g != nullptr);
        if (!tree.has(g->latch)) {
          continue; // it has not heard yet, and cannot write any more
        }
        ++leaders;
        // Of all candidates it is the one with the lowest sequence number.
        for (const auto& name : latches(tree)) {
          CHECK(*store::sequence_of(name) >= *store::sequence_of(g->latch));
        }
        CHECK((g->epoch > highest || g->latch == latch_of_highest));
        highest = std::max(highest, g->epoch);
        latch_of_highest = g->latch;
      }
      REQUIRE(leaders <= 1);
    }
    // Calm: all come back, and one leads.
    for (int round = 0; round < 6; ++round) {
      for (auto& x : nodes) {
        x->fates.clear();
        if (x->view.phase == store::session_phase::suspended) {
          x->reconnect();
        } else if (x->view.phase != store::session_phase::connected) {
          x->stand();
        }
        x->pass(seconds{15});
      }
    }
    CHECK(std::count_if(nodes.begin(), nodes.end(), [](const auto& x) { return x->leads(); }) == 1);
    CHECK(latches(tree).size() == nodes.size());
  }
}
