#include <map>
#include <memory>
#include <set>

#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

/// Several nodes at one tree, which need not want the same.
class versions {
public:
  using node = driver<keeper_core>;

  node& start(const node_id& id, std::vector<item_id> items, const std::string& strategy = {},
              const std::string& life = "1", bool rebuilt = false) {
    auto s = keeper_rig::settings(200, "/djm", id, id + "-" + life);
    s.has_joined = rebuilt;
    nodes_.push_back(std::make_unique<node>(keeper_core{s}, tree));
    auto& d = *nodes_.back();
    auto spec = keeper_rig::job("j");
    spec.attributes.strategy = strategy;
    d.call(&keeper_core::on_offer, spec, false, 0);
    d.call(&keeper_core::on_pool, job_id{"j"}, std::move(items));
    d.connect();
    lead();
    return d;
  }
  /// What a leader says of the record.
  void lead() {
    const std::string path = "/djm/jobs/j";
    std::set<std::string> offered;
    for (const auto& w : tree.children("/djm/workers")) {
      const auto offer = "/djm/workers/" + w + "/available/j";
      const auto worker = store::decode<store::worker_payload>(tree.data("/djm/workers/" + w), "");
      auto& gone = gone_for_[w];
      gone = tree.has("/djm/alive/" + w) ? seconds{0} : gone;
      if (tree.has(offer) && !worker->left && gone < seconds{10}) {
        offered.insert(store::decode<store::offer_payload>(tree.data(offer), offer)->hash);
      }
    }
    auto p = *store::decode<store::job_payload>(tree.data(path), path);
    const auto ruling = store::ruling_among(p, offered);
    if (ruling.empty() || ruling == p.ruling) {
      return;
    }
    p.ruling = ruling;
    ++p.rev;
    const auto news = store::jobs_version_payload{};
    const auto version = tree.stat("/djm/jobs-version").version;
    tree.put(path, store::encode(p));
    tree.put("/djm/jobs-version", store::encode_change(news, version, {"j"}, "leader"));
    for (auto& d : nodes_) {
      d->settle();
    }
  }
  static void blip(node& d) {
    d.expire();
    d.connect();
  }
  /// All that live see the time pass, in small steps.
  void pass(seconds time) {
    for (auto t = seconds{0}; t < time; t += seconds{1}) {
      for (auto& d : nodes_) {
        d->pass(seconds{1});
      }
      for (auto& [w, gone] : gone_for_) {
        gone += seconds{1};
      }
      lead();
    }
  }
  void crash(node& d) {
    tree.end(d.view.id);
    forget(d);
  }
  void leave(node& d) {
    d.call(&keeper_core::on_leave);
    crash(d);
  }
  void forget(node& d) {
    for (auto i = nodes_.begin(); i != nodes_.end(); ++i) {
      if (i->get() == &d) {
        nodes_.erase(i);
        return;
      }
    }
  }
  strings pool() const { return tree.children("/djm/work-pool/j"); }
  store::pool_payload payload() const { return *store::decode<store::pool_payload>(tree.data("/djm/work-pool/j"), ""); }
  static std::string told(const node& d) {
    std::string text;
    for (const auto& e : d.emitted) {
      text += show(emit_effect{e}) + "\n";
    }
    return text;
  }

  fake_store tree;

private:
  std::vector<std::unique_ptr<node>> nodes_;
  std::map<std::string, seconds> gone_for_;
};

} // namespace

TEST_CASE("keeper: a node that joins again overwrites nobody's later wish") {
  versions v;
  auto& old_one = v.start("n0", {"a", "b"});
  auto& new_one = v.start("n2", {"a", "b", "c"}, "rendezvous");
  REQUIRE(v.pool() == strings{"a", "b", "c"});
  const auto made = v.tree.stat("/djm/work-pool/j/c").czxid;
  SUBCASE("after its session has expired") {
    versions::blip(old_one);
  }
  SUBCASE("when it registers another job") {
    old_one.call(&keeper_core::on_offer, keeper_rig::job("k"), false, 0);
  }
  SUBCASE("when its registration was removed") {
    v.tree.erase("/djm/alive/n0");
    old_one.call(&keeper_core::on_not_alive);
  }
  SUBCASE("when the later one has made its session anew") {
    versions::blip(new_one);
    versions::blip(old_one);
  }
  v.pass(seconds{30});
  CHECK(v.pool() == strings{"a", "b", "c"});
  CHECK(v.tree.stat("/djm/work-pool/j/c").czxid == made); // it was never away
  CHECK(v.payload().attributes.strategy == "rendezvous");
}

TEST_CASE("keeper: a dispute is over when the node gives way to a later wish") {
  versions v;
  auto& old_one = v.start("n0", {"a"});
  for (int n = 0; n < 3; ++n) {
    v.tree.erase("/djm/work-pool/j/a");
    old_one.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"a"});
  }
  const std::string about = "dispute: /djm/work-pool/j";
  REQUIRE(versions::told(old_one).find(about) != std::string::npos);
  const auto over = show(emit_effect{problem_over{"keeper", about}});
  REQUIRE(versions::told(old_one).find(over) == std::string::npos);
  v.start("n2", {"a", "b"});
  v.pass(seconds{12}); // each looks again after 5 s
  REQUIRE(v.pool() == strings{"a", "b"});
  CHECK(versions::told(old_one).find(over) != std::string::npos);
}

TEST_CASE("keeper: an item that was retired does not come back with a node that joins again") {
  versions v;
  auto& old_one = v.start("n0", {"a", "b"});
  auto& new_one = v.start("n2", {"a", "b"});
  new_one.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"b"});
  REQUIRE(v.pool() == strings{"b"});
  versions::blip(old_one);
  v.pass(seconds{30});
  CHECK(v.pool() == strings{"b"});
  new_one.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"b", "c"});
  CHECK(v.pool() == strings{"b", "c"});
}

TEST_CASE("keeper: what a node makes anew is what was last wanted, whoever comes first") {
  versions v;
  auto& old_one = v.start("n0", {"a", "b"});
  v.start("n2", {"a", "b", "c"});
  v.tree.erase("/djm/work-pool/j");
  v.tree.put("/djm/work-pool-version", "{}");
  versions::blip(old_one);
  CHECK(v.pool() == strings{"a", "b"}); // all it knows
  v.pass(seconds{20});
  CHECK(v.pool() == strings{"a", "b", "c"});
}

TEST_CASE("keeper: when the later version is gone the others look again, and what nobody offers goes") {
  versions v;
  auto& old_one = v.start("n0", {"a", "b"});
  auto& new_one = v.start("n2", {"a", "b", "c"}, "rendezvous");
  versions::blip(old_one);
  SUBCASE("crashed: its tolerance counts") {
    v.crash(new_one);
    v.pass(seconds{8}); // D = 10 s
    CHECK(v.pool() == strings{"a", "b", "c"});
    v.pass(seconds{30});
  }
  SUBCASE("it has left") {
    v.leave(new_one);
    v.pass(seconds{25});
  }
  SUBCASE("it has withdrawn the job") {
    new_one.call(&keeper_core::on_withdraw, job_id{"j"});
    v.pass(seconds{25});
  }
  CHECK(v.pool() == strings{"a", "b"});
  CHECK(v.payload().attributes.strategy == "");
}

TEST_CASE("keeper: when the older version has the say and goes, what the newer offers is there again") {
  versions v;
  auto& new_one = v.start("n2", {"a", "b", "c"});
  auto& old_one = v.start("n0", {"a", "b"}); // registered later: its wish
  REQUIRE(v.pool() == strings{"a", "b"});
  v.pass(seconds{20});
  CHECK(v.pool() == strings{"a", "b"});
  CHECK(versions::told(new_one).find("nodes disagree: what") != std::string::npos);
  v.leave(old_one);
  v.pass(seconds{25});
  CHECK(v.pool() == strings{"a", "b", "c"});
}

TEST_CASE("keeper: a later wish stands while any node of its version lives") {
  versions v;
  v.start("n0", {"a", "b"});
  auto& first = v.start("n2", {"a", "b", "c"});
  auto& second = v.start("n3", {"a", "b", "c"});
  v.pass(seconds{10});
  const auto made = v.tree.stat("/djm/work-pool/j/c").czxid;
  v.leave(first);
  v.pass(seconds{40});
  CHECK(v.pool() == strings{"a", "b", "c"});
  CHECK(v.tree.stat("/djm/work-pool/j/c").czxid == made); // it was never away
  CHECK(v.payload().last_writer == "n3");
  CHECK(v.payload().challenger == "");
  v.leave(second);
  v.pass(seconds{25});
  CHECK(v.pool() == strings{"a", "b"});
}

TEST_CASE("keeper: a pool whose writer told no schedule agrees with every schedule, and is not written for it") {
  versions v;
  v.start("n0", {"a", "b"});
  auto told = v.payload();
  CHECK(told.schedule == describe_schedule(keeper_rig::job("j").schedule));
  told.schedule.clear(); // as earlier versions write it
  v.tree.put("/djm/work-pool/j", store::encode(told));
  const auto version = v.tree.stat("/djm/work-pool/j").version;
  v.start("n1", {"a", "b"});
  v.pass(seconds{30});
  CHECK(v.tree.stat("/djm/work-pool/j").version == version);
}

TEST_CASE("keeper: who registers a job with another schedule says so in its pool, though nothing else differs") {
  versions v;
  v.start("n0", {"a", "b"});
  auto other = v.payload();
  other.schedule = "every 1h"; // what n0 was registered with
  v.tree.put("/djm/work-pool/j", store::encode(other));
  v.start("n1", {"a", "b"});
  CHECK(v.payload().schedule == describe_schedule(keeper_rig::job("j").schedule));
  CHECK(v.payload().last_writer == "n1");
}

TEST_CASE("keeper: nodes that agree write nothing, whoever comes and goes") {
  versions v;
  auto& first = v.start("n0", {"a", "b"});
  auto& second = v.start("n1", {"a", "b"});
  v.pass(seconds{10});
  const auto version = v.tree.stat("/djm/work-pool-version").version;
  v.leave(first);
  v.pass(seconds{60});
  versions::blip(second);
  v.pass(seconds{60});
  CHECK(v.tree.stat("/djm/work-pool-version").version == version);
  CHECK(versions::told(second).find("disagree") == std::string::npos);
}

TEST_CASE("keeper: a wish of unknown outcome is neither lost nor written over a later one") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    versions v;
    auto& n0 = v.start("n0", {"a"});
    auto& n2 = v.start("n2", {"a"});
    SUBCASE("nobody else wants anything") {
      n0.fates = {f};
      n0.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"b"});
      v.pass(seconds{10});
      CHECK(v.pool() == strings{"b"});
    }
    SUBCASE("somebody does meanwhile") {
      n0.fates = {f == fate::unknown_applied ? fate::held : fate::delayed};
      n0.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"b"});
      n2.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"c"});
      n0.expire();
      n0.held.clear();
      n0.connect();
      v.pass(seconds{20});
      CHECK(v.pool() == strings{"c"});
    }
  }
}

TEST_CASE("keeper: a wish that was formed while away is older than what others wrote meanwhile") {
  versions v;
  auto& n0 = v.start("n0", {"a"});
  auto& n2 = v.start("n2", {"a"});
  n0.expire();
  n0.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"b"});
  SUBCASE("and nobody did") {
    n0.connect();
    CHECK(v.pool() == strings{"b"});
  }
  SUBCASE("and somebody did") {
    n2.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"c"});
    n0.connect();
    v.pass(seconds{20});
    CHECK(v.pool() == strings{"c"});
    n0.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"d"});
    CHECK(v.pool() == strings{"d"});
  }
}

TEST_CASE("keeper: of wishes that were formed while nobody could be told one stands, and nobody writes for ever") {
  versions v;
  auto& n0 = v.start("n0", {"a"});
  auto& n2 = v.start("n2", {"a"});
  auto& n3 = v.start("n3", {"a"});
  for (auto* n : {&n0, &n2, &n3}) {
    n->expire();
  }
  n0.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"b"});
  n2.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"c"});
  n3.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"c"});
  for (auto* n : {&n0, &n2, &n3}) {
    n->connect();
  }
  v.pass(seconds{20});
  const auto stands = v.pool();
  const auto version = v.tree.stat("/djm/work-pool-version").version;
  CHECK((stands == strings{"b"} || stands == strings{"c"}));
  v.pass(seconds{60});
  CHECK(v.pool() == stands);
  CHECK(v.tree.stat("/djm/work-pool-version").version == version);
}

TEST_CASE("keeper: a keeper that is rebuilt has no new wish") {
  versions v;
  auto& n0 = v.start("n0", {"a", "b"});
  v.start("n2", {"a", "b", "c"});
  v.crash(n0);
  v.start("n0", {"a", "b"}, {}, "1", true);
  v.pass(seconds{20});
  CHECK(v.pool() == strings{"a", "b", "c"});
}

TEST_CASE("keeper: a large pool whose write is cut short by another job's is finished under the same number") {
  versions v;
  auto& n0 = v.start("n0", {"a"});
  v.start("n2", {"a"});
  std::vector<item_id> items;
  for (int i = 0; i < 500; ++i) {
    items.emplace_back("item-" + std::to_string(1000 + i));
  }
  n0.fates = {fate::truth, fate::held};
  n0.call(&keeper_core::on_pool, job_id{"j"}, items);
  v.tree.put("/djm/work-pool-version", "{}");
  n0.answer_held();
  v.pass(seconds{20});
  CHECK(to_ids<item_id>(v.pool()) == items);
  CHECK(v.payload().last_writer == "n0");
}

TEST_CASE("keeper: who offers a job takes a mark for its removal back, whoever wrote the pool") {
  versions v;
  auto& a = v.start("a", {"x"});
  const auto mark = [&v] {
    auto p = v.payload();
    p.retired = true;
    v.tree.put("/djm/work-pool/j", store::encode(p));
    v.tree.put("/djm/work-pool-version", "marked");
  };
  SUBCASE("the writer") {
    mark();
    v.pass(seconds{30});
    CHECK_FALSE(v.payload().retired);
  }
  SUBCASE("a later one, which wants the same") {
    v.leave(a);
    mark();
    v.start("b", {"x"});
    v.pass(seconds{30});
    CHECK_FALSE(v.payload().retired);
    CHECK(v.pool() == strings{"x"});
  }
  SUBCASE("one that stays back behind a later wish of a node that is gone") {
    auto& b = v.start("b", {"y"});
    v.pass(seconds{5});
    v.crash(b);
    mark();
    v.pass(seconds{120});
    CHECK_FALSE(v.payload().retired);
    CHECK(v.pool() == strings{"x"});
  }
}
