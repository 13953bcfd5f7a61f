#include <doctest/doctest.h>

#include "test/unit/cores/driver.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What a candidate asks and writes, word for word, and what it makes of answers that come at the wrong moment.
namespace {

using strings = std::vector<std::string>;

class candidate : public driver<election_core> {
public:
  candidate(fake_store& t, const node_id& name)
    : driver<election_core>(election_core{{name, "i1", "/djm", milliseconds{100}, seconds{5}}}, t), id(name) {}

  std::string stand() {
    connect();
    return join();
  }
  std::string join() {
    enlist(tree, view.id, id, "i1");
    return call(&election_core::on_joined, view.number);
  }
  std::string react() {
    said.clear();
    return settle();
  }
  /// The answer to the oldest read, and nothing more.
  void answer_read() {
    REQUIRE_FALSE(reads.empty());
    auto q = std::move(reads.front());
    reads.pop_front();
    take(core.on_read(q.request, tree.read(view.id, q.reads), now_step()));
  }
  std::string id;
};

struct ballot {
  ballot() { prepare(tree); }
  fake_store tree;
};

} // namespace

TEST_CASE("election: word for word, from the first look to the lead") {
  ballot b;
  candidate v{b.tree, "v"};
  v.stand();
  CHECK(v.take_asked() == strings{"fresh[children leader-latch]", "read[exists leader-latch]",
                                  "fresh[children leader-latch]",
                                  "read[exists leader-latch/v-i1-0000000000, exists leader-latch/v-i1-0000000000]"});
  CHECK(v.take_written() == strings{"check alive/v, create~ leader-latch/v-i1-"});
}

TEST_CASE("election: settled, one cheap look each T is all there is, for who leads and for who waits") {
  ballot b;
  candidate v{b.tree, "v"}, w{b.tree, "w"};
  v.stand();
  w.stand();
  v.pass(seconds{10}); // sees that there is another candidate
  w.pass(seconds{10});
  v.take_asked();
  w.take_asked();
  for (int n = 1; n <= 3; ++n) {
    v.pass(seconds{10});
    w.pass(seconds{10});
    CHECK(v.take_asked() == strings{"read[children leader-latch]"});
    CHECK(w.take_asked() == strings{"read[children leader-latch]"});
  }
}

TEST_CASE("election: a cheap look that shows something new is followed by a whole one") {
  ballot b;
  candidate v{b.tree, "v"}, w{b.tree, "w"}, x{b.tree, "x"};
  v.stand();
  w.stand();
  x.stand();
  v.take_asked();
  // Nobody watches the last one, so the others hear of its end by looking.
  b.tree.end(x.view.id);
  v.pass(seconds{10});
  CHECK(v.take_asked() == strings{"read[children leader-latch]",
                                  "read[exists leader-latch/v-i1-0000000000, exists leader-latch/v-i1-0000000000]"});
  CHECK(v.core.status().candidates == 2);
}

TEST_CASE("election: a retry after a failure is behind a barrier, and no cheap look") {
  ballot b;
  candidate v{b.tree, "v"}, w{b.tree, "w"};
  v.stand();
  w.connect();
  enlist(b.tree, w.view.id, "w", "i1");
  w.take(w.core.on_joined(w.view.number, w.now_step()));
  auto q = w.reads.front();
  w.reads.pop_front();
  w.take_asked();
  w.take(w.core.on_read(q.request, {store::read_status::failed, {}, "no answer"}, w.now_step()));
  CHECK(w.reads.empty());
  w.pass(seconds{1});
  CHECK(w.take_asked().front() == "fresh[children leader-latch]");
  CHECK(w.core.status().candidates == 2);
}

TEST_CASE("election: surplus latches are deleted for as long as the node is registered") {
  ballot b;
  candidate v{b.tree, "v"};
  v.connect();
  enlist(b.tree, v.view.id, "v", "i1");
  for (int n = 0; n < 2; ++n) {
    store::transaction t;
    t.ops.push_back(store::create_op{"/djm/leader-latch/v-i1-", {}, store::create_mode::ephemeral_sequential});
    b.tree.commit(v.view.id, t);
  }
  CHECK(v.call(&election_core::on_joined, v.view.number) == "granted leader-latch/v-i1-0000000000");
  CHECK(v.take_written() == strings{"check alive/v, remove leader-latch/v-i1-0000000001"});
}

TEST_CASE("election: a watch that fires during a look leads to another look") {
  ballot b;
  candidate v{b.tree, "v"}, w{b.tree, "w"};
  v.stand();
  w.stand();
  // A cheap look is under way when the one before goes.
  w.now += seconds{10};
  w.take(w.core.on_wake(w.now_step()));
  REQUIRE(w.reads.size() == 1);
  auto q = w.reads.front();
  w.reads.pop_front();
  const auto before = b.tree.read(w.view.id, q.reads);
  b.tree.end(v.view.id);
  for (const auto& e : b.tree.take_events(w.view.id)) {
    w.take(w.core.on_watch(e, w.now_step()));
  }
  w.take(w.core.on_read(q.request, before, w.now_step()));
  CHECK(w.pass(seconds{1}) == "granted leader-latch/w-i1-0000000001");
}

TEST_CASE("election: what was asked before the connection was lost decides nothing") {
  ballot b;
  candidate v{b.tree, "v"};
  v.connect();
  enlist(b.tree, v.view.id, "v", "i1");
  v.take(v.core.on_joined(v.view.number, v.now_step()));
  auto q = v.reads.front();
  v.reads.pop_front();
  const auto answer = b.tree.read(v.view.id, q.reads);
  v.suspend();
  v.take(v.core.on_read(q.request, answer, v.now_step()));
  CHECK(v.reads.empty());
  CHECK(v.commits.empty());
  CHECK(v.reconnect() == "granted leader-latch/v-i1-0000000000");
}

TEST_CASE("election: the join of another session is not ours") {
  ballot b;
  candidate v{b.tree, "v"};
  v.connect();
  v.call(&election_core::on_joined, v.view.number + 1);
  CHECK(v.core.status().role == election_role::out);
  CHECK(v.take_asked().empty());
}

TEST_CASE("election: who finds a latch of its own behind another's knows the leader and waits for it") {
  ballot b;
  const auto latch = [&](fake_store::session owner, const node_id& name) {
    store::transaction t;
    t.ops.push_back(
      store::create_op{"/djm/leader-latch/" + name + "-i1-", {}, store::create_mode::ephemeral_sequential});
    b.tree.commit(owner, t);
  };
  const auto v = b.tree.open();
  enlist(b.tree, v, "v", "i1");
  latch(v, "v");
  candidate w{b.tree, "w"};
  w.connect();
  enlist(b.tree, w.view.id, "w", "i1");
  latch(w.view.id, "w"); // of a core before this one
  CHECK(w.call(&election_core::on_joined, w.view.number) == "");
  CHECK(w.take_asked() == strings{"fresh[children leader-latch]",
                                  "read[exists leader-latch/w-i1-0000000001, exists! leader-latch/v-i1-0000000000, "
                                  "exists leader-latch/v-i1-0000000000]"});
  CHECK(w.take_written().empty());
  CHECK(w.core.status().leader == "v");
  CHECK(w.core.status().leader_epoch == b.tree.stat("/djm/leader-latch/v-i1-0000000000").czxid);
  b.tree.end(v);
  CHECK(w.react() == "granted leader-latch/w-i1-0000000001");
}

TEST_CASE("election: a node of a candidate's name that no session holds is passed over and reported") {
  ballot b;
  b.tree.put("/djm/leader-latch/z-i0-0000000000");
  candidate v{b.tree, "v"};
  CHECK(v.stand().find("granted") != std::string::npos);
  const auto reported = [](const candidate& c) {
    std::size_t n = 0;
    for (const auto& e : c.emitted) {
      n += show(emit_effect{e}).find("/djm/leader-latch/z-i0-0000000000 is not ephemeral") != std::string::npos ? 1 : 0;
    }
    return n;
  };
  CHECK(reported(v) == 1);
  CHECK(v.core.status().leader == "v");
  // Nor does whoever stands behind it wait for it, or take it for the leader.
  b.tree.put("/djm/leader-latch/y-i0-0000000002");
  candidate w{b.tree, "w"};
  CHECK(w.stand().find("granted") == std::string::npos);
  CHECK(w.core.status().leader == "v");
  v.pass(seconds{60});
  CHECK(reported(v) == 1); // once
  b.tree.end(v.view.id);
  CHECK(w.react().find("granted") != std::string::npos);
}

TEST_CASE("election: who cannot see its latch any more steps down, also when the folder of all latches is gone") {
  ballot b;
  candidate v{b.tree, "v"};
  v.stand();
  b.tree.erase("/djm/leader-latch");
  CHECK(v.pass(v.view.timeout).find("revoked") != std::string::npos);
  b.tree.put("/djm/leader-latch");
  CHECK(v.pass(seconds{10}).find("granted") != std::string::npos);
}
