#include <doctest/doctest.h>

#include <chrono>

#include "zkstore/embedded/client_library.hpp"

using namespace djm;
using namespace djm::store;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A client library whose other end is the test.
struct bench {
  explicit bench(std::size_t servers = 3) : client(with(servers)) {
    client.start(now);
    dialed();
  }

  static client_library::options with(std::size_t servers) {
    client_library::options o;
    o.servers = servers;
    o.session.session_timeout = seconds{6};
    o.retry_delay = milliseconds{100};
    return o;
  }

  /// The server dialed since the last call; 99 when none was.
  std::size_t dialed() {
    std::size_t result = 99;
    for (auto& effect : client.take_effects()) {
      if (auto* dial = std::get_if<client_library::dial>(&effect)) {
        result = dial->server;
      } else if (auto* send = std::get_if<client_library::send>(&effect)) {
        sent.push_back(send->message);
      }
    }
    return result;
  }

  template <class Message>
  std::size_t count_sent() {
    dialed();
    std::size_t n = 0;
    for (const auto& m : sent) {
      n += std::holds_alternative<Message>(m) ? 1 : 0;
    }
    return n;
  }

  void tell(wire::to_client message) { client.receive(client.connection(), std::move(message), now); }
  void welcome() { tell(wire::welcome{42, 1, seconds{6}}); }

  void pass(duration d) {
    const auto until = now + d;
    while (auto at = client.next_deadline()) {
      if (*at > until) {
        break;
      }
      now = *at;
      client.advance(now);
    }
    now = until;
  }

  std::vector<std::string> events() {
    std::vector<std::string> result;
    for (auto& event : client.take_events()) {
      if (auto* link = std::get_if<raw_link>(&event)) {
        const char* names[] = {"connected", "connecting", "expired", "auth_failed", "failed", "closed"};
        result.emplace_back(names[static_cast<std::size_t>(link->state)]);
      } else if (auto* done = std::get_if<raw_completion>(&event)) {
        result.push_back(std::to_string(done->id) + " " + to_string(done->code));
      } else {
        result.emplace_back("watch");
      }
    }
    return result;
  }

  time_point now{seconds{10}};
  client_library client;
  std::vector<wire::to_server> sent;
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("client library: it walks through the servers and pauses after each round") {
  bench b;
  CHECK(b.client.server() == 0);
  b.tell(wire::hang_up{});
  CHECK(b.dialed() == 1);
  b.tell(wire::hang_up{});
  CHECK(b.dialed() == 2);
  b.tell(wire::hang_up{});
  CHECK(b.dialed() == 99);
  b.pass(milliseconds{100});
  CHECK(b.dialed() == 0);
  // Nobody is told of attempts.
  CHECK(b.events().empty());
}

TEST_CASE("client library: a silent server is given up after two thirds of the timeout, operations time out") {
  bench b;
  b.welcome();
  b.client.submit(1, get("/a"), b.now);
  CHECK(b.events() == texts{"connected"});
  b.pass(milliseconds{3999});
  CHECK(b.events().empty());
  b.pass(milliseconds{1});
  CHECK(b.events() == texts{"connecting", "1 operation_timeout"});
  CHECK(b.dialed() == 1);
}

TEST_CASE("client library: a broken connection loses what was under way") {
  bench b;
  b.welcome();
  b.client.submit(1, get("/a"), b.now);
  b.client.submit(2, get("/a"), b.now);
  b.tell(wire::hang_up{});
  CHECK(b.events() == texts{"connected", "connecting", "1 connection_loss", "2 connection_loss"});
}

TEST_CASE("client library: it pings every third of the timeout when it has nothing else to say") {
  bench b;
  b.welcome();
  for (int i = 0; i < 3; ++i) {
    b.pass(seconds{2});
    b.tell(wire::pong{});
  }
  CHECK(b.count_sent<wire::ping>() == 3);
}

TEST_CASE("client library: a reconnect resumes the session and its watches as of the last zxid seen") {
  bench b;
  b.welcome();
  b.client.submit(1, get("/a", true), b.now);
  b.client.submit(2, exists("/b", true), b.now);
  b.client.submit(3, children("/c", true), b.now);
  b.client.submit(4, get("/d", true), b.now);
  for (op_id_t id = 1; id <= 4; ++id) {
    wire::response r;
    r.completion.id = id;
    r.completion.code = id == 2 || id == 4 ? rc::no_node : rc::ok;
    r.zxid = static_cast<zxid_t>(10 + id);
    b.tell(r);
  }
  b.tell(wire::notification{{watch_kind::children, "/c"}});
  b.dialed();
  b.sent.clear();
  b.tell(wire::hang_up{});
  b.dialed();
  REQUIRE(b.sent.size() == 1);
  CHECK(std::get<wire::hello>(b.sent[0]).session == 42);
  CHECK(std::get<wire::hello>(b.sent[0]).last_zxid == 14);
  b.welcome();
  b.dialed();
  REQUIRE(b.sent.size() == 2);
  const auto& again = std::get<wire::set_watches>(b.sent[1]);
  CHECK(again.since == 14);
  CHECK(again.data == texts{"/a"});
  CHECK(again.exist == texts{"/b"});
  CHECK(again.child.empty());
}

TEST_CASE("client library: expiry is the end, closing says so last") {
  bench b;
  b.welcome();
  b.client.submit(1, get("/a"), b.now);
  b.tell(wire::expired{});
  CHECK(b.events() == texts{"connected", "1 session_expired", "expired"});
  b.client.submit(2, get("/a"), b.now);
  CHECK(b.events() == texts{"2 closed"});
  b.client.close(b.now);
  b.client.close(b.now);
  CHECK(b.events() == texts{"closed"});
  CHECK_FALSE(b.client.next_deadline());
}

TEST_CASE("client library: a close waits for the server, but not for ever") {
  bench b;
  b.welcome();
  b.client.submit(1, get("/a"), b.now);
  b.client.close(b.now);
  CHECK(b.count_sent<wire::goodbye>() == 1);
  CHECK(b.events() == texts{"connected"});
  b.pass(seconds{2});
  CHECK(b.events() == texts{"1 closed", "closed"});
}

TEST_CASE("client library: messages of an earlier connection are ignored") {
  bench b;
  const auto old = b.client.connection();
  b.tell(wire::hang_up{});
  b.client.receive(old, wire::welcome{1, 1, seconds{6}}, b.now);
  CHECK(b.events().empty());
}
