#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "djm/client.hpp"
#include "djm/error.hpp"
#include "djm/export.hpp"
#include "djm/fields.hpp"
#include "djm/metrics.hpp"
#include "djm/node.hpp"
#include "djm/node_actor.hpp"
#include "djm/node_config.hpp"
#include "djm/time.hpp"

/// A node over HTTP: the job model, metrics, a page for people. In a library of its own (`djm::http`), which needs
/// libmicrohttpd; who does not link it has nothing of it.
namespace djm {

/// Somebody has changed something over HTTP, or has tried to and the node has refused.
struct http_write {
  /// Who: the address, and whether by token.
  std::string who;
  /// What: the operation ("mark_worker"), as the table of routes calls it.
  std::string what;
  /// Of which worker or job; empty where it is the whole cluster.
  std::string target;
  /// What was asked for, as JSON; empty for a question to the code of a job ("ask") and for a state
  /// that is saved of an item.
  std::string body;
  /// The status of the answer; below 400 it was done.
  std::int32_t status = 0;
};
DJM_FIELDS(http_write, who, what, target, body, status)

/// How a node is reached over HTTP.
struct http_config {
  /// The address to listen on, in numbers: "127.0.0.1", "::1", "0.0.0.0". One that others reach is refused without a
  /// token.
  std::string address = "127.0.0.1";
  /// The port, 0 to 65535; 0: one that is free, which `http_server::port` tells.
  std::uint32_t port = 0;
  /// A file whose first line is the token that readers and writers send ("Authorization: Bearer TOKEN"): 16 to 512
  /// letters, digits, '-', '_', '.' and '~'. Empty: none is asked for.
  std::string token_file;
  /// Whether workers may be marked, jobs switched and triggered over HTTP.
  bool allow_writes = false;
  /// Where others reach this node, if that is not its address and port, as behind a proxy or with an address such as
  /// "0.0.0.0": "http://host:port" or "https://host", at most 300 bytes, nothing behind the port. Requests may name its
  /// host. Empty: it is made of address and port (`http_listener::public_url`).
  std::string public_url;
  /// Names under which the server is reached beside its address, "localhost" and the host of `public_url`, without a
  /// port. A request that names another host is refused.
  std::vector<std::string> hosts;
  /// Connections at once, 1 to 10000; each takes at most 32 KiB beside its answer.
  std::uint32_t max_connections = 256;
  /// Of these, clients that follow the events, 1 to 10000. Who comes beyond that is told to ask again later.
  std::uint32_t max_followers = 128;
  /// How long a connection may do nothing, 1 s to 1 h.
  any_duration idle_timeout = std::chrono::seconds{30};
  /// How often a client that follows the events hears that the server is there, 1 s to 5 min.
  any_duration heartbeat = std::chrono::seconds{15};
  /// The largest body of a request in bytes, 1 to 1 MiB.
  std::uint32_t max_body = 65'536;
};

template <class V>
auto fields(V&& v, http_config& x) {
  using std::chrono::minutes;
  using std::chrono::seconds;
  return v(
    "http_config", field("address", x.address).doc("the address to listen on, in numbers"),
    field("port", x.port).range(0, 65'535).doc("the port; 0: one that is free"),
    field("token_file", x.token_file).doc("a file whose first line is the token; empty: none is asked for"),
    field("allow_writes", x.allow_writes).doc("whether anything may be changed over HTTP"),
    field("public_url", x.public_url)
      .doc("where others reach the node, such as http://node-1:8080; empty: its address"),
    field("hosts", x.hosts).doc("names under which the server is reached beside its address and localhost"),
    field("max_connections", x.max_connections).range(1, 10'000).doc("connections at once"),
    field("max_followers", x.max_followers).range(1, 10'000).doc("of these, clients that follow the events"),
    field("idle_timeout", x.idle_timeout).range(seconds{1}, minutes{60}).doc("how long a connection may do nothing"),
    field("heartbeat", x.heartbeat)
      .range(seconds{1}, minutes{5})
      .doc("how often a client that follows the events hears that the server is there"),
    field("max_body", x.max_body).range(1, 1'048'576).doc("the largest body of a request in bytes"));
}

/// Whether every value is within its range; the error names those that are not.
expected<void> validate(const http_config& config);

/// A socket that listens for a server that is yet to come: so the port is known, and what is wrong with it said, before
/// the node starts that is to tell its address (`node_options::http_url`). Who connects meanwhile waits; without a
/// server the socket closes with this. Not thread-safe.
class http_listener {
public:
  /// Takes the address. `invalid_config` for a bad value, a token that cannot be read, or an address that others reach
  /// without a token; `invalid_state` when the address cannot be had.
  static expected<http_listener> open(http_config config);

  /// Takes the socket over; the other one may only be destroyed or assigned to.
  http_listener(http_listener&&) noexcept;
  /// Closes this socket and takes the other one over.
  http_listener& operator=(http_listener&&) noexcept;
  /// Closes the socket, unless a server has it.
  ~http_listener();

  /// The port that it listens on.
  std::uint16_t port() const;
  /// "http://127.0.0.1:8080": where a browser on this machine finds the console.
  std::string url() const;
  /// Where others find it: `http_config::public_url`, or else what its address and port make. Of a loopback address
  /// that, too, although it is of use on this machine alone. Empty for an address that stands for all of the machine
  /// ("0.0.0.0", "::") and so names none: nothing is guessed.
  std::string public_url() const;

private:
  friend class http_server;
  struct impl;
  explicit http_listener(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

/// What the program may give beside the configuration.
struct http_options {
  /// The configuration of the node, shown under /v1/config without its secrets; nothing: that is answered with 404.
  std::optional<node_config> shown;
  /// Hears of every write, one at a time, on the thread of the server: it must not block. Empty: nobody.
  std::function<void(const http_write&)> on_write;
  /// Says what would be: without it POST /v1/plan/what-if is answered with 404, and /v1/stoppable is judged by who
  /// offers which jobs instead of by a plan. It may be shared with others.
  std::shared_ptr<client> outside;
};

/// Serves one node as long as this lives. It stands beside the node and asks it by messages, as everybody else does: a
/// part of the node that dies takes nothing of it along, and it answers (503) when the node has ended. Thread-safe,
/// except for moves and destruction.
class http_server {
public:
  /// Listens. The address is taken when this returns. `invalid_config` for a bad value, a token that cannot be read, or
  /// an address that others reach without a token; `invalid_state` when the address cannot be had.
  static expected<http_server> start(caf::actor_system& system, const node_actor& node, http_config config,
                                     http_options options = {});
  /// The same for a node that owns its actor system.
  static expected<http_server> start(djm::node& node, http_config config, http_options options = {});
  /// Serves on a socket that listens already, which is the server's from here on, also when this fails.
  static expected<http_server> start(caf::actor_system& system, const node_actor& node, http_listener socket,
                                     http_options options = {});
  /// The same for a node that owns its actor system.
  static expected<http_server> start(djm::node& node, http_listener socket, http_options options = {});

  /// Takes the server over; the other one may only be destroyed or assigned to.
  http_server(http_server&&) noexcept;
  /// Ends this server and takes the other one over.
  http_server& operator=(http_server&&) noexcept;
  /// As `stop`.
  ~http_server();

  /// The port that it listens on.
  std::uint16_t port() const;
  /// As `http_listener::url`.
  std::string url() const;
  /// As `http_listener::public_url`.
  std::string public_url() const;
  /// What it has done so far.
  http_status status() const;
  /// Closes every connection and waits for that. Nothing is answered any more.
  void stop();

private:
  struct impl;
  explicit http_server(std::shared_ptr<impl> x);
  std::shared_ptr<impl> impl_;
};

} // namespace djm
