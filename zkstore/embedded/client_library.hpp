#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "zkstore/embedded/wire.hpp"

namespace djm::store {

/// What a client library does beneath a session handle, as ZooKeeper's does: walks through the servers, keeps the
/// session by pings, gives a silent server up after two thirds of the timeout, re-sends watches after a reconnect,
/// fails what was under way with `connection_loss` or `operation_timeout`. Pure: events in, messages to servers and raw
/// events for the session core out. One object is one handle.
///
///   dialing --welcome--> open --hang_up / silence--> dialing or pausing --> ... --expired--> ended
///   close: open --> leaving --farewell--> ended; any other --> ended
class client_library {
public:
  struct options {
    session_options session;
    std::size_t servers = 1;
    std::size_t first_server = 0;
    /// Pause after a round through all servers.
    duration retry_delay = std::chrono::milliseconds{100};
    /// How long a close waits for the server's answer.
    duration close_patience = std::chrono::seconds{2};
    /// Connections are numbered from here; another client must not use the same numbers.
    connection_t first_connection = 1;
  };

  struct dial {
    connection_t connection;
    std::size_t server;
  };
  struct send {
    connection_t connection;
    wire::to_server message;
  };
  struct hang_up {
    connection_t connection;
  };
  /// To be carried out in order.
  using effect = std::variant<dial, send, hang_up>;

  explicit client_library(options o) : options_(std::move(o)), next_connection_(options_.first_connection) {}

  void start(time_point now);
  void submit(op_id_t id, raw_request request, time_point now);
  void close(time_point now);
  /// Messages of connections other than the present one are ignored.
  void receive(connection_t connection, wire::to_client message, time_point now);
  /// To be called at `next_deadline`.
  void advance(time_point now);
  std::optional<time_point> next_deadline() const;

  std::vector<effect> take_effects();
  std::vector<raw_event> take_events();

  /// The present connection and its server; for fault layers.
  connection_t connection() const noexcept { return connection_; }
  std::size_t server() const noexcept { return server_; }
  session_id_t session() const noexcept { return session_; }
  bool is_connected() const noexcept { return is_ == stage::open; }

private:
  enum class stage : std::uint8_t { fresh, dialing, pausing, open, leaving, ended };

  struct outstanding {
    op_id_t id = 0;
    /// A read that asks for a watch.
    std::optional<read_op> watching;
  };

  void dial_next(time_point now);
  void lose(rc why, time_point now);
  void fail_outstanding(rc why);
  void end(link_state last, rc why);
  void transmit(wire::to_server message, time_point now);
  void activate(const read_op& op, rc code);
  void consume(const watch_event& event);
  duration timeout() const;
  void on(wire::welcome&& m, time_point now);
  void on(wire::expired&& m, time_point now);
  void on(wire::response&& m, time_point now);
  void on(wire::notification&& m, time_point now);
  void on(wire::pong&& m, time_point now);
  void on(wire::farewell&& m, time_point now);
  void on(wire::hang_up&& m, time_point now);

  options options_;
  stage is_ = stage::fresh;
  bool closed_ = false;
  connection_t next_connection_;
  connection_t connection_ = 0;
  std::size_t server_ = 0;
  std::size_t dials_ = 0;
  session_id_t session_ = 0;
  std::uint64_t password_ = 0;
  duration granted_ = duration::zero();
  zxid_t last_zxid_ = 0;
  time_point heard_{};
  time_point sent_{};
  /// End of a pause or of the patience with a close.
  time_point until_{};
  std::deque<outstanding> outstanding_;
  /// Given to us while not connected.
  std::vector<wire::request> unsent_;
  std::set<std::string> data_watches_;
  std::set<std::string> exist_watches_;
  std::set<std::string> child_watches_;
  std::vector<effect> effects_;
  std::vector<raw_event> events_;
};

} // namespace djm::store
