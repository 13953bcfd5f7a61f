#include <doctest/doctest.h>

#include "core_script.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::store::test;
using lines = core_script::lines;

/// What the session counts and says, and what happens when two things come together.

TEST_CASE("session core: what became of transactions is counted, each outcome by itself") {
  core_script s;
  s.connect();
  for (std::uint64_t i = 1; i <= 10; ++i) {
    s.set(i);
  }
  op_id_t id = 0;
  const auto answer = [&](rc code, int times) {
    for (int n = 0; n < times; ++n) {
      s.done(++id, code);
    }
  };
  answer(rc::ok, 1);
  answer(rc::bad_version, 2);
  answer(rc::no_auth, 3);
  answer(rc::connection_loss, 4);
  CHECK(s.core.counters().commits == 1);
  CHECK(s.core.counters().conflicts == 2);
  CHECK(s.core.counters().rejections == 3);
  CHECK(s.core.counters().unknowns == 4);
}

TEST_CASE("session core: the error of a refused transaction names the operation that was refused") {
  for (const std::size_t refused : {0, 1, 2}) {
    core_script s;
    s.connect();
    s.set(1);
    raw_completion c;
    c.id = 1;
    c.code = rc::no_auth;
    c.results.resize(3);
    c.results[refused].code = rc::no_auth;
    for (const auto& effect : s.core.on_raw(s.last_handle, std::move(c), s.now, 0)) {
      if (const auto* done = std::get_if<session_core::commit_done>(&effect)) {
        const auto& why = std::get<rejected>(done->outcome).why;
        CHECK(why.text.find("operation " + std::to_string(refused) + " of") != std::string::npos);
      }
    }
    CHECK(s.core.counters().rejections == 1);
  }
}

TEST_CASE("session core: a deadline that comes before the next probe is kept") {
  session_limits limits;
  limits.operation_deadline = seconds{3};
  core_script s{limits};
  s.connect(seconds{30});
  s.probe(1);
  s.set(1);
  CHECK(s.pass(milliseconds{2999}) == lines{});
  CHECK(s.pass(milliseconds{1}) == lines{"commit 1: unknown"});
}

TEST_CASE("session core: a probe that comes before the next deadline is sent in time") {
  session_limits limits;
  limits.operation_deadline = seconds{30};
  core_script s{limits};
  s.connect(seconds{9});
  s.set(1);
  s.probe(1);
  s.done(2);
  CHECK(s.pass(seconds{3}) == lines{"send 3 {check /alive/w}"});
}

TEST_CASE("session core: what is to be probed may be told while the connection is lost") {
  core_script s;
  s.connect();
  s.link(link_state::connecting);
  CHECK(s.probe(1) == lines{});
  CHECK(s.link(link_state::connected) == lines{"connected #1 connects 2", "send 1 {check /alive/w}"});
}

TEST_CASE("session core: another server at once, without a word of a lost one, answers no batch that has started") {
  core_script s;
  s.connect();
  s.read(1, {get("/a"), get("/b")});
  s.done(1);
  CHECK(s.link(link_state::connected) == lines{"suspended #1 connects 1", "read 1: failed", "connected #1 connects 2"});
  CHECK(s.done(2) == lines{});
}

TEST_CASE("session core: a transaction that was decided in another session is never sent") {
  core_script s;
  s.connect();
  s.link(link_state::expired);
  CHECK(s.core.view().phase == session_phase::connecting);
  CHECK(s.set(1) == lines{"commit 1: session_lost"}); // it would wait for a session that nobody has seen yet
  s.link(link_state::connected, 101);
  REQUIRE(s.core.view().number == 2);
  const auto decided_in = [&s](std::uint64_t session, std::uint64_t request) {
    std::vector<std::string> sent;
    for (auto& e : s.core.commit({1, request}, session, {{remove_op{"/lock", 0}}}, s.now)) {
      if (auto* x = std::get_if<session_core::commit_done>(&e)) {
        sent.push_back("answered " + to_text(x->outcome));
      } else if (std::get_if<session_core::submit>(&e) != nullptr) {
        sent.push_back("sent");
      }
    }
    return sent;
  };
  CHECK(decided_in(1, 2) == lines{"answered session_lost"});
  CHECK(decided_in(3, 3) == lines{"answered session_lost"});
  CHECK(decided_in(0, 4) == lines{"answered session_lost"});
  CHECK(decided_in(2, 5) == lines{"sent"});
}
