#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("keeper: the first node prepares the tree, writes its pools, and shows itself last of all") {
  keeper_rig r;
  r.offer("j");
  r.pool("j", {"a", "b"});
  CHECK(r.d.connect() == "joined 1; probe alive/w");
  const auto written = r.d.take_written();
  REQUIRE(written.size() == 5);
  CHECK(written[0] == "create /djm");
  CHECK(written[1] == "create format, create alive, create leader-latch, create workers, create work-pool, "
                      "create locks, create work-pool-version, "
                      "create worker-version, create worker-assignment-version, create marks, create jobs, "
                      "create jobs-version, create states, create refusals");
  CHECK(written[2] == "create jobs/j, set jobs-version@0");
  CHECK(written[3] == "set work-pool-version@0, create work-pool/j, create work-pool/j/a, create work-pool/j/b");
  CHECK(written[4] == "create workers/w, create workers/w/available, create workers/w/assigned, "
                      "create workers/w/available/j, set worker-version, create~ alive/w");
  CHECK(r.alive());
}

TEST_CASE("keeper: a deep root is made step by step") {
  keeper_rig r{200, "/a/b/c"};
  CHECK(r.d.connect() == "joined 1; probe /a/b/c/alive/w");
  CHECK(r.tree.has("/a/b/c/format"));
}

TEST_CASE("keeper: I5 once joined it writes nothing") {
  keeper_rig r;
  r.offer("j");
  r.pool("j", {"a"});
  r.d.connect();
  const auto before = r.tree.zxid();
  r.pool("j", {"a"});
  r.d.pass(std::chrono::hours{4});
  CHECK(r.tree.zxid() == before);
}

TEST_CASE("keeper: what the join writes can be read back") {
  keeper_rig r;
  r.d.connect();
  auto worker = store::decode<store::worker_payload>(r.tree.data("/djm/workers/w"), "");
  auto alive = store::decode<store::alive_payload>(r.tree.data("/djm/alive/w"), "");
  auto assigned = store::decode<store::assigned_payload>(r.tree.data("/djm/workers/w/assigned"), "");
  REQUIRE((worker && alive && assigned));
  CHECK(worker->incarnation == "i1");
  CHECK(worker->detach_ms == 10'000);
  CHECK_FALSE(worker->left);
  CHECK(alive->incarnation == "i1");
  CHECK(alive->host == "host");
  CHECK(alive->pid == 42);
  CHECK(assigned->incarnation == "i1");
}

TEST_CASE("keeper: where the node is reached over HTTP stands there as long as it is alive") {
  auto s = keeper_rig::settings();
  s.http_url = "http://node-1:8080";
  keeper_rig r{std::move(s)};
  r.d.connect();
  const auto alive = store::decode<store::alive_payload>(r.tree.data("/djm/alive/w"), "");
  REQUIRE(alive);
  CHECK(alive->http_url == "http://node-1:8080");
}

TEST_CASE("keeper: a join does not depend on the version of worker-version, so that many may join at once") {
  keeper_rig r;
  prepare(r.tree);
  r.d.connect();
  const auto written = r.d.take_written();
  REQUIRE(written.size() == 1);
  CHECK(written[0].find("set worker-version,") != std::string::npos);
}

TEST_CASE("keeper: each transaction of the way in may be lost or applied without a word") {
  // Every transaction of the join in turn, with every fate.
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    for (std::size_t n = 0; n < 4; ++n) {
      CAPTURE(n);
      CAPTURE(f == fate::unknown_applied);
      keeper_rig r;
      r.offer("j");
      r.pool("j", {"a", "b"});
      r.d.fates.assign(n, fate::truth);
      r.d.fates.push_back(f);
      auto said = r.d.connect();
      said += r.d.pass(seconds{10});
      CHECK(said == "joined 1; probe alive/w");
      CHECK(r.alive());
      CHECK(r.tree.children("/djm/work-pool/j") == strings{"a", "b"});
      CHECK(r.tree.children("/djm/workers/w/available") == strings{"j"});
      const auto before = r.tree.zxid();
      r.d.pass(seconds{60});
      CHECK(r.tree.zxid() == before);
    }
  }
}

TEST_CASE("keeper: the session may end at each transaction of the way in") {
  for (std::size_t n = 0; n < 4; ++n) {
    CAPTURE(n);
    keeper_rig r;
    r.offer("j");
    r.pool("j", {"a"});
    r.d.fates.assign(n, fate::truth);
    r.d.fates.push_back(fate::held);
    r.d.connect();
    r.d.held.clear();
    r.d.expire();
    auto said = r.d.connect();
    said += r.d.pass(seconds{10});
    CHECK(said == "joined 2; probe alive/w");
    CHECK(r.alive());
    CHECK(r.tree.children("/djm/work-pool/j") == strings{"a"});
  }
}

TEST_CASE("keeper: many jobs are registered in transactions of at most 200 operations, alive in the last") {
  keeper_rig r;
  for (int i = 0; i < 500; ++i) {
    r.offer(job_id{"job-" + std::to_string(i)});
  }
  CHECK(r.d.connect() == "joined 1; probe alive/w");
  const auto written = r.d.take_written();
  CHECK(r.tree.children("/djm/workers/w/available").size() == 500);
  std::size_t with_alive = 0;
  for (std::size_t i = 0; i < written.size(); ++i) {
    CHECK(std::count(written[i].begin(), written[i].end(), ',') < 200);
    if (written[i].find("create~ alive/w") != std::string::npos) {
      ++with_alive;
      CHECK(i + 1 == written.size());
    }
  }
  CHECK(with_alive == 1);
}

TEST_CASE("keeper: after the loss of the session it joins again with the same incarnation") {
  keeper_rig r;
  r.offer("j");
  r.pool("j", {"a"});
  r.d.connect();
  CHECK(r.d.suspend() == "");
  CHECK(r.d.expire() == "stop probing");
  CHECK_FALSE(r.alive());
  const auto mzxid = r.tree.stat("/djm/workers/w").mzxid;
  CHECK(r.d.connect() == "joined 2; probe alive/w");
  CHECK(r.alive());
  // The leader's clock of the break rule starts again with this mzxid.
  CHECK(r.tree.stat("/djm/workers/w").mzxid > mzxid);
  CHECK(r.all_events().find("state=reconnected)") != std::string::npos);
}

TEST_CASE("keeper: it joins again only when the server has ended its earlier session") {
  keeper_rig r;
  r.d.connect();
  // The handle was closed by us; the server has not expired the old session yet.
  const auto old = r.d.view.id;
  r.d.view.phase = store::session_phase::closed;
  r.d.session_changed();
  r.d.take_written();
  CHECK(r.d.connect() == "");
  CHECK(r.d.core.status().phase == registration_phase::waiting_for_id);
  CHECK(r.d.take_written().empty());
  // However long that takes, it is no other process under its id.
  CHECK(r.d.pass(std::chrono::minutes{10}) == "");
  CHECK_FALSE(r.d.core.is_joined());
  r.tree.end(old);
  r.d.said.clear();
  CHECK(r.d.settle() == "joined 2; probe alive/w");
  CHECK(r.alive());
  CHECK(r.d.take_written() == strings{"set workers/w@0, set worker-version, create~ alive/w"});
}

TEST_CASE("keeper: a suspended connection that comes back in the same session changes nothing") {
  keeper_rig r;
  r.d.connect();
  const auto before = r.tree.zxid();
  r.d.suspend();
  r.d.pass(seconds{5});
  CHECK(r.d.core.is_joined());
  CHECK(r.d.reconnect() == "");
  CHECK(r.d.core.is_joined());
  CHECK(r.tree.zxid() == before);
  // and it does not complain later about a connection it has
  r.d.pass(std::chrono::minutes{10});
  CHECK(r.all_events().find("not_connected") == std::string::npos);
}

TEST_CASE("keeper: it complains once when there is no connection for the registration timeout") {
  keeper_rig r;
  r.d.view.phase = store::session_phase::connecting;
  r.d.session_changed();
  r.d.pass(seconds{29});
  CHECK(r.all_events().find("not_connected") == std::string::npos);
  r.d.pass(seconds{2});
  CHECK(r.last_event().find("code=not_connected") != std::string::npos);
  CHECK(r.d.connect() == "joined 1; probe alive/w");
}

TEST_CASE("keeper: a removed registration is noticed and made again") {
  keeper_rig r;
  r.d.connect();
  r.tree.erase("/djm/alive/w");
  CHECK(r.d.call(&keeper_core::on_not_alive) == "stop probing; unjoined; joined 1; probe alive/w");
  CHECK(r.alive());
  CHECK(r.all_events().find("was removed by somebody else") != std::string::npos);
}

TEST_CASE("keeper: a false alarm about the registration ends in the same state") {
  keeper_rig r;
  r.d.connect();
  CHECK(r.d.call(&keeper_core::on_not_alive) == "stop probing; unjoined; joined 1; probe alive/w");
  CHECK(r.alive());
}

TEST_CASE("keeper: what newer versions wrote about the worker outlives its restart, and a mark is left alone") {
  keeper_rig r;
  prepare(r.tree);
  store::worker_payload w;
  w.incarnation = "i0";
  w.left = true;
  auto text = store::encode(w);
  text.insert(1, "\"from_the_future\":7,");
  r.tree.put("/djm/workers/w", text);
  r.tree.put("/djm/marks/w", "{\"v\":1,\"cordoned\":true}");
  const auto marked = r.tree.stat("/djm/marks/w").mzxid;
  r.d.connect();
  CHECK(r.tree.stat("/djm/marks/w").mzxid == marked);
  auto now = store::decode<store::worker_payload>(r.tree.data("/djm/workers/w"), "");
  REQUIRE(now.has_value());
  CHECK_FALSE(now->left);
  CHECK(now->incarnation == "i1");
  CHECK(r.tree.data("/djm/workers/w").find("from_the_future") != std::string::npos);
}

TEST_CASE("keeper: a malformed registration is reported and replaced") {
  keeper_rig r;
  prepare(r.tree);
  r.tree.put("/djm/workers/w", "[1,2");
  CHECK(r.d.connect() == "joined 1; probe alive/w");
  CHECK(r.all_events().find("/djm/workers/w") != std::string::npos);
  CHECK(store::decode<store::worker_payload>(r.tree.data("/djm/workers/w"), "").has_value());
}

// -- duplicate node ids ----------------------------------------------------------

TEST_CASE("keeper: an id that a live process holds fails after T and some grace, naming the holder") {
  keeper_rig r;
  prepare(r.tree);
  enlist(r.tree, r.tree.open(), "w", "i0");
  CHECK(r.d.connect() == "");
  CHECK(r.phase() == registration_phase::waiting_for_id);
  CHECK(r.d.pass(seconds{10}) == "");
  auto said = r.d.pass(seconds{10});
  CHECK(said.find("failed node_id_in_use: node id \"w\"") != std::string::npos);
  CHECK(said.find("i0") != std::string::npos);
  CHECK(r.d.take_written().empty());
  CHECK(r.d.core.wake_at() == std::nullopt);
}

TEST_CASE("keeper: a predecessor that crashed is waited for and replaced") {
  keeper_rig r;
  prepare(r.tree);
  const auto before = r.tree.open();
  enlist(r.tree, before, "w", "i0");
  r.d.connect();
  r.d.pass(seconds{9});
  r.tree.end(before);
  r.d.said.clear();
  CHECK(r.d.settle() == "joined 1; probe alive/w");
  CHECK(r.alive());
}

TEST_CASE("keeper: the wait for a predecessor starts anew after a time without connection") {
  keeper_rig r;
  prepare(r.tree);
  const auto before = r.tree.open();
  enlist(r.tree, before, "w", "i0");
  r.d.connect();
  REQUIRE(r.phase() == registration_phase::waiting_for_id);
  r.d.suspend();
  r.tree.end(before);
  CHECK(r.d.pass(seconds{60}) == ""); // nothing can be said about the id meanwhile
  r.tree.take_events(r.d.view.id);    // not even the watch is needed
  CHECK(r.d.reconnect() == "joined 1; probe alive/w");
}

TEST_CASE("keeper: an unreadable alive counts as somebody else's") {
  keeper_rig r;
  prepare(r.tree);
  const auto before = r.tree.open();
  enlist(r.tree, before, "w", "i0");
  r.tree.put("/djm/alive/w", "??");
  r.d.connect();
  CHECK(r.phase() == registration_phase::waiting_for_id);
  CHECK(r.d.take_written().empty());
}

TEST_CASE("keeper: of two processes with one id that join at the same moment one waits") {
  fake_store tree;
  prepare(tree);
  driver<keeper_core> one{keeper_core{keeper_rig::settings(200, "/djm", "w", "i1")}, tree};
  driver<keeper_core> two{keeper_core{keeper_rig::settings(200, "/djm", "w", "i2")}, tree};
  // Both read before either writes.
  for (auto* d : {&one, &two}) {
    d->view = {store::session_phase::connected, 1, tree.open(), seconds{10}, 1, {}, {}, {}};
    d->take(d->core.on_session(d->view, d->now_step()));
  }
  for (int n = 0; n < 10; ++n) {
    for (auto* d : {&one, &two}) {
      if (!d->reads.empty()) {
        auto q = d->reads.front();
        d->reads.pop_front();
        d->take(d->core.on_read(q.request, tree.read(d->view.id, q.reads), d->now_step()));
      }
    }
  }
  REQUIRE(one.commits.size() == 1);
  REQUIRE(two.commits.size() == 1);
  one.settle();
  two.settle();
  two.pass(seconds{1});
  CHECK(one.core.is_joined());
  CHECK_FALSE(two.core.is_joined());
  CHECK(two.core.status().phase == registration_phase::waiting_for_id);
}

// -- trees that do not fit -------------------------------------------------------

TEST_CASE("keeper: a tree of another layout is refused for good, and nothing is written") {
  keeper_rig r;
  prepare(r.tree);
  r.tree.put("/djm/format", R"({"v":1,"format":99})");
  const auto before = r.tree.zxid();
  auto said = r.d.connect();
  CHECK(said.find("failed format_mismatch: /djm/format: the tree has layout 99") != std::string::npos);
  CHECK(r.tree.zxid() == before);
  CHECK(r.phase() == registration_phase::failed);
  r.d.suspend();
  CHECK(r.d.reconnect() == "");
  CHECK(r.d.pass(seconds{100}) == "");
}

TEST_CASE("keeper: a format that cannot be read is a mismatch, not an empty tree") {
  keeper_rig r;
  prepare(r.tree);
  r.tree.put("/djm/format", "hello");
  CHECK(r.d.connect().find("failed format_mismatch") != std::string::npos);
}

TEST_CASE("keeper: refused credentials are final") {
  keeper_rig r;
  r.d.view.phase = store::session_phase::refused;
  CHECK(r.d.session_changed().find("failed no_permission") != std::string::npos);
}

// -- leaving ---------------------------------------------------------------------

TEST_CASE("keeper: leaving takes alive back and marks the worker as left in one transaction") {
  keeper_rig r;
  r.d.connect();
  r.d.take_written();
  CHECK(r.d.call(&keeper_core::on_leave) == "stop probing; left");
  CHECK(r.d.take_written() == strings{"remove alive/w@0, set workers/w@0, set worker-version"});
  CHECK(store::decode<store::worker_payload>(r.tree.data("/djm/workers/w"), "")->left);
  CHECK_FALSE(r.tree.has("/djm/alive/w"));
}

TEST_CASE("keeper: leaving survives unknown outcomes") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    keeper_rig r;
    r.d.connect();
    r.d.fates = {f};
    auto said = r.d.call(&keeper_core::on_leave);
    said += r.d.pass(seconds{10});
    CHECK(said == "stop probing; left");
    CHECK_FALSE(r.tree.has("/djm/alive/w"));
    CHECK(store::decode<store::worker_payload>(r.tree.data("/djm/workers/w"), "")->left);
  }
}

TEST_CASE("keeper: leaving without a connection, before the join or twice answers at once") {
  keeper_rig offline;
  CHECK(offline.d.call(&keeper_core::on_leave) == "stop probing; left");
  CHECK(offline.d.call(&keeper_core::on_leave) == "left");

  keeper_rig suspended;
  suspended.d.connect();
  suspended.d.suspend();
  CHECK(suspended.d.call(&keeper_core::on_leave) == "stop probing; left");
}

TEST_CASE("keeper: a connection that breaks during the leave does not keep it for ever") {
  keeper_rig r;
  r.d.connect();
  r.d.fates = {fate::held};
  CHECK(r.d.call(&keeper_core::on_leave) == "");
  r.d.suspend();
  CHECK(r.d.call(&keeper_core::on_leave) == "stop probing; left");

  keeper_rig expired;
  expired.d.connect();
  expired.d.fates = {fate::held};
  expired.d.call(&keeper_core::on_leave);
  CHECK(expired.d.expire() == "stop probing; left");
}

TEST_CASE("keeper: a life whose id another one has taken since its own join never joins again") {
  keeper_rig r;
  prepare(r.tree);
  r.d.connect();
  REQUIRE(r.alive());
  r.d.expire();
  const auto other = r.tree.open();
  enlist(r.tree, other, "w", "i2");
  r.tree.end(other); // it has come and gone
  const auto said = r.d.connect();
  CHECK(said.find("failed node_id_in_use: node id \"w\" was taken over by incarnation i2") != std::string::npos);
  CHECK_FALSE(r.tree.has("/djm/alive/w"));
}

TEST_CASE("keeper: nor does one whose join may have been overwritten before it heard of its outcome") {
  for (const bool applied : {true, false}) {
    CAPTURE(applied);
    keeper_rig r;
    prepare(r.tree);
    const auto before = r.tree.open();
    enlist(r.tree, before, "w", "i0");
    r.tree.end(before);
    r.d.fates = {applied ? fate::unknown_applied : fate::unknown_lost};
    r.d.connect();
    r.d.expire();
    if (applied) {
      const auto other = r.tree.open();
      enlist(r.tree, other, "w", "i2");
      r.tree.end(other);
    }
    auto said = r.d.connect();
    said += r.d.pass(seconds{10});
    CHECK((said.find("failed") != std::string::npos) == applied);
    CHECK(r.alive() != applied);
  }
}

TEST_CASE("keeper: a registration says from which version it took the id over, and whether that life had left") {
  keeper_rig r;
  prepare(r.tree);
  const auto registered = [&] {
    return *store::decode<store::worker_payload>(r.tree.data("/djm/workers/w"), "workers/w");
  };
  const auto before = r.tree.open();
  enlist(r.tree, before, "w", "i0");
  r.tree.put("/djm/workers/w", r.tree.data("/djm/workers/w"));
  r.tree.end(before);
  r.d.connect();
  CHECK(registered().took_over == 1);
  CHECK(registered().after_crash);
  r.d.expire();
  r.d.connect(); // the same life takes nothing over
  CHECK(registered().took_over == 1);
  r.d.call(&keeper_core::on_leave);
  REQUIRE(registered().left);
  driver<keeper_core> next{keeper_core{keeper_rig::settings(200, "/djm", "w", "i2")}, r.tree};
  next.view.timeout = seconds{10};
  const auto version = r.tree.stat("/djm/workers/w").version;
  next.connect();
  CHECK(registered().took_over == version);
  CHECK_FALSE(registered().after_crash);
}

TEST_CASE("keeper: the first registration of an id took it over from nobody") {
  keeper_rig r;
  prepare(r.tree);
  r.d.connect();
  const auto w = *store::decode<store::worker_payload>(r.tree.data("/djm/workers/w"), "workers/w");
  CHECK(w.took_over == -1);
  CHECK_FALSE(w.after_crash);
}
