#include <doctest/doctest.h>

#include <functional>

#include "djm/text.hpp"
#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using owners = std::map<item_id, node_id>;
using tweak = std::function<void(store::worker_payload&)>;

tweak with_slots(std::uint32_t n) {
  return [n](store::worker_payload& w) { w.max_items = n; };
}

tweak cpu(std::int64_t amount) {
  return [amount](store::worker_payload& w) { w.capacity["cpu"] = amount; };
}

void announce(manager_rig& r, const node_id& name, const tweak& t) {
  store::worker_payload w;
  w.incarnation = "i1";
  w.detach_ms = 10'000;
  t(w);
  r.tree.put("/djm/workers/" + name, store::encode(w));
  r.tree.put("/djm/worker-version", store::encode(store::version_payload{"announce"}));
}

/// A worker that runs every job of these tests.
fake_store::session join(manager_rig& r, const node_id& name, const tweak& t) {
  auto s = r.worker(name, "i1", {"a", "k", "m", "z"});
  announce(r, name, t);
  return s;
}

void pool(manager_rig& r, const job_id& job, const std::vector<item_id>& items,
          const std::function<void(job_attributes&)>& attributes = {}) {
  add_pool(r.tree, job, items);
  store::pool_payload p;
  if (attributes) {
    attributes(p.attributes);
  }
  r.tree.put("/djm/work-pool/" + job, store::encode(p));
  r.pass(seconds{3});
}

std::vector<capacity_wanted> wishes(const manager_rig& r) {
  std::vector<capacity_wanted> found;
  for (const auto& e : r.d.emitted) {
    if (const auto* x = std::get_if<capacity_wanted>(&e)) {
      found.push_back(*x);
    }
  }
  return found;
}

std::string wished(const manager_rig& r) {
  std::string text;
  for (const auto& w : wishes(r)) {
    text += (text.empty() ? "" : " ") + w.job + "*" + std::to_string(w.items);
  }
  return text;
}

std::string pending(const manager_rig& r) {
  std::string text;
  for (const auto& u : r.status().unassigned) {
    text += (text.empty() ? "" : " ") + u.job + "/" + u.item;
  }
  return text;
}

/// One slot with m/run on it, then z/old waits, then a/young.
struct contended {
  contended() {
    v = join(r, "v", with_slots(1));
    r.lead();
    pool(r, "m", {"run"});
    pool(r, "z", {"old"});
    pool(r, "a", {"young"});
    CHECK(r.owners("m") == owners{{"run", "v"}});
    CHECK(pending(r) == "a/young z/old");
  }
  manager_rig r;
  fake_store::session v;
};

} // namespace

TEST_CASE("manager: of items of one priority the one that waits longest gets the room") {
  contended c;
  CHECK(c.r.status().waiting == 2);
  join(c.r, "w", with_slots(1));
  c.r.pass(seconds{3});
  CHECK(c.r.owners("z") == owners{{"old", "w"}});
  CHECK(pending(c.r) == "a/young");
  join(c.r, "x", with_slots(1));
  c.r.pass(seconds{3});
  CHECK(c.r.owners("a") == owners{{"young", "x"}});
  CHECK(c.r.owners("m") == owners{{"run", "v"}});
  CHECK(c.r.status().waiting == 0);
}

TEST_CASE("manager: priority comes before the time an item has waited") {
  contended c;
  pool(c.r, "k", {"urgent"}, [](job_attributes& a) { a.priority = job_priority::high; });
  CHECK(c.r.owners("k") == owners{{"urgent", "v"}}); // takes the place of one of lower priority
  CHECK(pending(c.r) == "a/young m/run z/old");
  join(c.r, "w", with_slots(1));
  c.r.pass(seconds{3});
  // Who lost its place is older than those that never had one.
  CHECK(c.r.owners("m") == owners{{"run", "w"}});
  CHECK(pending(c.r) == "a/young z/old");
}

TEST_CASE("manager: a wish for capacity is told once, however often is planned, and again after it was served") {
  contended c;
  CHECK(wished(c.r) == "z*1 a*1");
  c.r.tree.put("/djm/work-pool/k", store::encode(store::pool_payload{}));
  c.r.pass(seconds{3});
  announce(c.r, "v", [](store::worker_payload& w) {
    w.max_items = 1;
    w.labels = {"ssd"};
  });
  c.r.pass(seconds{3});
  CHECK(c.r.plans >= 5);
  CHECK(wished(c.r) == "z*1 a*1");
  c.r.tree.put("/djm/work-pool/z/more");
  c.r.pass(seconds{3});
  CHECK(wished(c.r) == "z*1 a*1 z*2"); // one wish more, two items wait
  auto w = join(c.r, "w", with_slots(3));
  c.r.pass(seconds{3});
  CHECK(pending(c.r).empty());
  c.r.tree.end(w);
  c.r.pass(seconds{30});
  CHECK(wished(c.r) == "z*1 a*1 z*2 a*1 m*1 z*1");
}

TEST_CASE(
  "manager: an item keeps its age when its worker dies, and one that ran before is older than those that waited") {
  contended c;
  auto w = join(c.r, "w", with_slots(1));
  c.r.pass(seconds{3});
  REQUIRE(c.r.owners("z") == owners{{"old", "w"}});
  c.r.tree.end(w);
  c.r.pass(seconds{30});
  CHECK(pending(c.r) == "a/young z/old");
  c.r.tree.end(c.v);
  c.r.pass(seconds{30});
  CHECK(pending(c.r) == "a/young m/run z/old");
  for (const auto& [worker, job] : {std::pair{node_id{"x"}, job_id{"m"}}, {"y", "z"}, {"zz", "a"}}) {
    join(c.r, worker, with_slots(1));
    c.r.pass(seconds{3});
    REQUIRE(c.r.owners(job).size() == 1);
    CHECK(c.r.owners(job).begin()->second == worker);
  }
}

TEST_CASE("manager: a worker that announces less loses what no longer fits, which pends with its reason") {
  manager_rig r;
  join(r, "v", with_slots(2));
  r.lead();
  pool(r, "m", {"a", "b"});
  CHECK(r.owners("m").size() == 2);
  announce(r, "v", with_slots(1));
  r.pass(seconds{3});
  CHECK(r.owners("m").size() == 1);
  REQUIRE(r.status().unassigned.size() == 1);
  CHECK(r.status().unassigned[0].reason == describe(plan_rule::max_items));
  CHECK(wished(r) == "m*1");
  const auto lost = r.status().unassigned[0].item;
  pool(r, "a", {"new"});
  announce(r, "v", with_slots(2));
  r.pass(seconds{3});
  CHECK(r.owners("m").count(lost) == 1);
  CHECK(pending(r) == "a/new");
}

TEST_CASE("manager: slots are cut to the profiles of those in line") {
  manager_rig r;
  join(r, "v", cpu(1000));
  r.lead();
  auto needs = [](std::int64_t amount) { return [amount](job_attributes& a) { a.profile["cpu"] = amount; }; };
  pool(r, "m", {"run"}, needs(1000));
  pool(r, "z", {"large"}, needs(3000));
  pool(r, "k", {"old"}, needs(500));
  pool(r, "a", {"young"}, needs(500));
  CHECK(wished(r) == "z*1 k*1 a*1");
  REQUIRE(wishes(r).size() == 3);
  CHECK(wishes(r)[0].profile == std::map<std::string, std::int64_t>{{"cpu", 3000}});
  join(r, "w", cpu(900)); // room for one of 500; the large one does not hold it up
  r.pass(seconds{3});
  CHECK(r.owners("k") == owners{{"old", "w"}});
  CHECK(pending(r) == "a/young z/large");
  join(r, "x", cpu(3500));
  r.pass(seconds{3});
  CHECK(r.owners("z") == owners{{"large", "x"}});
  CHECK(r.owners("a") == owners{{"young", "x"}});
  CHECK(wishes(r).size() == 3);
}

TEST_CASE(
  "manager: 3 normal, 2 big and 1 normal on 5 workers: what does not fit waits, and keeps no room from others") {
  manager_rig r;
  for (const char* name : {"v", "w", "x", "y", "zz"}) {
    join(r, node_id{name}, cpu(1000));
  }
  r.lead();
  auto needs = [](std::int64_t amount) { return [amount](job_attributes& a) { a.profile["cpu"] = amount; }; };
  pool(r, "m", {"n1", "n2", "n3"}, needs(1000));
  pool(r, "z", {"b1", "b2"}, needs(4000));
  CHECK(wished(r) == "z*2");
  pool(r, "a", {"n4"}, needs(1000));
  CHECK(r.owners("m").size() == 3);
  CHECK(r.owners("a").size() == 1);
  CHECK(r.status().waiting == 2);
  CHECK(r.owners("z").empty());
  CHECK(r.status().assigned == 4); // of five workers one has nothing, as nothing fits
  CHECK(wished(r) == "z*2");
  const auto before = r.owners("m");
  join(r, "big", cpu(4000));
  r.pass(seconds{3});
  REQUIRE(r.owners("z").size() == 1);
  CHECK(r.owners("z").begin()->second == "big");
  CHECK(r.owners("m") == before);
  CHECK(wished(r) == "z*2");
}

TEST_CASE("manager: an assignment that the store refused is tried again and no wish is told twice") {
  contended c;
  const auto told = wishes(c.r).size();
  join(c.r, "w", with_slots(1));
  c.r.d.fates = {fate::unknown_lost, fate::unknown_applied};
  c.r.pass(seconds{30});
  CHECK(c.r.owners("z") == owners{{"old", "w"}});
  CHECK(pending(c.r) == "a/young");
  CHECK(wishes(c.r).size() == told);
}

TEST_CASE("manager: who cannot use a slot does not keep it from others") {
  manager_rig r;
  join(r, "v", with_slots(1));
  r.lead();
  pool(r, "m", {"run"});
  pool(r, "z", {"picky"}, [](job_attributes& a) { a.requires_labels = {"ssd"}; });
  announce(r, "v", [](store::worker_payload& w) {
    w.max_items = 1;
    w.labels = {"ssd"};
  });
  r.pass(seconds{3});
  pool(r, "a", {"young"});
  CHECK(r.status().waiting == 2);
  join(r, "w", with_slots(1)); // without the label
  r.pass(seconds{3});
  CHECK(r.owners("a") == owners{{"young", "w"}});
  CHECK(pending(r) == "z/picky");
}

TEST_CASE("manager: a new leader tells the wishes anew; the ages it counts are its own") {
  contended c;
  c.r.revoke();
  CHECK(c.r.status().waiting == 0);
  c.r.d.emitted.clear();
  c.r.lead();
  CHECK(wished(c.r) == "a*1 z*1");
  CHECK(c.r.status().waiting == 2);
  join(c.r, "w", with_slots(1));
  c.r.pass(seconds{3});
  CHECK(pending(c.r) == "z/old"); // in the order of names, as nobody knows who came first
}

TEST_CASE("manager: items that leave the pool and jobs that are disabled wait no longer") {
  contended c;
  c.r.tree.erase("/djm/work-pool/z/old");
  c.r.pass(seconds{3});
  CHECK(pending(c.r) == "a/young");
  CHECK(c.r.status().waiting == 1);
  add_pool(c.r.tree, "a", {}, false);
  c.r.pass(seconds{3});
  CHECK(c.r.status().waiting == 0);
  add_pool(c.r.tree, "a", {}, true);
  c.r.pass(seconds{3});
  CHECK(wished(c.r) == "z*1 a*1 a*1"); // a new request
}

TEST_CASE("manager: what waits beyond the limit of the books has no age, and is counted in the wish all the same") {
  problem_builder builder;
  worker_attributes one;
  one.max_items = 1;
  builder.add_worker("v", one);
  builder.add_job("m", {}, manager_rig::items(static_cast<int>(slot_books::most_requests) + 501));
  const auto problem = builder.build().value();
  const auto planned = make_plan(problem, strategy_registry{}).value();
  slot_books books;
  CHECK(books.planned({}, problem, planned) == std::map<job_id, std::uint64_t>{{"m", 10'500}});
  books.written(problem, planned);
  CHECK(books.slots().requests(slot_manager::request_state::waiting) == slot_books::most_requests);
  CHECK(books.open(problem.with_previous(planned.owner), {}).size() == slot_books::most_requests);
}

TEST_CASE("manager: the status names the first thousand items that pend, and how many there are") {
  manager_rig r{4000};
  join(r, "v", with_slots(1));
  add_pool(r.tree, "m", manager_rig::items(1101));
  r.lead();
  CHECK(r.status().unassigned_items == 1100);
  CHECK(r.status().unassigned.size() == 1000);
}

TEST_CASE("manager: the status says what the last plan came to") {
  manager_rig r;
  join(r, "v", [](store::worker_payload& w) {
    w.zone = "north";
    w.capacity["cpu"] = 4000;
  });
  join(r, "w", [](store::worker_payload& w) {
    w.zone = "south";
    w.capacity["cpu"] = 2000;
  });
  r.lead();
  pool(r, "m", {"1", "2", "3", "4"}, [](job_attributes& a) { a.profile["cpu"] = 500; });
  pool(r, "a", {"1"});
  const auto p = r.status().plan;
  CHECK(p.workers == 2);
  CHECK(p.items == 5);
  CHECK(p.assigned == 5);
  CHECK(p.placements == 1);
  CHECK(p.moves == 0);
  CHECK(p.moves_lower_bound == 0u);
  CHECK(p.job_spread_max == 1);
  CHECK(p.global_spread == 1);
  CHECK(to_text(p.totals) == to_text(balance_status{2, 3}));
  CHECK(to_text(p.jobs.at("m")) == to_text(balance_status{2, 2}));
  CHECK(to_text(p.jobs.at("a")) == to_text(balance_status{0, 1}));
  CHECK(to_text(p.resources.at("cpu")) == to_text(resource_status{2000, 1000, 1000, 6000}));
  CHECK(p.zones.at("north") + p.zones.at("south") == 5);
  CHECK(r.status().last_plan.find("5 of 5 items") == 0);
}
