#include <doctest/doctest.h>

#include "core_script.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::store::test;
using lines = core_script::lines;

TEST_CASE("session core: opening opens one handle and waits") {
  core_script s;
  CHECK(s.open() == lines{"open 1", "connecting #0 connects 0"});
  CHECK(s.open() == lines{});
  CHECK(s.pass(seconds{3600}) == lines{});
  CHECK(s.link(link_state::connected, 7, seconds{4}) == lines{"connected #1 connects 1"});
  CHECK(s.core.view().id == 7);
  CHECK(s.core.view().timeout == seconds{4});
}

TEST_CASE("session core: a lost connection suspends, a reconnect resumes the same session") {
  core_script s;
  s.connect();
  CHECK(s.link(link_state::connecting) == lines{"suspended #1 connects 1"});
  CHECK(s.link(link_state::connecting) == lines{});
  CHECK(s.link(link_state::connected, 100, seconds{5}) == lines{"connected #1 connects 2"});
  CHECK(s.core.view().timeout == seconds{5});
}

TEST_CASE("session core: no local timer ever opens another session") {
  core_script s;
  s.connect();
  s.link(link_state::connecting);
  CHECK(s.pass(seconds{100000}) == lines{});
  CHECK(s.core.view().phase == session_phase::suspended);
}

TEST_CASE("session core: a session that the server expired is followed by a new one at once") {
  core_script s;
  s.connect();
  CHECK(s.link(link_state::expired) == lines{"expired #1 connects 1", "close 1", "open 2", "connecting #1 connects 0"});
  CHECK(s.link(link_state::connected, 101) == lines{"connected #2 connects 1"});
}

TEST_CASE("session core: events of an earlier handle are ignored") {
  core_script s;
  s.connect();
  s.set(1);
  s.link(link_state::expired);
  s.link(link_state::connected, 101);
  s.take();
  s.set(2);
  CHECK(s.done(1, rc::ok, {}, 1) == lines{});
  CHECK(s.link(link_state::closed, 100, seconds{9}, 1) == lines{});
  CHECK(s.link(link_state::connecting, 100, seconds{9}, 1) == lines{});
  CHECK(s.core.view().phase == session_phase::connected);
}

TEST_CASE("session core: expiry answers everything with session_lost, sent or not, in the order of asking") {
  session_limits limits;
  limits.window_ops = 2;
  core_script s{limits};
  s.connect();
  s.set(1);
  s.read(2, {get("/a")});
  s.set(3);
  s.read(4, {get("/a")}, true);
  CHECK(s.link(link_state::expired) == lines{"expired #1 connects 1", "commit 1: session_lost", "read 2: session_lost",
                                             "commit 3: session_lost", "read 4: session_lost", "close 1", "open 2",
                                             "connecting #1 connects 0"});
  CHECK(s.core.counters().in_flight_ops == 0);
  CHECK(s.core.counters().queued_ops == 0);
}

TEST_CASE("session core: closing answers what is open and closes the handle") {
  session_limits limits;
  limits.window_ops = 1;
  core_script s{limits};
  s.connect();
  s.set(1);
  s.set(2);
  s.read(3, {get("/a")});
  CHECK(s.close() == lines{"closed #1 connects 1", "commit 1: unknown", "commit 2: session_lost",
                           "read 3: session_lost", "close 1"});
  CHECK(s.core.view().closed_at == s.now);
  CHECK(s.close() == lines{});
  CHECK(s.link(link_state::closed) == lines{});
}

TEST_CASE("session core: a new session waits until the closed handle is gone") {
  core_script s;
  s.connect();
  s.close();
  CHECK(s.open() == lines{});
  CHECK(s.pass(seconds{60}) == lines{});
  CHECK(s.link(link_state::closed) == lines{"open 2", "connecting #1 connects 0"});
  CHECK(s.link(link_state::connected, 101) == lines{"connected #2 connects 1"});
}

TEST_CASE("session core: closing again calls a planned reopening off") {
  core_script s;
  s.connect();
  s.close();
  s.open();
  s.close();
  CHECK(s.link(link_state::closed) == lines{});
  CHECK(s.open() == lines{"open 2", "connecting #1 connects 0"});
}

TEST_CASE("session core: refused credentials are final until told to open again") {
  core_script s;
  s.connect();
  s.link(link_state::connecting);
  s.set(1);
  s.read(2, {get("/a")});
  CHECK(s.link(link_state::auth_failed) ==
        lines{"refused #1 connects 1", "commit 1: rejected no_permission", "read 2: failed", "close 1"});
  CHECK(s.core.view().trouble.code == errc::no_permission);
  CHECK(s.pass(seconds{3600}) == lines{});
  CHECK(s.set(3) == lines{"commit 3: rejected not_connected"});
  s.link(link_state::closed);
  CHECK(s.open() == lines{"open 2", "connecting #1 connects 0"});
}

TEST_CASE("session core: a handle that closes by itself ends the session and opens nothing") {
  core_script s;
  s.connect();
  s.set(1);
  s.read(2, {get("/a")});
  CHECK(s.link(link_state::closed) == lines{"closed #1 connects 1", "commit 1: unknown", "read 2: failed"});
  CHECK(s.pass(seconds{3600}) == lines{});
}

TEST_CASE("session core: a failed opening is tried again with growing, bounded, jittered pauses") {
  session_limits limits;
  limits.backoff_min = milliseconds{100};
  limits.backoff_max = milliseconds{1000};
  core_script s{limits};
  s.open();
  // Said once, not per attempt.
  CHECK(s.open_failed("bad host") == lines{"connecting #0 connects 0", "report bad host"});
  CHECK(s.core.view().trouble.code == errc::invalid_connect_string);
  for (const auto pause : {50, 100, 200, 400, 500, 500}) {
    s.take();
    CHECK(s.pass(milliseconds{pause - 1}) == lines{});
    const auto told = s.pass(milliseconds{1});
    CHECK(told == lines{"open " + std::to_string(s.last_handle)});
    CHECK(s.open_failed("bad host") == lines{});
  }
  s.entropy = ~std::uint64_t{0};
  s.pass(seconds{1});
  s.open_failed("bad host");
  const auto armed = s.timer->at - s.now;
  CHECK(armed >= milliseconds{500});
  CHECK(armed <= milliseconds{1000});
  s.pass(seconds{1});
  CHECK(s.link(link_state::connected) == lines{"connected #1 connects 1"});
  CHECK(s.core.view().trouble.code == errc::none);
}

TEST_CASE("session core: what keeps a handle from opening is reported once until there is a connection") {
  core_script s;
  s.open();
  const auto fails = [&](const std::string& why) { return s.link_failed({errc::not_connected, why}); };
  CHECK(fails("no name") == lines{"connecting #0 connects 0", "report no name"});
  CHECK(s.core.view().trouble.text == "no name");
  // A resolver may give another reason with every attempt; the view follows, nobody is told again.
  s.pass(seconds{10});
  CHECK(fails("no answer") == lines{"connecting #0 connects 0", "report no answer"});
  for (int i = 0; i < 100; ++i) {
    s.pass(seconds{10});
    CHECK(fails("no name") == lines{"connecting #0 connects 0"});
    s.pass(seconds{10});
    CHECK(fails("no answer") == lines{"connecting #0 connects 0"});
  }
  s.pass(seconds{10});
  s.link(link_state::connected);
  s.link(link_state::expired);
  CHECK(fails("no name") == lines{"connecting #1 connects 0", "report no name"});
}

TEST_CASE("session core: questions while idle or closed are answered at once") {
  core_script s;
  CHECK(s.set(1) == lines{"commit 1: rejected not_connected"});
  CHECK(s.read(2, {get("/a")}, true) == lines{"read 2: failed"});
  s.connect();
  s.close();
  CHECK(s.set(3) == lines{"commit 3: rejected not_connected"});
  CHECK(s.read(4, {get("/a")}) == lines{"read 4: failed"});
}

TEST_CASE("session core: another session under the same handle counts as another") {
  core_script s;
  s.connect();
  s.set(1);
  s.link(link_state::connecting);
  CHECK(s.link(link_state::connected, 555) == lines{"commit 1: session_lost", "connected #2 connects 1"});
}

TEST_CASE("session core: a stale timer does nothing") {
  core_script s;
  s.connect();
  s.set(1);
  REQUIRE(s.timer);
  const auto generation = s.timer->generation;
  s.now += seconds{60};
  CHECK(s.core.on_timer(generation + 1, s.now).empty());
  CHECK(s.core.on_timer(generation - 1, s.now).empty());
  CHECK(s.pass(duration::zero()) == lines{"commit 1: unknown"});
}

TEST_CASE("session core: it says when the session was asked for, by the attempt that led to it") {
  core_script s;
  CHECK_FALSE(s.core.view().asked_at);
  s.open();
  const auto first = s.now;
  s.pass(seconds{3});
  s.link(link_state::connected);
  CHECK(s.core.view().asked_at == first);
  s.link(link_state::connecting);
  s.pass(seconds{1});
  s.link(link_state::connected); // the same session
  CHECK(s.core.view().asked_at == first);
  const auto over = s.now;
  s.link(link_state::expired);
  s.pass(seconds{1});
  s.link(link_state::connected, 101);
  CHECK(s.core.view().asked_at == over);
}
