#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

/// The keeper word for word, and what it makes of what happens at the wrong moment.
namespace {

using strings = std::vector<std::string>;

bool starts_with(const std::string& text, const std::string& with) {
  return text.compare(0, with.size(), with) == 0;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++n;
  }
  return n;
}

struct joined_rig : keeper_rig {
  joined_rig() {
    offer("j");
    pool("j", {"a"});
    d.connect();
    d.pass(seconds{1});
    d.take_written();
    d.take_asked();
    d.emitted.clear();
  }
  /// The answer to the oldest read, and nothing more.
  void answer_read() {
    auto q = std::move(d.reads.front());
    d.reads.pop_front();
    d.take(d.core.on_read(q.request, tree.read(d.view.id, q.reads), d.now_step()));
  }
};

} // namespace

TEST_CASE("keeper: every change of a registration names alive, the version it read, and worker-version") {
  joined_rig r;
  r.offer("k");
  r.pool("k", {"x"});
  CHECK(r.d.take_written() ==
        strings{"check alive/w, create jobs/k, set jobs-version@1",
                "check alive/w, set workers/w@0, create workers/w/available/k, set worker-version",
                "check alive/w, set work-pool-version@1, create work-pool/k, create work-pool/k/x"});
  r.d.call(&keeper_core::on_withdraw, job_id{"k"});
  CHECK(r.d.take_written() ==
        strings{"check alive/w, set workers/w@1, remove workers/w/available/k, set worker-version"});
}

TEST_CASE("keeper: alive that a stranger has overwritten is replaced, at the version it was read with") {
  for (const auto* data : {"garbage", R"({"v":1,"incarnation":"i7"})"}) {
    joined_rig r;
    r.tree.put("/djm/alive/w", data);
    CHECK(r.d.call(&keeper_core::on_not_alive) == "stop probing; unjoined; joined 1; probe alive/w");
    CHECK(r.d.take_written() == strings{"set workers/w@0, set worker-version, remove alive/w@1, create~ alive/w"});
    CHECK(r.alive());
  }
}

TEST_CASE("keeper: a join that was applied without a word is not written twice") {
  keeper_rig r;
  r.offer("j");
  r.pool("j", {"a"});
  r.d.fates = {fate::truth, fate::truth, fate::truth, fate::truth, fate::unknown_applied};
  auto said = r.d.connect();
  said += r.d.pass(seconds{10});
  CHECK(said == "joined 1; probe alive/w");
  CHECK(r.d.take_written().size() == 5);
  CHECK(r.d.core.status().counters.unknowns == 1);
  CHECK(r.d.core.status().counters.conflicts == 0);
}

TEST_CASE("keeper: a connection that comes back does not make it forget what it has asked") {
  joined_rig r;
  r.d.fates = {fate::held};
  r.offer("k");
  REQUIRE(r.d.held.size() == 1);
  r.d.suspend();
  r.d.take_asked();
  r.d.reconnect();
  CHECK(r.d.take_asked().empty());
  r.d.answer_held();
  CHECK(r.tree.has("/djm/workers/w/available/k"));
  CHECK_FALSE(r.d.take_asked().empty());
}

TEST_CASE("keeper: a new session is joined without preparing the tree again") {
  joined_rig r;
  r.d.expire();
  CHECK(r.d.connect() == "joined 2; probe alive/w");
  const auto asked = r.d.take_asked();
  REQUIRE_FALSE(asked.empty());
  CHECK(asked.front() == "fresh[get jobs-version, exists jobs, get workers/w, get jobs/j, get jobs/j/config]");
  for (const auto& q : asked) {
    CAPTURE(q);
    CHECK((starts_with(q, "fresh[") || q.find("jobs-version") != std::string::npos)); // a look that leaves a watch
  }
}

TEST_CASE("keeper: a session timeout that stop_grace does not fit is reported, another is not") {
  keeper_rig r;
  r.d.view.timeout = seconds{10};
  r.d.connect();
  CHECK(r.all_events().find("stop_grace") == std::string::npos);
  keeper_rig tight;
  tight.d.view.timeout = milliseconds{100};
  tight.d.connect();
  CHECK(tight.all_events().find("stop_grace") == std::string::npos); // D is 10 s
  auto s = keeper_rig::settings();
  s.config.detach_tolerance = milliseconds{0};
  fake_store tree;
  driver<keeper_core> d{keeper_core{s}, tree};
  d.view.timeout = seconds{2};
  d.connect();
  std::string events;
  for (const auto& e : d.emitted) {
    events += show(emit_effect{e});
  }
  CHECK(events.find("stop_grace") != std::string::npos);
}

TEST_CASE("keeper: the wait for a connection counts from its loss, however often that is said") {
  joined_rig r;
  r.d.suspend();
  r.d.pass(seconds{20});
  r.d.session_changed();
  r.d.pass(seconds{9});
  CHECK(r.all_events().find("not_connected") == std::string::npos);
  r.d.pass(seconds{2});
  CHECK(r.all_events().find("not_connected") != std::string::npos);
}

TEST_CASE("keeper: told to leave twice it leaves once") {
  joined_rig r;
  r.d.fates = {fate::held};
  CHECK(r.d.call(&keeper_core::on_leave) == "");
  CHECK(r.d.call(&keeper_core::on_leave) == "");
  CHECK(r.d.answer_held() == "stop probing; left");
  CHECK(r.d.take_written() == strings{"remove alive/w@0, set workers/w@0, set worker-version"});
}

TEST_CASE("keeper: pools are read a hundred at a time") {
  keeper_rig r;
  for (int i = 0; i < 250; ++i) {
    const job_id id{"job-" + std::to_string(1000 + i)};
    r.offer(id);
    r.pool(id, {"a"});
  }
  r.d.connect();
  std::size_t most = 0;
  for (const auto& q : r.d.take_asked()) {
    most = std::max(most, count(q, "children work-pool/"));
  }
  CHECK(most == 100);
  CHECK(r.tree.children("/djm/work-pool").size() == 250);
}

TEST_CASE("keeper: a read or a transaction that the store refuses is reported, one without a connection is not") {
  joined_rig r;
  const auto refuse_read = [&](store::read_status status) {
    r.d.emitted.clear();
    r.d.pass(seconds{30});
    r.d.take(r.d.core.on_offer(keeper_rig::job(job_id{"k" + std::to_string(r.d.now.time_since_epoch().count())}), false,
                               0, r.d.now_step()));
    REQUIRE_FALSE(r.d.reads.empty());
    const auto q = r.d.reads.front();
    r.d.reads.pop_front();
    r.d.take(r.d.core.on_read(q.request, {status, {}, "bad path"}, r.d.now_step()));
    return r.all_events();
  };
  CHECK(refuse_read(store::read_status::failed).find("bad path") == std::string::npos);
  CHECK(refuse_read(store::read_status::rejected).find("bad path") != std::string::npos);

  const auto refuse_commit = [&](errc code) {
    r.d.emitted.clear();
    r.d.pass(seconds{30});
    r.d.take(r.d.core.on_offer(keeper_rig::job(job_id{"l" + std::to_string(r.d.now.time_since_epoch().count())}), false,
                               0, r.d.now_step()));
    while (r.d.commits.empty()) {
      REQUIRE_FALSE(r.d.reads.empty());
      r.answer_read();
    }
    const auto q = r.d.commits.front();
    r.d.commits.pop_front();
    r.d.take(r.d.core.on_commit(q.request, store::rejected{{code, "not today"}}, r.d.now_step()));
    return r.all_events();
  };
  CHECK(refuse_commit(errc::not_connected).find("not today") == std::string::npos);
  CHECK(refuse_commit(errc::too_large).find("not today") != std::string::npos);
  r.d.pass(seconds{30});
  CHECK(r.d.core.is_joined());
}

TEST_CASE("keeper: a registration that the store refused is written when it takes it, or nobody wants it any more") {
  for (const bool wanted : {true, false}) {
    CAPTURE(wanted);
    joined_rig r;
    r.d.fates = {fate::delayed, fate::delayed};
    r.offer("k");
    for (int n = 0; n < 2; ++n) {
      r.d.pass(seconds{10});
      REQUIRE(r.d.held.size() == 1);
      r.d.held.front().delayed = false;
      r.d.held.front().outcome = store::rejected{{errc::too_large, "a quota is full"}};
      r.d.answer_held();
    }
    const auto told = r.all_events();
    CHECK(told.find("a quota is full") != std::string::npos);
    CHECK(told.find("problem_over") == std::string::npos);
    if (!wanted) {
      r.d.call(&keeper_core::on_withdraw, job_id{"k"});
    }
    r.d.pass(seconds{10});
    CHECK(r.tree.has("/djm/workers/w/available/k") == wanted);
    CHECK(r.all_events().find(show(emit_effect{problem_over{"keeper", "commit"}})) != std::string::npos);
  }
}

TEST_CASE("keeper: a root that another node makes at the same time is no reason to wait") {
  keeper_rig r{200, "/a/b"};
  r.d.view.phase = store::session_phase::connected;
  r.d.view.number = 1;
  r.d.view.id = r.tree.open();
  r.d.take(r.d.core.on_session(r.d.view, r.d.now_step()));
  for (int n = 0; n < 2; ++n) { // the base, and the way to the root
    auto q = r.d.reads.front();
    r.d.reads.pop_front();
    r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
  }
  REQUIRE(r.d.commits.size() == 1);
  r.tree.put("/a");
  r.d.settle();
  CHECK(r.d.core.is_joined());
  CHECK(r.d.core.status().counters.conflicts == 1);
  CHECK(r.d.core.status().counters.unknowns == 0);
}

TEST_CASE("keeper: a root whose making has an unknown outcome is made all the same") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    keeper_rig r{200, "/a/b"};
    r.d.fates = {f, f};
    r.d.connect();
    CHECK_FALSE(r.d.core.is_joined()); // not without a pause
    r.d.pass(seconds{20});
    CHECK(r.d.core.is_joined());
  }
}

TEST_CASE("keeper: alive that goes while a registration or a pool is on its way is noticed by that transaction") {
  joined_rig r;
  r.d.fates = {fate::delayed};
  r.offer("k");
  REQUIRE(r.d.held.size() == 1);
  r.tree.erase("/djm/alive/w");
  CHECK(r.d.answer_held() == "stop probing; unjoined; joined 1; probe alive/w");

  joined_rig p;
  p.d.fates = {fate::delayed};
  p.pool("j", {"a", "b"});
  REQUIRE(p.d.held.size() == 1);
  p.tree.erase("/djm/alive/w");
  CHECK(p.d.answer_held() == "stop probing; unjoined; joined 1; probe alive/w");
}

TEST_CASE("keeper: a conflict about anything but alive is no loss of the registration") {
  joined_rig r;
  r.d.fates = {fate::delayed};
  r.offer("k");
  r.tree.put("/djm/workers/w", r.tree.data("/djm/workers/w")); // an operator's mark
  CHECK(r.d.answer_held() == "");
  CHECK(r.d.pass(seconds{10}) == "");
  CHECK(r.tree.has("/djm/workers/w/available/k"));

  joined_rig n;
  n.d.fates = {fate::delayed};
  n.offer("k");
  n.tree.erase("/djm/workers/w/available");
  CHECK(n.d.answer_held() == "");
  CHECK(n.d.pass(seconds{10}) == "");
  CHECK(n.tree.has("/djm/workers/w/available/k"));

  joined_rig p;
  p.d.fates = {fate::delayed};
  p.pool("j", {"a", "b"});
  p.tree.put("/djm/work-pool-version", "{}");
  CHECK(p.d.answer_held() == "");
  CHECK(p.d.pass(seconds{10}) == "");
  CHECK(p.tree.has("/djm/work-pool/j/b"));
}

TEST_CASE("keeper: a tree that is taken away on the way in is made anew") {
  for (std::size_t n : {2u, 3u}) {
    CAPTURE(n);
    keeper_rig r;
    r.offer("j");
    r.pool("j", {"a"});
    r.d.fates.assign(n, fate::truth);
    r.d.fates.push_back(fate::delayed);
    r.d.connect();
    REQUIRE(r.d.held.size() == 1);
    r.tree.erase("/djm");
    r.d.answer_held();
    r.d.pass(seconds{20});
    CHECK(r.d.core.is_joined());
    CHECK(r.tree.children("/djm/work-pool/j") == strings{"a"});
  }
}

TEST_CASE("keeper: a pool that is cleaned while its node is on its way in is written again, and nobody is blamed") {
  keeper_rig r;
  r.offer("j");
  r.pool("j", {"a", "b"});
  r.d.fates = {fate::truth, fate::truth, fate::truth, fate::truth, fate::delayed};
  r.d.connect();
  REQUIRE(r.d.held.size() == 1);
  r.tree.erase("/djm/work-pool/j");
  CHECK(r.d.answer_held() == "joined 1; probe alive/w");
  CHECK(r.tree.children("/djm/work-pool/j") == strings{"a", "b"});
  // The leader was right to clean: nobody alive offered the job.
  CHECK(r.all_events().find("was deleted by somebody") == std::string::npos);
}

TEST_CASE("keeper: a node that disagrees is reported with its third change, and once") {
  joined_rig r;
  for (int n = 1; n <= 4; ++n) {
    r.tree.erase("/djm/work-pool/j/a");
    r.pool("j", {"a"});
    r.d.pass(seconds{5});
    CHECK(r.tree.has("/djm/work-pool/j/a"));
    CHECK(count(r.all_events(), "keeps writing") == (n < 3 ? 0u : 1u));
  }
}

TEST_CASE("keeper: waking too early, and too often, is harmless") {
  keeper_rig r;
  prepare(r.tree);
  const auto before = r.tree.open();
  enlist(r.tree, before, "w", "i0");
  r.d.connect();
  REQUIRE(r.phase() == registration_phase::waiting_for_id);
  for (int n = 0; n < 10; ++n) {
    r.d.now += seconds{1};
    CHECK(r.d.call(&keeper_core::on_wake) == "");
    CHECK(r.phase() == registration_phase::waiting_for_id);
  }

  joined_rig s;
  s.d.suspend();
  for (int n = 0; n < 10; ++n) {
    s.d.now += seconds{2};
    s.d.call(&keeper_core::on_wake);
  }
  CHECK(s.all_events().find("not_connected") == std::string::npos);

  // A retry waits for its moment.
  joined_rig t;
  t.d.fates = {fate::unknown_lost};
  t.offer("k");
  t.d.take_asked();
  t.d.call(&keeper_core::on_wake);
  CHECK(t.d.take_asked().empty());
}

TEST_CASE("keeper: a job that is offered again as it was changes nothing") {
  joined_rig r;
  r.offer("j");
  r.d.pass(seconds{5});
  CHECK(r.d.take_written().empty());
}

TEST_CASE("keeper: the first join is a connection, the later ones are reconnections") {
  keeper_rig r;
  r.d.connect();
  CHECK(r.all_events().find("state=connected)") != std::string::npos);
  CHECK(r.all_events().find("state=reconnected)") == std::string::npos);
  r.d.expire();
  r.d.emitted.clear();
  r.d.connect();
  CHECK(r.all_events().find("state=connected)") == std::string::npos);
  CHECK(r.all_events().find("state=reconnected)") != std::string::npos);
}
