#include <doctest/doctest.h>

#include "core_script.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::store::test;
using lines = core_script::lines;

TEST_CASE("session core: a watch is told to each client that left one, once, and then gone") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true), exists("/a", true)}, false, 1);
  s.read(2, {get("/a", true)}, false, 2);
  for (op_id_t id = 1; id <= 3; ++id) {
    s.done(id);
  }
  CHECK(s.core.counters().watches == 1);
  CHECK(s.event(watch_kind::changed, "/a") == lines{"watch 1,2: changed /a"});
  CHECK(s.event(watch_kind::changed, "/a") == lines{});
  CHECK(s.core.counters().watches == 0);
  CHECK(s.core.counters().watch_bytes == 0);
}

TEST_CASE("session core: data and children watches of a path are separate, a deletion ends both") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true)}, false, 1);
  s.read(2, {children("/a", true)}, false, 2);
  s.done(1);
  s.done(2);
  CHECK(s.event(watch_kind::children, "/a") == lines{"watch 2: children /a"});
  s.read(3, {children("/a", true)}, false, 2);
  s.done(3);
  CHECK(s.event(watch_kind::deleted, "/a") == lines{"watch 1,2: deleted /a"});
  CHECK(s.core.counters().watches == 0);
}

TEST_CASE("session core: absent nodes keep a watch of exists only") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true), children("/a", true), exists("/a", true)});
  s.done(1, rc::no_node);
  s.done(2, rc::no_node);
  CHECK(s.done(3, rc::no_node) == lines{"read 1: ok no_node no_node no_node+watch"});
  CHECK(s.event(watch_kind::created, "/a") == lines{"watch 1: created /a"});
}

TEST_CASE("session core: a read without permission leaves no watch") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true)});
  CHECK(s.done(1, rc::no_auth) == lines{"read 1: ok no_auth"});
  CHECK(s.core.counters().watches == 0);
}

TEST_CASE("session core: an event before the answer of a read belongs to an older watch") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true)}, false, 1);
  s.done(1);
  s.read(2, {get("/a", true)}, false, 2);
  // The change came between the two reads: only the first client's watch saw it.
  CHECK(s.event(watch_kind::changed, "/a") == lines{"watch 1: changed /a"});
  CHECK(s.done(2) == lines{"read 2: ok ok+watch"});
  CHECK(s.event(watch_kind::changed, "/a") == lines{"watch 2: changed /a"});
}

TEST_CASE("session core: nobody hears of a watch before the batch that left it is answered") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true), get("/b", true)}, false, 1);
  s.read(2, {get("/a", true)}, false, 2);
  s.done(1);
  CHECK(s.event(watch_kind::changed, "/a") == lines{});
  CHECK(s.done(2) == lines{"read 1: ok ok+watch ok+watch", "watch 1: changed /a"});
  // The second client's read came after the change.
  CHECK(s.done(3) == lines{"read 2: ok ok+watch"});
  CHECK(s.event(watch_kind::deleted, "/a") == lines{"watch 2: deleted /a"});
}

TEST_CASE("session core: an event that waits for a batch is told when the batch fails, too") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true), get("/b")});
  s.done(1);
  s.event(watch_kind::changed, "/a");
  CHECK(s.done(2, rc::connection_loss) == lines{"read 1: failed", "watch 1: changed /a"});
}

TEST_CASE("session core: watches survive a reconnect and end with the session") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true), get("/b", true)});
  s.done(1);
  s.done(2);
  s.link(link_state::connecting);
  s.link(link_state::connected);
  CHECK(s.event(watch_kind::changed, "/a") == lines{"watch 1: changed /a"});
  s.link(link_state::expired);
  CHECK(s.core.counters().watches == 0);
  s.link(link_state::connected, 101);
  s.take();
  CHECK(s.event(watch_kind::changed, "/b") == lines{});
}

TEST_CASE("session core: above the limit a read goes without its watch and says so") {
  session_limits limits;
  limits.max_watches = 1;
  core_script s{limits};
  s.connect();
  CHECK(s.read(1, {get("/a", true), get("/b", true)}) == lines{"send 1 get /a watch", "send 2 get /b"});
  s.done(1);
  CHECK(s.done(2) == lines{"read 1: ok ok+watch ok"});
  CHECK(s.core.counters().watches_refused == 1);
  // The same watch once more needs no room.
  CHECK(s.read(2, {get("/a", true)}) == lines{"send 3 get /a watch"});
  s.done(3);
  s.event(watch_kind::changed, "/a");
  CHECK(s.read(3, {get("/b", true)}) == lines{"send 4 get /b watch"});
}

TEST_CASE("session core: watched path bytes are bounded") {
  session_limits limits;
  limits.max_watch_bytes = 6;
  core_script s{limits};
  s.connect();
  CHECK(s.read(1, {get("/aaaa", true), get("/bbbb", true)}) == lines{"send 1 get /aaaa watch", "send 2 get /bbbb"});
}

TEST_CASE("session core: a watch that a given-up read may have left still counts until it fires") {
  session_limits limits;
  limits.max_watches = 1;
  limits.operation_deadline = seconds{1};
  core_script s{limits};
  s.connect();
  s.read(1, {get("/a", true)});
  CHECK(s.pass(seconds{1}) == lines{"read 1: failed"});
  s.done(1);
  CHECK(s.core.counters().watches == 1);
  CHECK(s.event(watch_kind::changed, "/a") == lines{});
  CHECK(s.core.counters().watches == 0);
}

TEST_CASE("session core: a watched read that the connection lost leaves nothing") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true)});
  s.done(1, rc::connection_loss);
  CHECK(s.core.counters().watches == 0);
}

TEST_CASE("session core: a forgotten client's watches stay counted but are told to nobody") {
  core_script s;
  s.connect();
  s.read(1, {get("/a", true)}, false, 1);
  s.read(2, {get("/a", true)}, false, 2);
  s.done(1);
  s.done(2);
  s.forget(1);
  CHECK(s.event(watch_kind::changed, "/a") == lines{"watch 2: changed /a"});
  s.read(3, {get("/b", true)}, false, 2);
  s.done(3);
  s.forget(2);
  CHECK(s.core.counters().watches == 1);
  CHECK(s.event(watch_kind::changed, "/b") == lines{});
  CHECK(s.core.counters().watches == 0);
}
