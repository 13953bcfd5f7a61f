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

node_config slotted(const node_id& id) {
  auto c = lab_config(id);
  c.max_items = 1;
  return c;
}

bool offers(const cluster_view& view, const node_id& worker, std::size_t jobs) {
  return std::any_of(view.workers.begin(), view.workers.end(), [&](const worker_view& w) {
    return w.id == worker && w.state == worker_state::alive && w.jobs.size() == jobs;
  });
}

std::vector<item_id> pending(const lab_node& leader) {
  std::vector<item_id> found;
  for (const auto& x : leader.status().manager.unassigned) {
    found.push_back(x.item);
  }
  return found;
}

} // namespace

TEST_CASE("two nodes of one slot and three items: one pends with its reason and asks once for capacity; a third node "
          "serves it") {
  run_watch watch;
  lab l;
  auto& a = l.start(slotted("a"));
  auto& b = l.start(slotted("b"));
  REQUIRE(a.wait_ready());
  REQUIRE(a.ask(switch_all{false})); // until both offer the job
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched("work", {"x", "y", "z"}, watch).build()));
  }
  REQUIRE(eventually([&] { return offers(a.cluster(), "a", 1) && offers(a.cluster(), "b", 1); }));
  REQUIRE(a.ask(switch_all{true}));
  auto& leader = leader_of({&a, &b});
  REQUIRE(eventually([&] {
    return leader.status().manager.unassigned.size() == 1 && a.items_of("work").size() == 1 &&
           b.items_of("work").size() == 1;
  }));
  const auto waits = leader.status().manager.unassigned.front();
  CHECK(waits.job == "work");
  CHECK(waits.reason == "every worker that could take it holds as many items as it can");
  CHECK(leader.status().manager.waiting == 1);
  REQUIRE(eventually([&] { return !leader.events.of<capacity_wanted>().empty(); }));
  CHECK(leader.events.of<capacity_wanted>().front().job == "work");
  CHECK(leader.events.of<capacity_wanted>().front().items == 1);

  auto& c = l.start(slotted("c"));
  REQUIRE(c.add(watched("work", {"x", "y", "z"}, watch).build()));
  CHECK(eventually([&] { return c.items_of("work") == std::vector<item_id>{waits.item}; }));
  CHECK(eventually([&] { return leader.status().manager.unassigned.empty(); }));
  CHECK(leader.events.of<capacity_wanted>().size() == 1);
  CHECK(watch.faults().empty());
}

TEST_CASE("the next fitting slot serves pending items by priority and age") {
  run_watch watch;
  lab l;
  auto job = [&](const job_id& id, job_priority priority) {
    job_attributes attributes;
    attributes.priority = priority;
    return watched(id, {item_id{id + "-item"}}, watch).attributes(attributes).build();
  };
  auto& a = l.start(slotted("a"));
  REQUIRE(a.add(job("m", job_priority::normal)));
  REQUIRE(a.wait_items(1));
  std::size_t waiting = 0;
  for (const auto& [id, priority] : {std::pair{job_id{"low"}, job_priority::low},
                                     {"z-older", job_priority::normal},
                                     {"k-younger", job_priority::normal}}) {
    REQUIRE(a.add(job(id, priority)));
    REQUIRE(eventually([&, n = waiting + 1] { return pending(a).size() == n; }));
    ++waiting;
  }
  CHECK(a.events.of<capacity_wanted>().size() == 3);
  for (const auto& expected : to_ids<job_id>({"z-older", "k-younger", "low"})) {
    CAPTURE(expected);
    const node_id id{"to-" + expected};
    auto& n = l.start(slotted(id));
    REQUIRE(n.wait_ready());
    REQUIRE(a.ask(mark_worker{id, {}, true})); // until it offers every job
    for (const auto& [j, priority] : {std::pair{job_id{"m"}, job_priority::normal},
                                      {"low", job_priority::low},
                                      {"z-older", job_priority::normal},
                                      {"k-younger", job_priority::normal}}) {
      REQUIRE(n.add(job(j, priority)));
    }
    REQUIRE(eventually([&] { return offers(a.cluster(), id, 4); }));
    REQUIRE(a.ask(mark_worker{id, {}, false}));
    CHECK(eventually([&] { return n.items_of(expected).size() == 1; }));
  }
  CHECK(eventually([&] { return pending(a).empty(); }));
  CHECK(a.items_of("m").size() == 1); // who runs is not pushed out
  CHECK(a.events.of<capacity_wanted>().size() == 3);
  CHECK(watch.faults().empty());
}

TEST_CASE("every node explains where an item is, and why one has no owner") {
  run_watch watch;
  lab l;
  auto& a = l.start("a");
  auto& b = l.start("b");
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched("work", {"x", "y", "z", "u"}, watch).build()));
  }
  job_attributes picky;
  picky.requires_labels = {"gpu"};
  REQUIRE(a.add(watched("picky", {"p"}, watch).attributes(picky).build()));
  auto& leader = leader_of({&a, &b});
  auto& other = &leader == &a ? b : a;
  REQUIRE(eventually([&] {
    return a.items_of("work").size() == 2 && b.items_of("work").size() == 2 && pending(leader).size() == 1 &&
           leader.status().manager.phase == manager_phase::ready;
  }));
  const bool on_a = a.items_of("work").front() == "x" || a.items_of("work").back() == "x";
  for (auto* n : {&leader, &other}) {
    CAPTURE(n == &leader);
    auto x = n->ask<item_explanation>(explain_item{"work", "x"});
    REQUIRE(x);
    CHECK(x->owner == (on_a ? "a" : "b"));
    REQUIRE(x->others.size() == 1);
    CHECK(x->others.count(on_a ? "b" : "a") == 1);
    CHECK(x->reason.empty());
    CHECK(x->by_leader == (n == &leader));
    auto p = n->ask<item_explanation>(explain_item{"picky", "p"});
    REQUIRE(p);
    CHECK(p->owner.empty());
    CHECK(p->why == item_reason::no_place);
    CHECK(p->rule == plan_rule::missing_label);
    CHECK(p->reason == "no worker that offers the job carries all the labels it requires");
    CHECK(p->others == std::map<node_id, plan_rule>{{"a", plan_rule::missing_label}, {"b", plan_rule::not_offered}});
    CHECK(n->ask<item_explanation>(explain_item{"work", "nothing"}).error().code == errc::unknown_job);
  }
  const auto m = leader.status().manager;
  CHECK(mentions(m.last_plan, {"4 of 5 items"}));
  CHECK(m.plan.items == 5);
  CHECK(m.plan.assigned == 4);
  CHECK(m.plan.workers == 2);
  CHECK(m.plan.totals.least == 2);
  CHECK(m.plan.totals.most == 2);
  CHECK(m.plan.jobs.at("work").most == 2);
  CHECK(m.plan.zones.at("") == 4);
}

TEST_CASE("with a budget of one move per round a new node still gets its share, and draining empties a worker") {
  run_watch watch;
  lab l;
  auto budget = [](const node_id& id) {
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
