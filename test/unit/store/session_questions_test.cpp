#include <doctest/doctest.h>

#include "core_script.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::store::test;
using lines = core_script::lines;

TEST_CASE("session core: a commit is sent and answered with the zxid of its set") {
  core_script s;
  s.connect();
  CHECK(s.commit(1, {check_op{"/v", 3}, set_op{"/v", "x", 3}, create_op{"/v/n", "", create_mode::persistent}}) ==
        lines{"send 1 {check /v, set /v, create /v/n}"});
  std::vector<op_result> results(3);
  results[1].stat.mzxid = 77;
  CHECK(s.done(1, rc::ok, results) == lines{"commit 1: committed 77"});
  CHECK(s.done(1, rc::ok, results) == lines{});
  CHECK(s.core.counters().commits == 1);
}

TEST_CASE("session core: every code maps to the outcome that its class demands") {
  const std::vector<std::pair<rc, std::string>> expectations{
    {rc::ok, "committed 0"},
    {rc::no_node, "conflict 1 no_node"},
    {rc::node_exists, "conflict 1 node_exists"},
    {rc::bad_version, "conflict 1 bad_version"},
    {rc::not_empty, "conflict 1 not_empty"},
    {rc::no_children_for_ephemerals, "conflict 1 no_children_for_ephemerals"},
    {rc::no_auth, "rejected no_permission"},
    {rc::invalid_acl, "rejected no_permission"},
    {rc::bad_arguments, "rejected internal"},
    {rc::unimplemented, "rejected internal"},
    {rc::connection_loss, "unknown"},
    {rc::operation_timeout, "unknown"},
    {rc::session_moved, "unknown"},
    {rc::closed, "unknown"},
    {rc::system_error, "unknown"},
    {rc::throttled, "unknown"},
    {rc::quota_exceeded, "rejected too_large"},
    {rc::session_expired, "session_lost"},
    {rc::auth_failed, "session_lost"},
  };
  for (const auto& [code, outcome] : expectations) {
    core_script s;
    s.connect();
    s.set(1);
    std::vector<op_result> results(2);
    results[1].code = code;
    if (classify(code) == rc_class::unknown || classify(code) == rc_class::session_fatal) {
      results.clear();
    }
    const auto& logged = to_string(code);
    CAPTURE(logged);
    CHECK(s.done(1, code, results) == lines{"commit 1: " + outcome});
  }
}

TEST_CASE("session core: a conflict without per-operation codes names the first operation") {
  core_script s;
  s.connect();
  s.set(1);
  CHECK(s.done(1, rc::no_node) == lines{"commit 1: conflict 0 no_node"});
}

TEST_CASE("session core: too large and ill-named transactions are not sent") {
  session_limits limits;
  limits.max_request_bytes = 1000;
  core_script s{limits};
  s.connect();
  CHECK(s.commit(1, {set_op{"/a", std::string(2000, 'x'), any_version}}) == lines{"commit 1: rejected too_large"});
  CHECK(s.commit(2, {set_op{"a", "", any_version}}) == lines{"commit 2: rejected invalid_id"});
  CHECK(s.read(3, {get("/a"), get("/a//b")}) == lines{"read 3: rejected"});
  CHECK(s.read(4, {get("/" + std::string(2000, 'x'))}) == lines{"read 4: rejected"});
  CHECK(s.core.counters().in_flight_ops == 0);
}

TEST_CASE("session core: the error of a too large transaction names size and limit") {
  session_limits limits;
  limits.max_request_bytes = 1000;
  session_core core{limits};
  const auto effects =
    core.commit({1, 1}, core.view().number, {{set_op{"/a", std::string(2000, 'x'), any_version}}}, time_point{});
  REQUIRE(effects.size() == 1);
  const auto& done = std::get<session_core::commit_done>(effects[0]);
  const auto& why = std::get<rejected>(done.outcome).why;
  CHECK(why.text.find("1000") != std::string::npos);
  CHECK(why.text.find(std::to_string(wire_size(transaction{{set_op{"/a", std::string(2000, 'x'), any_version}}}))) !=
        std::string::npos);
}

TEST_CASE("session core: a sent commit is unknown at its deadline and its late completion only frees the window") {
  session_limits limits;
  limits.window_ops = 1;
  limits.operation_deadline = seconds{3};
  core_script s{limits};
  s.connect();
  s.set(1);
  CHECK(s.pass(milliseconds{2999}) == lines{});
  CHECK(s.pass(milliseconds{1}) == lines{"commit 1: unknown"});
  CHECK(s.core.counters().overdue == 1);
  // The window is still full.
  CHECK(s.set(2) == lines{});
  CHECK(s.core.counters().in_flight_ops == 1);
  CHECK(s.done(1) == lines{"send 2 {set /a}"});
  CHECK(s.done(2) == lines{"commit 2: committed 0"});
}

TEST_CASE("session core: a commit that waits in vain for the connection was never sent") {
  session_limits limits;
  limits.operation_deadline = seconds{3};
  core_script s{limits};
  s.connect();
  s.link(link_state::connecting);
  s.set(1);
  s.read(2, {get("/a")});
  CHECK(s.pass(seconds{3}) == lines{"commit 1: rejected not_connected", "read 2: failed"});
  s.link(link_state::connected);
  s.link(link_state::connecting);
  s.set(3);
  CHECK(s.pass(seconds{2}) == lines{});
  CHECK(s.link(link_state::connected) == lines{"connected #1 connects 3", "send 1 {set /a}"});
}

TEST_CASE("session core: waiting behind a full window is no failure while the server goes on answering") {
  session_limits limits;
  limits.window_ops = 1;
  limits.operation_deadline = seconds{3};
  core_script s{limits};
  s.connect();
  for (std::uint64_t i = 1; i <= 10; ++i) {
    s.set(i);
  }
  s.take();
  for (op_id_t id = 1; id <= 9; ++id) {
    s.pass(seconds{2});
    s.done(id);
  }
  CHECK(s.take().back() == "send 10 {set /a}");
  // Silence is: the last one is lost three seconds after it was sent, and what comes later is not sent at all.
  s.set(11);
  CHECK(s.pass(seconds{3}) == lines{"commit 10: unknown", "commit 11: rejected timed_out"});
}

TEST_CASE("session core: the window lets questions through in the order of asking, never around a large one") {
  session_limits limits;
  limits.window_bytes = 1000;
  core_script s{limits};
  s.connect();
  const auto big = [](const std::string& path) { return set_op{path, std::string(700, 'x'), any_version}; };
  CHECK(s.commit(1, {big("/a")}) == lines{"send 1 {set /a}"});
  CHECK(s.commit(2, {big("/b")}) == lines{});
  // This one would fit.
  CHECK(s.commit(3, {check_op{"/c", any_version}}) == lines{});
  CHECK(s.done(1) == lines{"commit 1: committed 0", "send 2 {set /b}"});
  CHECK(s.done(2) == lines{"commit 2: committed 0", "send 3 {check /c}"});
}

TEST_CASE("session core: a batch of reads is answered once, in order, whatever the order of completions") {
  core_script s;
  s.connect();
  CHECK(s.read(1, {get("/a"), exists("/b"), children("/c")}) ==
        lines{"send 1 get /a", "send 2 exists /b", "send 3 children /c"});
  CHECK(s.done(3) == lines{});
  CHECK(s.done(1) == lines{});
  CHECK(s.done(2, rc::no_node) == lines{"read 1: ok ok no_node ok"});
}

TEST_CASE("session core: one lost read fails its whole batch and no other") {
  core_script s;
  s.connect();
  s.read(1, {get("/a"), get("/b")});
  s.read(2, {get("/c")});
  s.done(1);
  CHECK(s.done(2, rc::connection_loss) == lines{"read 1: failed"});
  CHECK(s.done(3) == lines{"read 2: ok ok"});
  s.read(3, {get("/a"), get("/b")});
  CHECK(s.done(4, rc::operation_timeout) == lines{"read 3: failed"});
  CHECK(s.done(5) == lines{});
}

TEST_CASE("session core: reads without permission are answered, not failed") {
  core_script s;
  s.connect();
  s.read(1, {get("/a")});
  CHECK(s.done(1, rc::no_auth) == lines{"read 1: ok no_auth"});
}

TEST_CASE("session core: a batch that the deadline meets fails, and the session goes on") {
  session_limits limits;
  limits.operation_deadline = seconds{1};
  core_script s{limits};
  s.connect();
  s.read(1, {get("/a"), get("/b")});
  s.done(1);
  CHECK(s.pass(seconds{1}) == lines{"read 1: failed"});
  CHECK(s.done(2) == lines{});
  CHECK(s.core.counters().in_flight_ops == 0);
}

TEST_CASE("session core: fresh reads are sent only after the barrier has been answered definitely") {
  session_limits limits;
  limits.barrier_path = "/root";
  for (const auto code : {rc::ok, rc::no_node, rc::bad_version, rc::no_auth}) {
    core_script s{limits};
    s.connect();
    CHECK(s.read(1, {get("/a"), get("/b")}, true) == lines{"send 1 {check /root}"});
    CHECK(s.done(1, code) == lines{"send 2 get /a", "send 3 get /b"});
    s.done(2);
    CHECK(s.done(3) == lines{"read 1: ok ok ok"});
  }
}

TEST_CASE("session core: a barrier of unknown outcome fails the read") {
  for (const auto code : {rc::connection_loss, rc::operation_timeout, rc::session_moved, rc::system_error,
                          rc::bad_arguments, rc::closed}) {
    core_script s;
    s.connect();
    s.read(1, {get("/a")}, true);
    CHECK(s.done(1, code) == lines{"read 1: failed"});
  }
  core_script s;
  s.connect();
  s.read(1, {get("/a")}, true);
  CHECK(s.done(1, rc::session_expired) == lines{"read 1: session_lost"});
  s.read(2, {get("/a")}, true);
  CHECK(s.pass(seconds{3}) == lines{"read 2: failed"});
  CHECK(s.done(2) == lines{});
}

TEST_CASE("session core: a barrier is sent in the order of asking, after the commits before it") {
  session_limits limits;
  limits.window_ops = 1;
  core_script s{limits};
  s.connect();
  s.set(1);
  s.read(2, {get("/a")}, true);
  CHECK(s.done(1) == lines{"commit 1: committed 0", "send 2 {check /}"});
  CHECK(s.done(2) == lines{"send 3 get /a"});
}

TEST_CASE("session core: a batch that has started does not survive the connection, one that waits does") {
  session_limits limits;
  limits.window_ops = 1;
  core_script s{limits};
  s.connect();
  s.read(1, {get("/a"), get("/b")});
  s.read(2, {get("/c")});
  CHECK(s.link(link_state::connecting) == lines{"suspended #1 connects 1", "read 1: failed"});
  CHECK(s.done(1, rc::connection_loss) == lines{});
  CHECK(s.link(link_state::connected) == lines{"connected #1 connects 2", "send 2 get /c"});
}

TEST_CASE("session core: a passed barrier does not count for another connection") {
  session_limits limits;
  limits.window_ops = 1;
  core_script s{limits};
  s.connect();
  s.read(1, {get("/a")}, true);
  s.set(2);
  s.done(1);
  CHECK(s.link(link_state::connecting) == lines{"suspended #1 connects 1", "read 1: failed"});
}

TEST_CASE("session core: commits on the wire at a lost connection wait for their completion") {
  core_script s;
  s.connect();
  s.set(1);
  CHECK(s.link(link_state::connecting) == lines{"suspended #1 connects 1"});
  CHECK(s.done(1, rc::connection_loss) == lines{"commit 1: unknown"});
}

TEST_CASE("session core: an empty batch is answered at once, an empty fresh one after its barrier") {
  core_script s;
  s.connect();
  CHECK(s.read(1, {}) == lines{"read 1: ok"});
  CHECK(s.read(2, {}, true) == lines{"send 1 {check /}"});
  CHECK(s.done(1) == lines{"read 2: ok"});
}

TEST_CASE("session core: what waits is limited") {
  session_limits limits;
  limits.window_ops = 1;
  limits.max_queued_ops = 3;
  core_script s{limits};
  s.connect();
  s.set(1);
  CHECK(s.read(2, {get("/a"), get("/b")}) == lines{});
  CHECK(s.read(3, {get("/a")}, true) == lines{"read 3: failed"});
  CHECK(s.set(4) == lines{});
  CHECK(s.set(5) == lines{"commit 5: rejected too_large"});
  // One that is too large by itself: later is not better.
  CHECK(s.read(6, {get("/a"), get("/b"), get("/c"), get("/d")}) == lines{"read 6: rejected"});
  CHECK(s.core.counters().queued_ops == 3);
}

TEST_CASE("session core: a forgotten client gets no answers and what it had waiting is not sent") {
  session_limits limits;
  limits.window_ops = 1;
  core_script s{limits};
  s.connect();
  s.commit(1, {check_op{"/a", any_version}}, 1);
  s.commit(2, {check_op{"/b", any_version}}, 1);
  s.read(3, {get("/c")}, false, 1);
  s.commit(4, {check_op{"/d", any_version}}, 2);
  s.take();
  CHECK(s.forget(1) == lines{});
  CHECK(s.core.counters().queued_ops == 1);
  CHECK(s.done(1) == lines{"send 2 {check /d}"});
  CHECK(s.done(2) == lines{"commit 4: committed 0"});
}
