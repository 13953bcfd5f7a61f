#include <algorithm>

#include <doctest/doctest.h>

#include "actors/client/what_if.hpp"
#include "test/unit/client/read_tree.hpp"

using namespace djm;
using namespace djm::test;

namespace {

struct lab {
  lab() {
    prepare(tree);
    alive = tree.open();
    enlist(tree, alive, "n1", "i1", {"j"});
    enlist(tree, alive, "n2", "i2", {"j"});
    add_pool(tree, "j", {"a", "b", "c", "d"});
    assign(tree, "n1", "i1", "j", {"a", "b"});
    assign(tree, "n2", "i2", "j", {"c", "d"});
  }
  cluster_image image() { return *image_of(snapshot_of(tree)); }
  expected<what_if_answer> ask(const what_if_question& q) { return what_would_be(image(), q, registry); }
  stoppable_answer stop(std::vector<node_id> nodes) { return *which_may_stop(image(), nodes, registry); }

  fake_store tree;
  fake_store::session alive = 0;
  strategy_registry registry;
};

} // namespace

TEST_CASE("what if: a calm cluster moves nothing") {
  lab l;
  const auto a = l.ask({});
  REQUIRE(a);
  CHECK(a->moves.empty());
  CHECK(a->before == a->after);
  CHECK(a->before.at("n1") == 2);
}

TEST_CASE("what if: without a node the others have its items") {
  lab l;
  what_if_question q;
  q.without = {"n1"};
  const auto a = l.ask(q);
  REQUIRE(a);
  REQUIRE(a->moves.size() == 2);
  for (const auto& m : a->moves) {
    CHECK(m.from == "n1");
    CHECK(m.to == "n2");
    CHECK(m.why == "its owner would not be there");
  }
  CHECK(a->before.at("n1") == 2);
  CHECK(a->after.count("n1") == 0);
  CHECK(a->after.at("n2") == 4);
}

TEST_CASE("what if: a drain empties a node, and one that comes gets its share") {
  lab l;
  what_if_question drain;
  drain.drain = {"n2"};
  const auto a = l.ask(drain);
  REQUIRE(a);
  CHECK(a->after.at("n2") == 0);
  CHECK(std::all_of(a->moves.begin(), a->moves.end(), [](const auto& m) { return m.why == "its owner is draining"; }));
  what_if_question more;
  more.add = {{}};
  more.add[0].id = "n3";
  const auto b = l.ask(more);
  REQUIRE(b);
  CHECK(b->after.at("n3") == 1);
  CHECK(b->before.count("n3") == 0);
}

TEST_CASE("what if: who is not there cannot be taken away, and who is cannot be added") {
  lab l;
  what_if_question q;
  q.without = {"x"};
  CHECK(l.ask(q).error().code == errc::unknown_worker);
  q = {};
  q.add = {{}};
  q.add[0].id = "n1";
  CHECK(l.ask(q).error().code == errc::invalid_config);
  q.add[0].id = "a/b";
  CHECK(l.ask(q).error().code == errc::invalid_id);
}

TEST_CASE("what if: jobs of strategies that only nodes have are said") {
  lab l;
  store::pool_payload p;
  p.attributes.strategy = "mine";
  l.tree.put("/djm/work-pool/j", store::encode(p));
  const auto a = l.ask({});
  REQUIRE(a);
  REQUIRE(a->unknown.size() == 1);
  CHECK(a->unknown[0].find("strategy \"mine\"") != std::string::npos);
}

TEST_CASE("stoppable: one of two may be, both may not") {
  lab l;
  const auto one = l.stop({"n1"});
  CHECK(one.stoppable == std::vector<node_id>{"n1"});
  CHECK(one.refused.empty());
  const auto both = l.stop({"n1", "n2", "n1"});
  CHECK(both.stoppable == std::vector<node_id>{"n1"});
  REQUIRE(both.refused.size() == 1);
  CHECK(both.refused[0].node == "n2");
  CHECK(both.refused[0].reasons.front() == "it is the last node alive");
}

TEST_CASE("stoppable: not when an item would have no place") {
  lab l;
  store::worker_payload small;
  small.incarnation = "i2";
  small.max_items = 2;
  l.tree.put("/djm/workers/n2", store::encode(small));
  const auto a = l.stop({"n1"});
  REQUIRE(a.refused.size() == 1);
  CHECK(a.refused[0].reasons.size() == 2);
  CHECK(a.refused[0].reasons[0].find("would have no place") != std::string::npos);
}

TEST_CASE("stoppable: not when nobody else offers a job") {
  lab l;
  enlist(l.tree, l.alive, "n3", "i3", {"k"});
  add_pool(l.tree, "k", {"x"});
  const auto a = l.stop({"n3"});
  REQUIRE(a.refused.size() == 1);
  CHECK(a.refused[0].reasons.front() == "no other node offers job \"k\"");
}

TEST_CASE("stoppable: not while another node is gone with its items; one that is not there is named") {
  lab l;
  const auto other = l.tree.open();
  enlist(l.tree, other, "n3", "i3", {"j"});
  assign(l.tree, "n3", "i3", "j", {});
  add_pool(l.tree, "j", {"a", "b", "c", "d", "e"});
  assign(l.tree, "n3", "i3", "j", {"e"});
  l.tree.end(other);
  const auto a = l.stop({"n1", "x", "n3"});
  REQUIRE(a.refused.size() == 2);
  CHECK(a.refused[0].reasons.front().find("worker \"n3\" is gone") == 0);
  CHECK(a.refused[1].node == "x");
  CHECK(a.stoppable == std::vector<node_id>{"n3"});
}
