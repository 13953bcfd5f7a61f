#include <doctest/doctest.h>

#include "ensemble_lab.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::store::test;

namespace {

// Server 2 leads at the start.
constexpr std::size_t leader = 2;

} // namespace

TEST_CASE("ensemble: a write at one server is seen at every server that has caught up") {
  ensemble_lab x{3};
  const auto a = x.dial(0);
  const auto b = x.dial(1);
  x.write(a, 1, {make("/n", "v")});
  CHECK(x.completion(a, 1).code == rc::ok);
  x.read(b, 1, get("/n"));
  CHECK(x.completion(b, 1).read.data == "v");
}

TEST_CASE("ensemble: a follower that lags answers reads from the past") {
  ensemble_lab x{3};
  x.ensemble.set_lag(0, milliseconds{300});
  const auto slow = x.dial(0);
  x.pass(seconds{1});
  REQUIRE(x.got<wire::welcome>(slow));
  const auto fast = x.dial(1);
  x.write(fast, 1, {make("/n")});
  CHECK(x.completion(fast, 1).code == rc::ok);
  x.read(slow, 1, exists("/n"));
  CHECK(x.completion(slow, 1).code == rc::no_node);
  x.pass(milliseconds{300});
  x.read(slow, 2, exists("/n"));
  CHECK(x.completion(slow, 2).code == rc::ok);
}

TEST_CASE("ensemble: a committed transaction of one's own is a barrier, even one that fails") {
  for (const bool failing : {false, true}) {
    ensemble_lab x{3};
    x.ensemble.set_lag(0, milliseconds{300});
    const auto slow = x.dial(0);
    x.pass(seconds{1});
    const auto fast = x.dial(1);
    x.write(fast, 1, {make("/n")});
    x.write(slow, 1, {check_op{failing ? "/absent" : "/", any_version}});
    x.read(slow, 2, exists("/n"));
    // The read waits behind the transaction.
    CHECK(x.completion(slow, 2).code == rc::unimplemented);
    x.pass(milliseconds{600});
    CHECK(x.completion(slow, 1).code == (failing ? rc::no_node : rc::ok));
    CHECK(x.completion(slow, 2).code == rc::ok);
  }
}

TEST_CASE("ensemble: a follower cut from its peers goes on answering reads, not writes, until its patience ends") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  x.write(c, 1, {make("/n", "old")});
  x.isolate(0);
  const auto other = x.dial(1);
  x.write(other, 1, {set_op{"/n", "new", any_version}});
  CHECK(x.completion(other, 1).code == rc::ok);
  x.write(c, 2, {set_op{"/n", "lost", any_version}});
  x.pass(milliseconds{1900});
  x.read(c, 3, get("/n"));
  CHECK(x.completion(c, 2).code == rc::unimplemented);
  // The read stands behind the write of its own session.
  CHECK(x.completion(c, 3).code == rc::unimplemented);
  const auto reader = x.dial(0, {0, 0, 0, seconds{4}, {}});
  CHECK_FALSE(x.got<wire::welcome>(reader));
  x.pass(milliseconds{200});
  CHECK(x.got<wire::hang_up>(c));
  CHECK_FALSE(x.ensemble.serving(0));
}

TEST_CASE("ensemble: a follower cut from its peers serves stale data to those connected") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  x.write(c, 1, {make("/n", "old")});
  x.isolate(0);
  const auto other = x.dial(1);
  x.write(other, 1, {set_op{"/n", "new", any_version}});
  x.pass(seconds{1});
  x.read(c, 2, get("/n"));
  CHECK(x.completion(c, 2).read.data == "old");
  CHECK(x.ensemble.committed().tree().find("/n")->data == "new");
}

TEST_CASE("ensemble: what was under way when a link was cut arrives when it heals in time") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  x.cut(0, leader);
  x.write(c, 1, {make("/n")});
  x.pass(seconds{1});
  CHECK_FALSE(x.ensemble.committed().tree().find("/n"));
  x.heal(0, leader);
  CHECK(x.completion(c, 1).code == rc::ok);
}

TEST_CASE("ensemble: an old leader without quorum answers reads, commits nothing and steps down") {
  ensemble_lab x{3};
  const auto c = x.dial(leader);
  x.write(c, 1, {make("/n", "old")});
  x.isolate(leader);
  CHECK_FALSE(x.ensemble.leader());
  x.write(c, 2, {check_op{"/n", any_version}});
  const auto d = x.dial(leader);
  CHECK_FALSE(x.got<wire::welcome>(d));
  x.pass(milliseconds{1900});
  CHECK(x.completion(c, 2).code == rc::unimplemented);
  x.pass(seconds{2});
  CHECK(x.got<wire::hang_up>(c));
  REQUIRE(x.ensemble.leader());
  CHECK(*x.ensemble.leader() != leader);
  CHECK(x.ensemble.epoch() == 2);
}

TEST_CASE("ensemble: zxids grow over a change of leader and show its epoch") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  x.write(c, 1, {make("/n")});
  const auto before = x.ensemble.committed().zxid();
  x.ensemble.crash(leader, x.now);
  x.pass(seconds{3});
  const auto d = x.dial(0);
  x.write(d, 1, {set_op{"/n", "1", any_version}});
  CHECK(x.completion(d, 1).code == rc::ok);
  CHECK(x.ensemble.committed().zxid() > before);
  CHECK((x.ensemble.committed().zxid() >> 32) == 2);
}

TEST_CASE("ensemble: nothing committed is lost when the leader dies") {
  ensemble_lab x{3};
  x.ensemble.set_lag(0, seconds{1});
  x.ensemble.set_lag(1, seconds{1});
  const auto c = x.dial(leader);
  for (op_id_t i = 1; i <= 10; ++i) {
    x.write(c, i, {make("/n" + std::to_string(i))});
  }
  x.ensemble.crash(leader, x.now);
  x.collect();
  x.pass(seconds{3});
  REQUIRE(x.ensemble.leader());
  for (int i = 1; i <= 10; ++i) {
    CHECK(x.ensemble.data_of(*x.ensemble.leader()).tree().find("/n" + std::to_string(i)));
  }
}

TEST_CASE("ensemble: only a leader with quorum ends sessions") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  x.write(c, 1, {make("/e", "", create_mode::ephemeral)});
  // Everybody alone: nobody may end anything, however long it takes.
  x.cut(0, 1);
  x.cut(0, 2);
  x.cut(1, 2);
  x.pass(seconds{600});
  CHECK(x.ensemble.sessions().size() == 1);
  CHECK(x.ensemble.committed().tree().find("/e"));
  // A new leader gives every session its full time again.
  x.heal(1, 2);
  x.pass(seconds{4});
  CHECK(x.ensemble.sessions().size() == 1);
  x.pass(seconds{2});
  CHECK(x.ensemble.sessions().empty());
  CHECK_FALSE(x.ensemble.committed().tree().find("/e"));
}

TEST_CASE("ensemble: a session that is touched lives, one that is not ends a tick after its timeout at most") {
  ensemble_lab x{3};
  const auto pinging = x.dial(0);
  const auto silent = x.dial(0);
  x.write(pinging, 1, {make("/p", "", create_mode::ephemeral)});
  x.write(silent, 1, {make("/s", "", create_mode::ephemeral)});
  const auto until = x.now + seconds{4};
  x.pass_with_pings(milliseconds{3900}, {pinging});
  CHECK(x.ensemble.committed().tree().find("/s"));
  CHECK(x.now < until);
  x.pass_with_pings(milliseconds{1000}, {pinging});
  CHECK_FALSE(x.ensemble.committed().tree().find("/s"));
  CHECK(x.got<wire::hang_up>(silent));
  CHECK(x.ensemble.committed().tree().find("/p"));
  x.pass_with_pings(seconds{60}, {pinging});
  CHECK(x.ensemble.committed().tree().find("/p"));
}

TEST_CASE("ensemble: touches reach the leader only with the follower's next ping") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  const auto other = x.dial(leader);
  x.write(c, 1, {make("/e", "", create_mode::ephemeral)});
  // A ping that the follower hears just before it is cut off never reaches the leader.
  x.pass_with_pings(milliseconds{3600}, {c, other}, milliseconds{1200});
  x.tell(c, wire::ping{});
  x.isolate(0);
  x.pass_with_pings(milliseconds{4100}, {other});
  CHECK(x.ensemble.committed().tree().find("/e") == nullptr);
}

TEST_CASE("ensemble: the time since the last touch that arrived decides, not the one the client knows of") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  const auto other = x.dial(leader);
  x.write(c, 1, {make("/e", "", create_mode::ephemeral)});
  x.pass_with_pings(seconds{2}, {c, other});
  x.isolate(0);
  const auto cut_at = x.now;
  // The follower still answers the client's pings and reads.
  x.pass_with_pings(milliseconds{1900}, {c, other});
  x.read(c, 9, get("/e"));
  CHECK(x.completion(c, 9).code == rc::ok);
  while (x.ensemble.committed().tree().find("/e")) {
    x.pass_with_pings(milliseconds{100}, {other}, milliseconds{100});
  }
  CHECK(x.now - cut_at <= milliseconds{4500});
  CHECK(x.now - cut_at >= milliseconds{3000});
}

TEST_CASE("ensemble: a client that has seen more than a server has applied is refused by it") {
  ensemble_lab x{3};
  x.ensemble.set_lag(0, seconds{1});
  const auto c = x.dial(1);
  const auto w = x.welcome_of(c);
  x.write(c, 1, {make("/n")});
  const auto seen = x.ensemble.data_of(1).zxid();
  const auto again = x.dial(0, {w.session, w.password, seen, seconds{4}, {}});
  CHECK(x.got<wire::hang_up>(again));
  x.pass(seconds{1});
  const auto later = x.dial(0, {w.session, w.password, seen, seconds{4}, {}});
  x.pass(seconds{2});
  CHECK(x.got<wire::welcome>(later));
}

TEST_CASE("ensemble: a resumed session keeps its id; a wrong password or an ended session is expired") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  const auto w = x.welcome_of(c);
  const auto again = x.dial(1, {w.session, w.password, 0, seconds{4}, {}});
  CHECK(x.welcome_of(again).session == w.session);
  const auto thief = x.dial(1, {w.session, w.password + 1, 0, seconds{4}, {}});
  CHECK(x.got<wire::expired>(thief));
  x.tell(again, wire::goodbye{});
  CHECK(x.got<wire::farewell>(again));
  const auto late = x.dial(2, {w.session, w.password, 0, seconds{4}, {}});
  CHECK(x.got<wire::expired>(late));
}

TEST_CASE("ensemble: a request that an old server hands on after the session has moved is refused") {
  ensemble_lab x{3};
  x.ensemble.set_lag(0, milliseconds{500});
  const auto old = x.dial(0);
  x.pass(seconds{2});
  const auto w = x.welcome_of(old);
  REQUIRE(w.session != 0);
  x.write(old, 1, {make("/late")});
  const auto fresh = x.dial(1, {w.session, w.password, 0, seconds{4}, {}});
  REQUIRE(x.got<wire::welcome>(fresh));
  x.write(fresh, 1, {make("/early")});
  x.pass(seconds{2});
  CHECK(x.ensemble.committed().tree().find("/early"));
  CHECK_FALSE(x.ensemble.committed().tree().find("/late"));
  // As a server does that learns of it: the client has to introduce itself anew.
  CHECK(x.got<wire::hang_up>(old));
}

TEST_CASE("ensemble: a session has one connection per server") {
  ensemble_lab x{1};
  const auto old = x.dial(0);
  const auto w = x.welcome_of(old);
  const auto fresh = x.dial(0, {w.session, w.password, 0, seconds{4}, {}});
  CHECK(x.got<wire::hang_up>(old));
  CHECK(x.got<wire::welcome>(fresh));
}

TEST_CASE("ensemble: closing a session removes its ephemeral nodes and tells watchers everywhere") {
  ensemble_lab x{3};
  const auto owner = x.dial(0);
  const auto watcher = x.dial(1);
  x.write(owner, 1, {make("/e", "", create_mode::ephemeral), make("/p")});
  x.read(watcher, 1, exists("/e", true));
  x.tell(owner, wire::goodbye{});
  CHECK(x.got<wire::farewell>(owner));
  CHECK(x.events(watcher) == std::vector<std::string>{"deleted /e"});
  CHECK(x.ensemble.committed().tree().find("/p"));
}

TEST_CASE("ensemble: watches are told before the answer that shows the change, at the server that holds them") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  x.write(c, 1, {make("/n")});
  x.read(c, 2, get("/n", true));
  x.write(c, 3, {set_op{"/n", "1", any_version}});
  const auto& box = x.inbox[c];
  REQUIRE(box.size() >= 2);
  CHECK(std::holds_alternative<wire::notification>(box[box.size() - 2]));
  CHECK(std::holds_alternative<wire::response>(box[box.size() - 1]));
}

TEST_CASE("ensemble: resumed watches tell what was missed and only that") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  const auto w = x.welcome_of(c);
  x.write(c, 1, {make("/same"), make("/changed"), make("/gone"), make("/list")});
  const auto since = x.ensemble.committed().zxid();
  const auto other = x.dial(1);
  x.write(other, 1,
          {set_op{"/changed", "1", any_version}, remove_op{"/gone", any_version}, make("/list/x"), make("/born")});
  const auto again = x.dial(1, {w.session, w.password, since, seconds{4}, {}});
  x.tell(again, wire::set_watches{since, {"/same", "/changed", "/gone"}, {"/born", "/unborn"}, {"/list", "/same"}});
  CHECK(x.events(again) ==
        std::vector<std::string>{"changed /changed", "deleted /gone", "created /born", "children /list"});
  x.write(other, 2, {set_op{"/same", "1", any_version}, make("/unborn")});
  CHECK(x.events(again).size() == 6);
}

TEST_CASE("ensemble: a restarted server catches up with what it missed before it serves") {
  ensemble_lab x{3};
  x.ensemble.crash(0, x.now);
  CHECK_FALSE(x.ensemble.serving(0));
  const auto c = x.dial(1);
  for (op_id_t i = 1; i <= 5; ++i) {
    x.write(c, i, {make("/n" + std::to_string(i))});
  }
  CHECK(x.ensemble.log_size() > 0);
  x.ensemble.restart(0, x.now);
  x.collect();
  CHECK(x.ensemble.serving(0));
  CHECK(x.ensemble.data_of(0).zxid() == x.ensemble.committed().zxid());
  x.write(c, 6, {check_op{"/", any_version}});
  CHECK(x.ensemble.log_size() == 0);
}

TEST_CASE("ensemble: two of three gone is an outage, one back ends it and sessions survive") {
  ensemble_lab x{3};
  const auto c = x.dial(0);
  const auto w = x.welcome_of(c);
  x.ensemble.crash(1, x.now);
  x.ensemble.crash(2, x.now);
  x.collect();
  CHECK_FALSE(x.ensemble.leader());
  x.pass(seconds{30});
  CHECK(x.got<wire::hang_up>(c));
  x.ensemble.restart(1, x.now);
  x.pass(seconds{1});
  REQUIRE(x.ensemble.leader());
  const auto again = x.dial(0, {w.session, w.password, 0, seconds{4}, {}});
  CHECK(x.welcome_of(again).session == w.session);
}

TEST_CASE("ensemble: expiring a session by hand is what its client would have seen") {
  ensemble_lab x{1};
  const auto c = x.dial(0);
  const auto w = x.welcome_of(c);
  x.write(c, 1, {make("/e", "", create_mode::ephemeral)});
  x.ensemble.expire(w.session, x.now);
  x.collect();
  CHECK(x.got<wire::hang_up>(c));
  CHECK_FALSE(x.ensemble.committed().tree().find("/e"));
  const auto again = x.dial(0, {w.session, w.password, 0, seconds{4}, {}});
  CHECK(x.got<wire::expired>(again));
}

TEST_CASE("ensemble: timeouts are granted between the limits") {
  ensemble_lab x{1};
  CHECK(x.welcome_of(x.dial(0, {0, 0, 0, milliseconds{1}, {}})).timeout == seconds{1});
  CHECK(x.welcome_of(x.dial(0, {0, 0, 0, seconds{7}, {}})).timeout == seconds{7});
  CHECK(x.welcome_of(x.dial(0, {0, 0, 0, seconds{7000}, {}})).timeout == seconds{60});
}
