#include <doctest/doctest.h>

#include <map>

#include "actors/manager/explain_core.hpp"
#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// A question to a node whose manager is that of the rig.
struct asker {
  explicit asker(manager_rig& x) : r(x) {}

  std::uint64_t ask(const job_id& job, const item_id& item) {
    take(core.on_question(++questions, job, item, r.d.core));
    return questions;
  }

  void take(explain_core::effects fx) {
    for (auto& e : fx) {
      if (auto* x = std::get_if<read_effect>(&e)) {
        reads.push_back(std::move(*x));
      } else if (auto* y = std::get_if<explain_core::task>(&e)) {
        take(core.on_explained(y->question, explain_now(*y, r.strategies)));
      } else if (auto* z = std::get_if<explain_core::answer>(&e)) {
        answers.emplace(z->question, z->result);
      }
    }
  }

  void answer_reads() {
    while (!reads.empty()) {
      auto x = std::move(reads.front());
      reads.erase(reads.begin());
      CHECK(core.asked(x.request));
      take(core.on_read(x.request, r.tree.read(r.d.view.id, x.reads)));
    }
  }

  item_explanation explained(const std::string& job, const std::string& item) {
    const auto q = ask(job, item);
    answer_reads();
    REQUIRE(answers.count(q) == 1);
    REQUIRE_MESSAGE(answers.at(q).has_value(), answers.at(q).error().text);
    return *answers.at(q);
  }

  manager_rig& r;
  explain_core core{"/djm", {}};
  std::uint64_t questions = 0;
  std::vector<read_effect> reads;
  std::map<std::uint64_t, expected<item_explanation>> answers;
};

} // namespace

TEST_CASE("explain: a node that does not lead reads the tree and says the same as the leader") {
  manager_rig r;
  r.worker("v", "i1", {"j", "k"});
  r.worker("w", "i1", {"j"});
  add_pool(r.tree, "j", {"a", "b"});
  add_pool(r.tree, "k", {"x"});
  add_pool(r.tree, "nobody", {"y"});
  r.lead();
  asker leader{r};
  const auto x = leader.explained("k", "x");
  CHECK(leader.reads.empty());
  CHECK(x.by_leader);
  CHECK(x.owner == "v");
  CHECK(x.others == std::map<node_id, plan_rule>{{"w", plan_rule::not_offered}});
  const auto y = leader.explained("nobody", "y");
  CHECK(y.owner.empty());
  CHECK(y.reason == describe(plan_rule::not_offered));
  CHECK(y.others == std::map<node_id, plan_rule>{{"v", plan_rule::not_offered}, {"w", plan_rule::not_offered}});
  const auto a = leader.explained("j", "a");

  r.revoke();
  asker other{r};
  for (const auto& [before, job, item] : {std::tuple{x, "k", "x"}, {y, "nobody", "y"}, {a, "j", "a"}}) {
    const auto now = other.explained(job, item);
    CHECK_FALSE(now.by_leader);
    CHECK(now.exact);
    CHECK(now.owner == before.owner);
    CHECK(now.reason == before.reason);
    CHECK(now.others.size() == before.others.size());
  }
  CHECK(other.explained("k", "x").others == x.others);
}

TEST_CASE("explain: items that are no part of a plan are explained too") {
  manager_rig r;
  auto v = r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a", "b"});
  add_pool(r.tree, "off", {"x"}, false);
  r.lead();
  const auto at_v = r.owners().at("a") == "v" ? "a" : "b";
  r.tree.end(v);
  r.pass(seconds{3}); // gone for less than its tolerance
  for (const auto lead : {true, false}) {
    CAPTURE(lead);
    if (!lead) {
      r.revoke();
    }
    asker who{r};
    const auto kept = who.explained("j", at_v);
    CHECK(kept.owner == "v");
    CHECK(kept.reason.find("tolerance") != std::string::npos);
    CHECK(who.explained("off", "x").reason == "the job is disabled");
    const auto q = who.ask("j", "nothing");
    who.answer_reads();
    CHECK(who.answers.at(q).error().code == errc::unknown_job);
    const auto p = who.ask("nojob", "a");
    who.answer_reads();
    CHECK(who.answers.at(p).error().code == errc::unknown_job);
  }
}

TEST_CASE("explain: while the next plan is made the last one answers, of what it was made from") {
  manager_rig r;
  r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a", "b", "c", "d"});
  r.lead();
  const auto before = r.owners();
  const auto last = before.at("a") == before.at("d") ? "c" : "d"; // where the numbers of two plans would be confused
  asker who{r};
  SUBCASE("the pool shrinks") {
    for (const auto* item : {"a", "b", "c", "d"}) {
      if (std::string{item} != last) {
        r.tree.erase("/djm/work-pool/j/" + std::string{item});
      }
    }
    r.pass_until_asked();
    CHECK(who.explained("j", "a").owner == before.at("a"));
    CHECK(who.explained("j", last).owner == before.at(last));
  }
  SUBCASE("the pool grows") {
    for (int i = 0; i < 100; ++i) {
      r.tree.put("/djm/work-pool/j/x" + std::to_string(i));
    }
    r.pass_until_asked();
    CHECK(who.explained("j", last).owner == before.at(last));
    CHECK(who.explained("j", "x42").reason == "it is new: the next plan decides");
  }
  SUBCASE("and when the next plan fails") {
    for (const auto* item : {"a", "b"}) {
      r.tree.erase("/djm/work-pool/j/" + std::string{item});
    }
    r.plan_failures = 1;
    r.pass_until_asked();
    r.answer_plan();
    CHECK(r.plan_failures == 0);
    CHECK(who.explained("j", "a").owner == before.at("a"));
    CHECK(who.explained("j", last).owner == before.at(last));
  }
}

TEST_CASE("explain: one question is read for at a time, in order, up to a limit") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a", "b"});
  asker who{r};
  for (std::size_t k = 0; k < explain_core::most_waiting; ++k) {
    who.ask("j", k % 2 == 0 ? "a" : "b");
    CHECK(who.reads.size() == 1);
  }
  const auto last = who.ask("j", "a");
  CHECK(who.answers.at(last).error().code == errc::backlog_full);
  who.answer_reads();
  CHECK(who.answers.size() == explain_core::most_waiting + 1);
  for (std::uint64_t q = 1; q <= explain_core::most_waiting; ++q) {
    REQUIRE(who.answers.at(q).has_value());
    CHECK(who.answers.at(q)->item == (q % 2 == 1 ? "a" : "b"));
    CHECK(who.answers.at(q)->owner == "v");
  }
}

TEST_CASE(
  "explain: a store that does not answer, a broken tree and a lost connection are errors, and the next is tried") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  asker who{r};
  const auto first = who.ask("j", "a");
  const auto second = who.ask("j", "a");
  const auto asked = who.reads[0].request;
  who.reads.clear();
  store::read_outcome lost;
  lost.status = store::read_status::failed;
  who.take(who.core.on_read(asked, lost));
  CHECK(who.answers.at(first).error().code == errc::not_connected);
  who.answer_reads();
  CHECK(who.answers.at(second).has_value());
  const auto third = who.ask("j", "a");
  who.take(who.core.on_disconnected());
  CHECK(who.answers.at(third).error().code == errc::not_connected);
  const auto stale = std::move(who.reads);
  who.reads.clear();
  who.take(
    who.core.on_read(stale[0].request, r.tree.read(r.d.view.id, stale[0].reads))); // an answer that nobody waits for
  CHECK(who.answers.size() == 3);
  fake_store nothing;
  const auto session = nothing.open();
  const auto fourth = who.ask("j", "a");
  who.take(who.core.on_read(who.reads[0].request, nothing.read(session, who.reads[0].reads)));
  CHECK(who.answers.at(fourth).error().code == errc::malformed_payload);
}

TEST_CASE("explain: what another node reads is passed over where it is malformed") {
  manager_rig r;
  r.worker("v");
  r.worker("bad");
  add_pool(r.tree, "j", {"a"});
  r.tree.put("/djm/workers/bad", "{\"v\":1}");
  r.tree.put("/djm/work-pool", "%%");
  r.tree.put("/djm/work-pool/k", "no pool");
  r.tree.put("/djm/work-pool/k/x");
  asker who{r};
  CHECK(who.explained("j", "a").owner == "v");
  CHECK(who.explained("k", "x").reason == describe(plan_rule::not_offered));
}

TEST_CASE("explain: the leader names no owner that has left since the last plan") {
  manager_rig r;
  auto v = r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  const auto at_v = r.owners().at("a") == "v" ? "a" : "b";
  store::worker_payload left;
  left.incarnation = "i1";
  left.left = true;
  r.tree.put("/djm/workers/v", store::encode(left));
  r.tree.put("/djm/worker-version", "left");
  r.tree.end(v);
  r.pass_until_asked(); // the plan is still being made
  asker who{r};
  const auto x = who.explained("j", at_v);
  CHECK(x.by_leader);
  CHECK(x.owner.empty());
  CHECK(x.reason.find("\"v\" has left") != std::string::npos);
}

TEST_CASE("explain: an item that its owner cannot lock has a reason, whoever is asked") {
  manager_rig r;
  r.worker("v", "i2");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  const auto lock = "/djm/locks/j/a.lock";
  for (const bool lead : {true, false}) {
    CAPTURE(lead);
    if (!lead) {
      r.revoke();
    }
    asker who{r};
    CHECK(who.explained("j", "a").owner == "v");
    CHECK(who.explained("j", "a").reason == "its worker has not locked it yet");
    put_lock(r.tree, "j", "a", "u", "i1");
    CHECK(who.explained("j", "a").reason ==
          "its lock is still held by worker \"u\": \"v\" waits until it is given back, or broken");
    r.tree.erase(lock);
    put_lock(r.tree, "j", "a", "v", "i1");
    CHECK(who.explained("j", "a").reason.find("a former life of its worker") != std::string::npos);
    r.tree.put(lock, "spoilt");
    CHECK(who.explained("j", "a").reason.find("nobody can tell whose its lock is") == 0);
    r.tree.erase(lock);
    put_lock(r.tree, "j", "a", "v", "i2");
    CHECK(who.explained("j", "a").reason == "");
    r.tree.erase(lock);
  }
}

TEST_CASE("explain: without the store an item is explained as far as the plan goes") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  asker who{r};
  const auto q = who.ask("j", "a");
  CHECK(who.answers.count(q) == 0);
  who.take(who.core.on_disconnected());
  REQUIRE(who.answers.at(q).has_value());
  CHECK(who.answers.at(q)->owner == "v");
  CHECK(who.answers.at(q)->reason == "");
}
