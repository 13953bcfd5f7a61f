// The rules of the keeper's activities about lives, looks and sessions.
#include <algorithm>

#include <doctest/doctest.h>

#include "test/unit/cores/keeper_parts_rig.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;
using phase = registration_phase;

// -- the id -----------------------------------------------------------------------------

TEST_CASE("keeper: a life is superseded by whom it finds named after itself") {
  keeper_parts p{config()};
  CHECK_FALSE(superseded(p, "i0")); // a life before ours
  CHECK_FALSE(superseded(p, "i1"));
  CHECK(superseded(p, "i2"));
  keeper_parts rebuilt{config(true)};
  CHECK(superseded(rebuilt, "i2"));
}

TEST_CASE("keeper: after an unknown outcome only a life that was not named before the write has superseded ours") {
  for (const auto* found : {"i0", "i2"}) {
    keeper_parts p{config()};
    CHECK_FALSE(superseded(p, "i0"));
    p.claim.perhaps_written();
    CHECK(superseded(p, found) == (std::string{"i2"} == found));
  }
}

TEST_CASE("keeper: while alive is ours and the node is joined, another name is somebody's meddling") {
  keeper_parts p{config()};
  keeper_effects out;
  p.claim.written(5);
  CHECK(superseded(p, "i2", true));
  p.member.join(1, "/djm/alive/w", {}, out);
  CHECK_FALSE(superseded(p, "i2", true));
  CHECK(superseded(p, "i2", false));
}

TEST_CASE("keeper: a registration older than the one written tells, from then on, that the store has gone back") {
  keeper_parts p{config()};
  keeper_effects out;
  CHECK_FALSE(p.claim.went_back(registered("i0", 3), at_second(0), out));
  p.claim.written(8);
  CHECK_FALSE(p.claim.went_back(registered("i1", 8), at_second(0), out));
  CHECK(out.empty());
  CHECK(p.claim.went_back(registered("i1", 7), at_second(1), out));
  CHECK(p.store.retry_at());
  CHECK(p.claim.went_back(registered("i1", 9), at_second(2), out)); // a history that is gone stays gone
  CHECK(said(out) == "read older; read older");
}

TEST_CASE(
  "keeper: a registration is cut into transactions, each at the version the one before it left; the last joins") {
  keeper_lifetime life{config()};
  registration_change c;
  c.worker = "{}";
  c.worker_version = 4;
  c.joins = true;
  c.replaced = 2;
  for (const auto& job : to_ids<job_id>({"a", "b", "c"})) {
    c.below.emplace_back(store::create_op{life.tree.available("w", job), {}});
  }
  const auto shown = [&](const registration_change& change) {
    std::vector<std::string> text;
    for (const auto& txn : registration_txns(life, change, 12)) {
      text.push_back(show(txn.txn()));
    }
    return text;
  };
  using strings = std::vector<std::string>;
  CHECK(shown(c) == strings{"set workers/w@4, create workers/w/available/a, create workers/w/available/b, set "
                            "worker-version",
                            "set workers/w@5, create workers/w/available/c, set worker-version, remove alive/w@2, "
                            "create~ alive/w"});
  c.worker_version.reset();
  c.joins = false;
  CHECK(shown(c) == strings{"check alive/w, create workers/w, create workers/w/available/a, create "
                            "workers/w/available/b, set worker-version",
                            "check alive/w, set workers/w@0, create workers/w/available/c, set worker-version"});
}

TEST_CASE("keeper: a registration that was under way when its session ended may have been written") {
  for (const bool under_way : {true, false}) {
    CAPTURE(under_way);
    keeper_parts p{config()};
    keeper_effects out;
    p.store.on_session(view(store::session_phase::connected, 1));
    p.begin_session();
    CHECK_FALSE(superseded(p, "i0"));
    if (under_way) {
      p.store.commit(keeper_topic::writing_registration, keeper_txn{}, out, &p,
                     [](keeper_parts&, const keeper_outcome&, step, keeper_effects&) {});
    }
    p.end_session();
    CHECK(superseded(p, "i2") == under_way);
  }
}

TEST_CASE("keeper: the wait for an id that is held starts anew when the connection was away") {
  keeper_rig r;
  prepare(r.tree);
  enlist(r.tree, r.tree.open(), "w", "i0");
  r.d.connect();
  r.d.pass(seconds{15}); // T, its half and a second are the limit
  r.d.suspend();
  r.d.reconnect();
  CHECK(r.d.pass(seconds{15}) == "");
  CHECK(r.phase() == registration_phase::waiting_for_id);
  CHECK(r.d.pass(seconds{2}).find("failed") != std::string::npos);
}

// -- looking -------------------------------------------------------------------------------

namespace {

const std::string look = "read[get work-pool-version]";

/// Joined a moment ago, with a job; T is 10 s, so a look comes after 5 s.
struct looking_rig : keeper_rig {
  looking_rig() {
    offer("j");
    pool("j", {"a"});
    d.connect();
    d.take_asked();
  }
  /// How many looks began.
  std::size_t looks() {
    const auto asked = d.take_asked();
    return static_cast<std::size_t>(std::count(asked.begin(), asked.end(), look));
  }
  /// `ask` makes the core ask something, which is answered so; with `ok`: that it is refused.
  template <class F>
  void answer(const store::read_outcome& how, F ask) {
    d.take(ask());
    while (d.reads.size() == 1 && d.reads.front().reads.size() == 1 &&
           d.reads.front().reads.front().path == "/djm/jobs-version") { // the look before this one
      const auto other = std::exchange(d.reads, {}).front();
      d.take(d.core.on_read(other.request, tree.read(d.view.id, other.reads), d.now_step()));
    }
    REQUIRE(d.reads.size() == 1);
    const auto q = d.reads.front();
    d.reads.pop_front();
    auto outcome = how;
    if (how.status == store::read_status::ok) {
      outcome = tree.read(d.view.id, q.reads);
      outcome.results.front().code = store::rc::no_auth;
    }
    d.take(d.core.on_read(q.request, outcome, d.now_step()));
    d.settle();
  }
};

} // namespace

TEST_CASE("keeper: a look whose answer is lost or refused comes again after a period") {
  for (const auto status : {store::read_status::failed, store::read_status::ok}) {
    looking_rig r;
    r.d.now += seconds{5};
    r.answer({status, {}, "no"}, [&] { return r.d.core.on_wake(r.d.now_step()); });
    CHECK(r.looks() == 1);
    r.d.pass(milliseconds{4'900});
    CHECK(r.looks() == 0);
    r.d.pass(milliseconds{200});
    CHECK(r.looks() == 1);
  }
}

TEST_CASE("keeper: another answer that is lost puts off no look, one that is refused does") {
  for (const auto status : {store::read_status::failed, store::read_status::ok}) {
    CAPTURE(static_cast<int>(status));
    looking_rig r;
    r.d.pass(seconds{3});
    r.answer({status, {}, "no"}, [&] { return r.d.core.on_offer(keeper_rig::job("k"), false, 0, r.d.now_step()); });
    r.d.pass(milliseconds{2'100});
    CHECK(r.looks() == (status == store::read_status::failed ? 1 : 0));
    r.d.pass(milliseconds{3'000});
    CHECK(r.looks() == (status == store::read_status::failed ? 0 : 1));
  }
}

TEST_CASE("keeper: a dispute is over when the pool is found untouched, not only by a look") {
  looking_rig r;
  for (int n = 0; n < 3; ++n) {
    r.tree.erase("/djm/work-pool/j/a");
    r.pool("j", {"a"});
  }
  const std::string about = "dispute: /djm/work-pool/j";
  REQUIRE(r.all_events().find(about) != std::string::npos);
  const auto over = show(emit_effect{problem_over{"keeper", about}});
  CHECK(r.all_events().find(over) == std::string::npos);
  r.pool("j", {"a"});
  CHECK(r.all_events().find(over) != std::string::npos);
}

// -- the tree ------------------------------------------------------------------------------

TEST_CASE("keeper: each node of the base that is made says what its readers expect") {
  keeper_rig r;
  r.d.connect();
  const auto data = [&](const char* name) { return r.tree.data(std::string{"/djm/"} + name); };
  for (const auto* name : {"work-pool-version", "worker-version", "worker-assignment-version"}) {
    CAPTURE(name);
    const auto version = store::decode<store::version_payload>(data(name), name);
    REQUIRE(version);
    CHECK(version->transaction.find("i1-k") == 0);
  }
  CHECK(store::decode<store::format_payload>(data("format"), "format"));
  CHECK(store::decode<store::pools_payload>(data("work-pool"), "work-pool"));
  for (const auto* name : {"alive", "leader-latch", "workers", "marks", "locks"}) {
    CAPTURE(name);
    CHECK(data(name).empty());
  }
}

TEST_CASE("keeper: a folder of the base that is made anew ends no term") {
  keeper_rig r;
  r.d.connect();
  r.tree.put("/djm/leader-latch/n_0000000001");
  r.tree.erase("/djm/marks");
  r.d.pass(seconds{5});
  CHECK(r.tree.has("/djm/marks"));
  CHECK(r.tree.has("/djm/leader-latch/n_0000000001"));
}

// -- a session ---------------------------------------------------------------------------

TEST_CASE("keeper: what has been asked in a session ends with it") {
  keeper_parts p{config()};
  keeper_effects out;
  p.store.on_session(view(store::session_phase::connected, 1));
  p.begin_session();
  p.session->registrar.start(out);
  REQUIRE(out.size() == 1);
  const auto request = std::get<read_effect>(out.front()).request;
  CHECK_FALSE(p.store.idle());
  p.end_session();
  CHECK_FALSE(p.session);
  CHECK(p.store.idle());
  CHECK(p.store.on_read(request, {}, at_second(0), out).how == keeper_store::answer::stale);
}
