#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <variant>
#include <vector>

#include "simulation/chance.hpp"
#include "simulation/process.hpp"
#include "zkstore/embedded/client_library.hpp"
#include "zkstore/embedded/embedded_ensemble.hpp"

namespace djm::sim {

/// What becomes of one request.
enum class fate : std::uint8_t {
  arrives,
  /// The connection breaks before the request reaches the server.
  lost_before,
  /// The connection breaks after the server has dealt with it, before the client sees the answer.
  lost_after,
};

/// Who watches what travels between the sessions and the ensemble.
class wire_observer {
public:
  virtual ~wire_observer() = default;
  virtual fate decide(const process&, const store::transaction&) { return fate::arrives; }
  /// The client has learned, or never will, what became of the transaction: `connection_loss` when the connection
  /// broke.
  virtual void answered(const process&, store::session_id_t, const store::transaction&, store::rc, time_point /*sent*/,
                        duration /*timeout*/) {}
  virtual void link(const process&, const store::raw_link&) {}
  /// The process asks for the end of a session of its own, whether or not it will hear that it came.
  virtual void closing(const process&) {}
};

/// Messages of one direction between a machine and a server; they never overtake each other within a connection.
struct line_state {
  /// Nothing gets through; what is sent waits, as TCP's segments would.
  bool cut = false;
  duration least{};
  duration most{};
};

/// Everything between the sessions of all processes and the modelled servers: a client library per session, a
/// connection per dial, delays, cuts and losses. Keeps the ensemble's time.
class network {
public:
  enum class direction : std::uint8_t { up, down };

  network(timeline& t, store::embedded_ensemble& e, wire_observer& o, std::uint64_t seed, std::size_t machines);
  ~network();

  /// For the environment of a process; sessions of a process that is gone are silent.
  std::unique_ptr<store::session_port> open(process& p, const store::session_options& options, store::event_sink sink);

  /// How far the history of the ensemble goes, for whoever reaches a server of a quorum.
  void scout(process& p, std::function<void(store::raw_scouted)> done);
  /// Whose session this is; null for nobody here.
  bool is_connected(const process& p) const;
  process* owner_of(store::session_id_t session) const;

  line_state& line(std::size_t machine, std::size_t server, direction d);
  void set_cut(std::size_t machine, std::size_t server, direction d, bool cut);
  /// The machine's lines to all servers.
  void set_cut(std::size_t machine, direction d, bool cut);
  /// Whether any of the machine's lines is cut.
  bool is_cut(std::size_t machine) const;
  void set_delay(std::size_t machine, duration least, duration most);
  /// Every connection of the machine breaks at both ends.
  void break_connections(std::size_t machine);
  /// The process is gone: its connections break, its sessions are left to expire.
  void vanish(const process& p);
  /// The library of a process that goes on after a pause looks at its clock before it looks at what has arrived.
  void wake(const process& p);
  /// Sessions of the process that the ensemble knows.
  std::vector<store::session_id_t> sessions_of(const process& p) const;

  store::embedded_ensemble& ensemble() { return ensemble_; }
  /// After every touch of the ensemble.
  void settle();
  std::uint64_t messages() const noexcept { return messages_; }

private:
  using client_id = std::uint64_t;
  using upward = store::client_library::effect;
  using downward = store::wire::to_client;

  struct flight {
    time_point sent;
    store::transaction txn;
    bool lose_answer = false;
  };
  template <class T>
  struct lane {
    std::deque<std::pair<time_point, T>> queue;
    time_point last{};
    bool armed = false;
  };
  struct connection {
    client_id client = 0;
    std::size_t machine = 0;
    std::size_t server = 0;
    bool open = false;
    lane<upward> up;
    lane<downward> down;
  };
  struct client {
    client(store::client_library::options o, process& p, store::event_sink s)
      : library(std::move(o)), owner(&p), sink(std::move(s)) {}
    store::client_library library;
    process* owner;
    store::event_sink sink;
    std::deque<store::raw_event> to_deliver;
    bool delivering = false;
    std::optional<time_point> alarm;
    process::pending_id alarm_id = 0;
    std::map<store::op_id_t, flight> in_flight;
    duration timeout{};
  };
  class port;

  void with_client(client_id id, const std::function<void(store::client_library&, time_point)>& f);
  void close(client_id id);
  void drop(client_id id);
  void pump(client_id id);
  void deliver(client_id id);
  void send_up(client_id id, upward effect);
  template <class T>
  void enqueue(store::connection_t c, lane<T>& l, direction d, T message);
  void arm(store::connection_t c, direction d);
  void move(store::connection_t c, direction d);
  void arrive_up(store::connection_t c, upward effect);
  void arrive_down(store::connection_t c, downward message);
  /// Both ends learn that the connection is gone.
  void tear(store::connection_t c);
  void watch_time();

  timeline& timeline_;
  store::embedded_ensemble& ensemble_;
  wire_observer& observer_;
  chance chance_;
  std::size_t servers_;
  std::vector<line_state> lines_;
  std::map<client_id, client> clients_;
  std::map<store::connection_t, connection> connections_;
  client_id last_client_ = 0;
  std::optional<time_point> ensemble_alarm_;
  event_queue::id ensemble_event_ = 0;
  std::uint64_t messages_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

} // namespace djm::sim
