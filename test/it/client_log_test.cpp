#include "zkstore/zookeeper/client_log.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace djm;
using namespace djm::store;
using namespace std::chrono_literals;

namespace {

constexpr line_limiter::time start{1h};

} // namespace

TEST_CASE("client log: a line has the level of what it says and none of the client's preamble") {
  const auto failed = parse_client_line("2026-11-28 06:20:00,123:4711(0x7f00):ZOO_ERROR@handle_socket_error_msg@2004: "
                                        "Socket [127.0.0.1:1] zk retcode=-4, errno=111(Connection refused): server "
                                        "refused to accept the client\n");
  CHECK(failed.level == log_level::warning);
  CHECK(failed.component == "zookeeper");
  CHECK(failed.text == "Socket [127.0.0.1:1] zk retcode=-4, errno=111(Connection refused): server refused to accept "
                       "the client");
  CHECK(parse_client_line("x:1(0x1):ZOO_WARN@f@1: Delaying").level == log_level::info);
  CHECK(parse_client_line("no form at all").text == "no form at all");
}

TEST_CASE("client log: of lines that differ by numbers alone one in a minute is written, the others are counted") {
  line_limiter limiter;
  CHECK(limiter.may_say("Exceeded deadline by 12ms", start));
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(limiter.may_say("Exceeded deadline by " + std::to_string(i) + "ms", start + 59s));
  }
  CHECK(limiter.may_say("something else", start + 59s));
  CHECK(limiter.left_out() == 0);
  CHECK(limiter.may_say("Exceeded deadline by 13ms", start + 60s));
  CHECK(limiter.left_out() == 100);
  CHECK(limiter.left_out() == 0);
}

TEST_CASE("client log: however many kinds of lines there are, a minute has twenty") {
  line_limiter limiter;
  std::size_t said = 0;
  for (int i = 0; i < 100; ++i) {
    said += limiter.may_say(std::string(static_cast<std::size_t>(i), 'x'), start) ? 1 : 0;
  }
  CHECK(said == line_limiter::most);
}

TEST_CASE("client log: each handle has its own callback, and one that is gone calls nobody") {
  std::vector<std::string> first, second;
  auto a = std::make_unique<client_log>([&](const log_record& r) { first.push_back(r.text); });
  client_log b{[&](const log_record& r) { second.push_back(r.text); }};
  const auto call_a = a->callback();
  call_a("one");
  b.callback()("two");
  CHECK(first == std::vector<std::string>{"one"});
  CHECK(second == std::vector<std::string>{"two"});
  a.reset();
  call_a("three");
  CHECK(first.size() == 1);
  // What it gave back is used again, with a limit of its own.
  std::vector<std::string> third;
  client_log c{[&](const log_record& r) { third.push_back(r.text); }};
  CHECK((c.callback() == call_a));
  c.callback()("one");
  CHECK(third.size() == 1);
}

TEST_CASE("client log: more handles than callbacks lose their lines and nothing else") {
  std::vector<std::unique_ptr<client_log>> all;
  int lines = 0;
  for (int i = 0; i < 300; ++i) {
    all.push_back(std::make_unique<client_log>([&](const log_record&) { ++lines; }));
  }
  for (const auto& x : all) {
    x->callback()("a line");
  }
  CHECK(lines == 256);
}
