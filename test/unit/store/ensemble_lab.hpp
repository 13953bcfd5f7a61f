#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "zkstore/embedded/embedded_ensemble.hpp"

namespace djm::store::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// An ensemble and hand-made connections to it: every message is one line of a test.
class ensemble_lab {
public:
  explicit ensemble_lab(std::size_t servers, ensemble_options options = {}) : ensemble(with(options, servers), start) {}

  /// Sends `hello` for a new or an old session; the answer, if any yet, is in `inbox`.
  connection_t dial(std::size_t server, wire::hello hello = {}) {
    const auto c = ++last_;
    if (hello.timeout == duration::zero()) {
      hello.timeout = seconds{4};
    }
    ensemble.connect(c, server, now);
    ensemble.receive(c, std::move(hello), now);
    collect();
    return c;
  }

  void tell(connection_t c, wire::to_server message) {
    ensemble.receive(c, std::move(message), now);
    collect();
  }
  void write(connection_t c, op_id_t id, std::vector<write_op> ops) {
    tell(c, wire::request{id, transaction{std::move(ops)}});
  }
  void read(connection_t c, op_id_t id, read_op op) { tell(c, wire::request{id, std::move(op)}); }

  void pass(duration d) {
    now += d;
    ensemble.advance(now);
    collect();
  }
  /// Lets time go by while the clients ping.
  void pass_with_pings(duration d, const std::vector<connection_t>& clients, duration interval = milliseconds{500}) {
    const auto until = now + d;
    while (now < until) {
      pass(std::min<duration>(interval, until - now));
      for (const auto c : clients) {
        tell(c, wire::ping{});
      }
    }
  }

  void cut(std::size_t a, std::size_t b) {
    ensemble.set_link(a, b, false, now);
    collect();
  }
  void heal(std::size_t a, std::size_t b) {
    ensemble.set_link(a, b, true, now);
    collect();
  }
  /// Cuts one server from all others.
  void isolate(std::size_t server) {
    for (std::size_t s = 0; s < ensemble.servers(); ++s) {
      if (s != server) {
        cut(server, s);
      }
    }
  }

  wire::welcome welcome_of(connection_t c) {
    for (auto& m : inbox[c]) {
      if (auto* w = std::get_if<wire::welcome>(&m)) {
        return *w;
      }
    }
    return {};
  }
  template <class Message>
  bool got(connection_t c) {
    for (auto& m : inbox[c]) {
      if (std::holds_alternative<Message>(m)) {
        return true;
      }
    }
    return false;
  }
  /// The completion of a request, or one with code `unimplemented` while there is none.
  raw_completion completion(connection_t c, op_id_t id) {
    for (auto& m : inbox[c]) {
      if (auto* r = std::get_if<wire::response>(&m); r && r->completion.id == id) {
        return r->completion;
      }
    }
    raw_completion none;
    none.code = rc::unimplemented;
    return none;
  }
  std::vector<std::string> events(connection_t c) {
    std::vector<std::string> result;
    for (auto& m : inbox[c]) {
      if (auto* n = std::get_if<wire::notification>(&m)) {
        result.push_back(enum_text(n->event.kind) + " " + n->event.path);
      }
    }
    return result;
  }

  static ensemble_options with(ensemble_options o, std::size_t servers) {
    o.servers = servers;
    return o;
  }
  void collect() {
    for (auto& d : ensemble.take_deliveries()) {
      inbox[d.to].push_back(std::move(d.message));
    }
  }

  time_point start{seconds{1000}};
  time_point now = start;
  embedded_ensemble ensemble;
  std::map<connection_t, std::vector<wire::to_client>> inbox;

private:
  connection_t last_ = 0;
};

inline write_op make(std::string path, std::string data = {}, create_mode mode = create_mode::persistent) {
  return create_op{std::move(path), std::move(data), mode};
}

} // namespace djm::store::test
