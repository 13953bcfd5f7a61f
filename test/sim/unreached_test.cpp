#include <doctest/doctest.h>

#include <string>

#include "actors/protocol/peers.hpp"
#include "test/sim/unreached.hpp"

using namespace djm;
using namespace djm::sim;

namespace {

constexpr unsigned day = 1, night = 2;

count_table owls_and_hens() {
  count_table t;
  t.columns = {"day", "night"};
  t.rows[{"owl", "hoot"}] = {0, 7};
  t.rows[{"owl", "lay"}] = {0, 0};
  t.rows[{"hen", "hoot"}] = {0, 0};
  t.rows[{"hen", "lay"}] = {3, 1};
  return t;
}

void meet(coverage& c, const char* actor, const std::type_info& what, node_phase phase) {
  ++c.pairs[{actor, what.name()}][static_cast<std::size_t>(phase)];
}

} // namespace

TEST_CASE("what is argued is told apart from what did not happen yet") {
  const auto found = examine(owls_and_hens(), {{claim::cannot, "hen", "hoot", day | night, "hens do not hoot"},
                                               {claim::seldom, "owl", "hoot lay", day, "owls sleep then"}});
  CHECK(found.argued.at("hens do not hoot") == std::vector<std::string>{"hen hoot: day, night"});
  CHECK(found.seldom.at("owls sleep then") == std::vector<std::string>{"owl hoot: day", "owl lay: day"});
  CHECK(found.open == std::vector<std::string>{"owl lay: night"});
  CHECK(found.wrong.empty());
  const auto text = found.text("pairs");
  CHECK(text.find("cannot be: hens do not hoot\n    hen hoot: day, night\n") != std::string::npos);
  CHECK(text.find("not reached in this campaign:\n    owl lay: night\n") != std::string::npos);
}

TEST_CASE("an argument that something cannot be is wrong as soon as it is") {
  const std::vector<argument> cannot{{claim::cannot, "*", "lay", night, "it is dark"}};
  const auto found = examine(owls_and_hens(), cannot);
  REQUIRE(found.wrong.size() == 1);
  CHECK(found.wrong.front() == "hen lay: night (1), although: it is dark");
  CHECK(found.argued.at("it is dark") == std::vector<std::string>{"owl lay: night"});
  CHECK(found.text("pairs").find("hen lay: night (1), although") != std::string::npos);
  const std::vector<argument> seldom{{claim::seldom, "*", "lay", night, "it is dark"}};
  CHECK(examine(owls_and_hens(), seldom).wrong.empty());
}

TEST_CASE("messages that no actor has ever seen are in the table") {
  const auto t = pairs_of({});
  CHECK(t.rows.at({"manager", "explain_item"}) == std::vector<std::uint64_t>(6));
  CHECK(t.rows.count({"runner", "worker_restarted"}) == 1);
  CHECK(t.rows.count({"node", "shutdown_node"}) == 1);
  CHECK(t.rows.count({"store", "introduce"}) == 1);
  CHECK(t.rows.count({"store", "grant"}) == 0);
}

TEST_CASE("a pair that is argued to be unreachable makes the examination unsound") {
  coverage c;
  CHECK(examine(c).sound());
  meet(c, "djm.runner", typeid(msg::grant), node_phase::joined);
  meet(c, "not one of ours", typeid(msg::grant), node_phase::starting);
  CHECK(examine(c).sound());
  meet(c, "djm.runner", typeid(msg::grant), node_phase::starting);
  const auto x = examine(c);
  CHECK_FALSE(x.sound());
  REQUIRE(x.pairs.wrong.size() == 1);
  CHECK(x.pairs.wrong.front().find("runner grant: starting (1)") == 0);
  CHECK(x.text().find("although somebody has argued") != std::string::npos);
}

TEST_CASE("outcomes of transactions are examined too") {
  coverage c;
  c.transactions[{transaction_kind::lock, transaction_outcome::committed}] = 3;
  const auto t = outcomes_of(c);
  CHECK(t.rows.at({"transaction", "lock"}).front() == 3);
  CHECK(t.rows.size() == 14);
  const auto x = examine(c);
  CHECK(x.outcomes.wrong.empty());
  CHECK(x.outcomes.seldom.size() == 1);
}

TEST_CASE("every argument names something") {
  const auto rows = pairs_of({}).rows;
  for (const auto& a : pair_arguments()) {
    CAPTURE(a.reason);
    CHECK(a.columns != 0);
    bool any = false;
    for (const auto& [row, counts] : rows) {
      const auto within = [](const std::string& list, const std::string& name) {
        return (' ' + list + ' ').find(' ' + name + ' ') != std::string::npos;
      };
      any = any || (within(a.rows, row.first) && within(a.events, row.second));
    }
    // The node's own timers are no part of an interface.
    CHECK((any || std::string{a.rows} == "node"));
  }
}
