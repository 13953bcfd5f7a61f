#include <doctest/doctest.h>

#include "core_script.hpp"

/// What a session finds out about its store: that it takes less than it is sent, that it has gone back.
using namespace djm;
using namespace djm::store;
using namespace djm::store::test;
using lines = core_script::lines;

namespace {

/// A transaction of a little more than this; its id at the handle.
op_id_t large(core_script& s, std::uint64_t request, std::size_t bytes) {
  const auto told = s.commit(request, {check_op{"/alive/w"}, set_op{"/big", std::string(bytes, 'x'), any_version}});
  REQUIRE(told.size() == 1);
  REQUIRE(told[0].find("send ") == 0);
  return std::stoull(told[0].substr(5));
}

void breaks(core_script& s, op_id_t id) {
  s.link(link_state::connecting);
  s.done(id, rc::connection_loss);
}

core_script scouting() {
  session_limits limits;
  limits.scout_after = seconds{20};
  core_script s{limits};
  s.connect(seconds{9});
  // Sees transaction 50, of whatever node.
  s.read(1, {get("/a")});
  raw_completion c;
  c.id = 1;
  c.read.stat.mzxid = 40;
  c.read.stat.pzxid = 50;
  s.core.on_raw(s.last_handle, std::move(c), s.now, 0);
  return s;
}

lines found(core_script& s, zxid_t zxid, std::optional<std::uint64_t> number = {}) {
  lines result;
  for (auto& e : s.core.on_raw(s.last_handle, raw_scouted{zxid, number ? *number : s.last_scout}, s.now, 0)) {
    if (auto* x = std::get_if<session_core::went_back>(&e)) {
      result.push_back(std::to_string(x->seen) + " " + std::to_string(x->found));
    }
  }
  return result;
}

} // namespace

TEST_CASE("session core: a transaction that breaks the connection by its size is named and refused after three times") {
  core_script s;
  s.connect();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto id = large(s, i, 20'000);
    breaks(s, id);
    const auto told = s.link(link_state::connected);
    REQUIRE(told.size() == (i < 3 ? 1 : 2));
    if (i == 3) {
      CHECK(told[1].find("report a transaction of 20") == 0);
      CHECK(told[1].find("for /big") != std::string::npos);
    }
  }
  CHECK(s.commit(4, {set_op{"/big", std::string(21'000, 'x'), any_version}}) == lines{"commit 4: rejected too_large"});
  // What is smaller goes on.
  s.done(large(s, 5, 10'000));
  s.take();
  // After a minute one is tried again; that it is answered ends the matter.
  CHECK(s.pass(size_suspect::pause) == lines{"over"});
  s.done(large(s, 6, 21'000));
  s.done(large(s, 7, 21'000));
  CHECK(s.take().back() == "commit 7: committed 0");
}

TEST_CASE("session core: a silent store and a small transaction are no matter of size") {
  core_script s;
  s.connect();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto id = large(s, i, 20'000);
    s.link(link_state::connecting);
    s.done(id, rc::operation_timeout);
    CHECK(s.link(link_state::connected).size() == 1);
  }
  for (std::uint64_t i = 21; i <= 40; ++i) {
    breaks(s, large(s, i, 1'000));
    CHECK(s.link(link_state::connected).size() == 1);
  }
}

TEST_CASE("session core: a scout is sent when the lease is over for sure, and each T from then on") {
  auto s = scouting();
  s.link(link_state::connecting);
  CHECK(s.pass(seconds{29} - milliseconds{1}) == lines{});
  CHECK(s.pass(milliseconds{1}) == lines{"scout 1"});
  // One at a time.
  CHECK(s.pass(seconds{100}) == lines{});
  CHECK(found(s, 0) == lines{});
  CHECK(s.pass(seconds{9}) == lines{"scout 1"});
  CHECK(found(s, 49) == lines{"50 49"});
}

TEST_CASE(
  "session core: a session that is refused while two scouts in a row get through is over, whatever it can prove") {
  auto s = scouting();
  s.link(link_state::connecting);
  s.pass(seconds{29});
  CHECK(found(s, 50) == lines{});
  CHECK(s.pass(seconds{9}) == lines{"scout 1"});
  CHECK(found(s, 0) == lines{}); // not in a row
  CHECK(s.pass(seconds{9}) == lines{"scout 1"});
  CHECK(found(s, 51) == lines{});
  // Reached in between: the next time counts anew.
  s.link(link_state::connected);
  s.link(link_state::connecting);
  CHECK(s.pass(seconds{29}) == lines{"scout 1"});
  CHECK(found(s, 60) == lines{});
  CHECK(s.pass(seconds{9}) == lines{"scout 1"});
  CHECK(found(s, 61) == lines{"50 61"});
}

TEST_CASE(
  "session core: a transaction of its own that was committed counts as seen, also where its number is not told") {
  auto s = scouting();
  s.probe(1);
  s.done(2);
  s.link(link_state::connecting);
  s.pass(seconds{29});
  CHECK(found(s, 50) == lines{"51 50"});
}

TEST_CASE("session core: what a scout says counts only while the session is away") {
  auto s = scouting();
  CHECK(found(s, 1) == lines{});
  s.link(link_state::connecting);
  CHECK(found(s, 1) == lines{}); // nobody was sent
  s.pass(seconds{29});
  s.link(link_state::connected);
  CHECK(found(s, 1) == lines{});
  s.link(link_state::connecting);
  CHECK(found(s, 1) == lines{}); // that of before
  s.pass(seconds{29});
  s.link(link_state::expired);
  CHECK(found(s, 1) == lines{});
  CHECK(s.pass(seconds{1000}) == lines{});
}

TEST_CASE("session core: without a session to lose, or without being told to, no scout is sent") {
  core_script s;
  s.connect();
  s.link(link_state::connecting);
  CHECK(s.pass(seconds{1000}) == lines{});
  session_limits limits;
  limits.scout_after = seconds{1};
  core_script first{limits};
  first.open();
  CHECK(first.pass(seconds{1000}) == lines{});
}
