#include <doctest/doctest.h>

#include <algorithm>

#include "jobs.hpp"
#include "lab.hpp"

using namespace djm;
using namespace djm::test;

namespace {

lab_node& leader_of(const std::vector<lab_node*>& nodes) {
  lab_node* found = nullptr;
  REQUIRE(eventually([&] {
    for (auto* n : nodes) {
      if (n->status().manager.leading) {
        found = n;
      }
    }
    return found != nullptr;
  }));
  return *found;
}

std::size_t owned(const cluster_view& view, const node_id& worker) {
  auto w = std::find_if(view.workers.begin(), view.workers.end(), [&](const worker_view& x) { return x.id == worker; });
  return w == view.workers.end() ? 0 : w->items;
}

} // namespace

TEST_CASE("two nodes of one slot and three items: one pends with its reason and asks for capacity; a third node serves it") {
  run_watch watch;
  lab l;
  auto slot = [](const std::string& id) {
    auto c = lab_config(id);
    c.max_items = 1;
    return c;
  };
  auto& a = l.start(slot("a"));
  auto& b = l.start(slot("b"));
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched("work", {"x", "y", "z"}, watch).build()));
  }
  auto& leader = leader_of({&a, &b});
  REQUIRE(eventually([&] {
    return leader.status().manager.unassigned.size() == 1 && a.items_of("work").size() == 1 &&
           b.items_of("work").size() == 1;
  }));
  const auto pending = leader.status().manager.unassigned.front();
  CHECK(pending.job == "work");
  CHECK_FALSE(pending.reason.empty());
  REQUIRE(eventually([&] { return !leader.events.of<capacity_wanted>().empty(); }));
  const auto wanted = leader.events.of<capacity_wanted>().back();
  CHECK(wanted.job == "work");
  CHECK(wanted.items == 1);
  const auto told = leader.events.of<capacity_wanted>().size();

  auto& c = l.start(slot("c"));
  REQUIRE(c.add(watched("work", {"x", "y", "z"}, watch).build()));
  CHECK(eventually([&] { return c.items_of("work") == std::vector<item_id>{pending.item}; }));
  CHECK(eventually([&] { return leader.status().manager.unassigned.empty(); }));
  CHECK(leader.events.of<capacity_wanted>().size() == told);
  CHECK(watch.faults().empty());
}

TEST_CASE("the leader explains where an item is; another node says who to ask") {
  run_watch watch;
  lab l;
  auto& a = l.start("a");
  auto& b = l.start("b");
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched("work", {"x", "y", "z", "u"}, watch).build()));
  }
  auto& leader = leader_of({&a, &b});
  auto& other = &leader == &a ? b : a;
  REQUIRE(eventually([&] { return a.items_of("work").size() == 2 && b.items_of("work").size() == 2; }));
  auto e = leader.ask<item_explanation>(explain_item{"work", "x"});
  REQUIRE(e);
  const bool on_a = a.items_of("work").front() == "x" || a.items_of("work").back() == "x";
  CHECK(e->owner == (on_a ? "a" : "b"));
  REQUIRE(e->others.size() == 1);
  CHECK(e->others.count(on_a ? "b" : "a") == 1);
  CHECK(e->reason.empty());
  CHECK(leader.ask<item_explanation>(explain_item{"work", "nothing"}).error().code == errc::unknown_job);
  CHECK(other.ask<item_explanation>(explain_item{"work", "x"}).error().code == errc::invalid_state);
  CHECK(mentions(leader.status().manager.last_plan, {"4 of 4 items"}));
}

TEST_CASE("with a budget of one move per round a new node still gets its share, and draining empties a worker") {
  run_watch watch;
  lab l;
  auto budget = [](const std::string& id) {
    auto c = lab_config(id);
    c.max_moves = 1;
    return c;
  };
  const auto items = numbered("i-", 8);
  auto& a = l.start(budget("a"));
  REQUIRE(a.add(watched("work", items, watch).build()));
  REQUIRE(a.wait_items(8));
  auto& b = l.start(budget("b"));
  REQUIRE(b.add(watched("work", items, watch).build()));
  REQUIRE(eventually([&] { return owned(a.cluster(), "a") == 4 && owned(a.cluster(), "b") == 4; }));
  CHECK(leader_of({&a, &b}).status().manager.counters.plans >= 4);
  REQUIRE(a.ask(mark_worker{"b", true, false}));
  CHECK(eventually([&] { return owned(a.cluster(), "a") == 8 && b.items_of("work").empty(); }));
  REQUIRE(a.ask(mark_worker{"b", false, true}));
  // Cordoned: nothing new. The one that leads has planned again when the mark shows in the view.
  REQUIRE(eventually([&] {
    const auto view = a.cluster();
    return std::any_of(view.workers.begin(), view.workers.end(),
                       [](const worker_view& w) { return w.id == "b" && w.cordoned && !w.draining; });
  }));
  REQUIRE(a.ask(mark_worker{"b", false, false}));
  CHECK(eventually([&] { return owned(a.cluster(), "b") == 4; }));
  CHECK(watch.faults().empty());
}
