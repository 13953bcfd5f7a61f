#include <doctest/doctest.h>

#include "core_script.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::store::test;
using lines = core_script::lines;

TEST_CASE("session core: a probe is sent at once and each third of the timeout") {
  core_script s;
  s.connect(seconds{9});
  CHECK(s.probe(1) == lines{"send 1 {check /alive/w}"});
  CHECK(s.pass(milliseconds{2999}) == lines{});
  s.done(1);
  CHECK(s.pass(milliseconds{1}) == lines{"send 2 {check /alive/w}"});
}

TEST_CASE("session core: contact is the send time of the probe before the latest answered one") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1);
  s.pass(seconds{1});
  // One answered probe proves nothing.
  CHECK(s.done(1) == lines{});
  s.pass(seconds{2});
  CHECK(s.done(2) == lines{"contact #1 0s"});
  s.pass(seconds{3});
  // An answer that comes late tells of its send time.
  s.pass(seconds{2});
  CHECK(s.done(3) == lines{"contact #1 3s"});
}

TEST_CASE("session core: at most two probes are on the wire") {
  core_script s;
  s.connect(seconds{9});
  CHECK(s.probe(1).size() == 1);
  CHECK(s.pass(seconds{3}) == lines{"send 2 {check /alive/w}"});
  CHECK(s.pass(seconds{30}) == lines{});
  // Both were good when they were sent.
  s.done(1);
  CHECK(s.done(2) == lines{"contact #1 0s"});
  CHECK(s.pass(seconds{3}) == lines{"send 3 {check /alive/w}"});
}

TEST_CASE("session core: a probe of an absent node is told, makes no contact and devalues the ones before") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1);
  s.done(1);
  s.pass(seconds{3});
  CHECK(s.done(2, rc::no_node) == lines{"probe_failed #1"});
  s.pass(seconds{3});
  CHECK(s.done(3) == lines{});
  s.pass(seconds{3});
  CHECK(s.done(4) == lines{"contact #1 6s"});
}

TEST_CASE("session core: lost probes prove nothing, and nobody is told") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1);
  s.done(1);
  s.pass(seconds{3});
  s.link(link_state::connecting);
  CHECK(s.done(2, rc::connection_loss) == lines{});
  s.pass(seconds{4});
  // The same session: the first one was followed, much later, by another.
  CHECK(s.link(link_state::connected) == lines{"connected #1 connects 2", "send 3 {check /alive/w}"});
  CHECK(s.done(3) == lines{"contact #1 0s"});
}

TEST_CASE("session core: nothing is probed while the connection is lost") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1);
  s.done(1);
  s.link(link_state::connecting);
  CHECK(s.pass(seconds{60}) == lines{});
}

TEST_CASE("session core: probing another session than the present one is ignored") {
  core_script s;
  CHECK(s.probe(0) == lines{});
  s.connect();
  CHECK(s.probe(2) == lines{});
  CHECK(s.probe(0) == lines{});
  s.link(link_state::expired);
  CHECK(s.probe(1) == lines{});
}

TEST_CASE("session core: probing ends with its session") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1);
  s.done(1);
  s.link(link_state::expired);
  s.link(link_state::connected, 101);
  s.take();
  CHECK(s.pass(seconds{60}) == lines{});
  CHECK(s.probe(2) == lines{"send 2 {check /alive/w}"});
  s.done(2);
  s.pass(seconds{3});
  // Not the probe of the session before.
  CHECK(s.done(3) == lines{"contact #2 1min"});
}

TEST_CASE("session core: starting to probe again forgets what was proved before") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1, "/alive/w");
  s.done(1);
  s.pass(seconds{2});
  CHECK(s.probe(1, "/alive/w") == lines{"send 2 {check /alive/w}"});
  s.pass(seconds{2});
  CHECK(s.done(2) == lines{});
  s.pass(seconds{1});
  CHECK(s.done(3) == lines{"contact #1 2s"});
}

TEST_CASE("session core: probes stand outside the window") {
  session_limits limits;
  limits.window_ops = 1;
  core_script s{limits};
  s.connect(seconds{9});
  s.set(1);
  s.set(2);
  CHECK(s.probe(1) == lines{"send 2 {check /alive/w}"});
  CHECK(s.done(2) == lines{});
  CHECK(s.done(1) == lines{"commit 1: committed 0", "send 3 {set /a}"});
}

TEST_CASE("session core: a probe that is told to stop stops") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1);
  s.core.stop_probing(s.now);
  CHECK(s.done(1) == lines{});
  CHECK(s.pass(seconds{60}) == lines{});
}

TEST_CASE("session core: the interval follows the timeout of the latest connect") {
  core_script s;
  s.connect(seconds{9});
  s.probe(1);
  s.done(1);
  s.pass(seconds{3});
  s.done(2);
  s.link(link_state::connecting);
  s.link(link_state::connected, 100, seconds{30});
  s.pass(seconds{3});
  s.done(3);
  CHECK(s.pass(milliseconds{9999}) == lines{});
  CHECK(s.pass(milliseconds{1}) == lines{"send 4 {check /alive/w}"});
  // Only one that is ten seconds older counts now.
  CHECK(s.done(4) == lines{"contact #1 6s"});
}
