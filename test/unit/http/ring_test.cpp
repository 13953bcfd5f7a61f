#include "http/event_ring.hpp"

#include <doctest/doctest.h>

#include "test/unit/http/http_rig.hpp"

/// Events over HTTP: their ids, what a list and a stream of them say.
using namespace djm;
using namespace djm::http;
using namespace djm::http::test;

TEST_CASE("events: a follower gets each once, and is told of a gap") {
  event_ring ring{"ab", {3, 1000}};
  std::uint64_t next = 1;
  CHECK(ring.stream(next, 1000).empty());
  ring.add("problem", "{}");
  CHECK(ring.stream(next, 1000) == "id: ab-1\nevent: problem\ndata: {}\n\n");
  CHECK(next == 2);
  CHECK(ring.stream(next, 1000).empty());
  for (int i = 0; i < 5; ++i) {
    ring.add("x", std::to_string(i));
  }
  CHECK(ring.first() == 4);
  const auto text = ring.stream(next, 1);
  CHECK(text == "event: gap\ndata: {\"missed\":2}\n\n");
  CHECK(ring.stream(next, 1) == "id: ab-4\nevent: x\ndata: 2\n\n");
  CHECK(next == 5);
}

TEST_CASE("events: bytes are bounded, too, but the latest is always kept") {
  event_ring ring{"ab", {100, 50}};
  ring.add("x", std::string(40, 'a'));
  ring.add("x", std::string(40, 'b'));
  CHECK(ring.first() == 2);
  ring.add("x", std::string(400, 'c'));
  CHECK(ring.first() == 3);
  CHECK(ring.last() == 3);
}

TEST_CASE("events: ids of other lives are none") {
  const event_ring ring{"ab", {}};
  CHECK(ring.number_of("ab-17") == 17);
  for (const auto* bad : {"", "ab", "ab-", "ac-1", "ab-1x", "ab--1", "ab-99999999999999999999999", "17"}) {
    CHECK_FALSE(ring.number_of(bad));
  }
}

TEST_CASE("events: the list goes on from an id, and says when something is missing") {
  site s;
  s.events = event_ring{"life", {2, 1000}};
  CHECK(json_of(s.get("/v1/events")).at("events").empty());
  for (const auto* type : {"a", "b", "c"}) {
    s.events.add(type, R"({"type":")" + std::string{type} + "\"}");
  }
  auto all = json_of(s.get("/v1/events"));
  CHECK(all.at("events").size() == 2);
  CHECK(all.at("next") == "life-3");
  CHECK(all.at("gap") == false);
  auto since = json_of(s.get("/v1/events?since=life-2"));
  CHECK(since.at("events").size() == 1);
  CHECK(since.at("events")[0].at("event").at("type") == "c");
  CHECK(json_of(s.get("/v1/events?since=other-2")).at("gap") == true);
  CHECK(json_of(s.get("/v1/events?since=life-0")).at("gap") == true);
  CHECK(json_of(s.get("/v1/events?type=b")).at("events").size() == 1);
}

TEST_CASE("events: a stream begins where the client was") {
  site s;
  s.events.add("a", "1");
  s.events.add("b", "2");
  auto r = site::ask(verb::get, "/v1/events");
  r.headers[1].second = "text/event-stream";
  auto a = s.answer_to(r);
  CHECK(a.follows);
  CHECK(a.follows_from == 3);
  r.headers.emplace_back("Last-Event-ID", "life-1");
  CHECK(s.answer_to(r).follows_from == 2);
  r.headers.back().second = "older-5";
  auto lost = s.answer_to(r).follows_from;
  CHECK(s.events.stream(lost, 1) == "event: gap\ndata: {\"missed\":null}\n\n");
  r.headers.back().second = "life-900";
  CHECK(s.answer_to(r).follows_from == 3);
}

TEST_CASE("events: when some may have been lost, a follower is told of a gap, and goes on after it") {
  event_ring ring{"life", {}};
  ring.add("a", "1");
  auto next = ring.last() + 1;
  ring.lose();
  CHECK(ring.from(0, {}, 10).empty());
  ring.add("b", "2");
  CHECK(ring.stream(next, 1000) == "event: gap\ndata: {\"missed\":1}\n\nid: life-3\nevent: b\ndata: 2\n\n");
  CHECK(ring.stream(next, 1000).empty());
}
