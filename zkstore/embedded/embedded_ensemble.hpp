#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "zkstore/embedded/multi_check.hpp"
#include "zkstore/embedded/replica.hpp"
#include "zkstore/embedded/session_tracker.hpp"
#include "zkstore/embedded/wire.hpp"

namespace djm::store {

struct ensemble_options {
  std::size_t servers = 1;
  /// The servers' unit of time: session timeouts are rounded up to it, pings between servers come twice per tick.
  duration tick = std::chrono::milliseconds{500};
  duration min_session_timeout = std::chrono::seconds{1};
  duration max_session_timeout = std::chrono::seconds{60};
  /// Ticks without contact after which a follower leaves its leader, and a leader without quorum steps down.
  unsigned sync_limit = 4;
  /// From the moment a quorum of leaderless servers can talk to the new leader's first act.
  duration election_time = std::chrono::milliseconds{500};
  /// Every transaction has a higher number than this, as if there had been others before.
  zxid_t history = 0;
  /// What the wall clock of the leading server shows at a moment, Unix time in ms. None: it begins with the clock.
  std::function<std::int64_t(time_point)> wall_ms{};
};

/// One transaction as the ensemble has committed it, for observers.
struct committed_transaction {
  zxid_t zxid = 0;
  session_id_t session = 0;
  /// First error of a transaction that changed nothing.
  rc code = rc::ok;
  /// The session starts or ends with it.
  bool starts_session = false;
  bool ends_session = false;
  std::vector<node_change> changes;
};

/// Models a ZooKeeper ensemble as its clients see it: one history of transactions, several servers that have applied
/// more or less of it. Pure and deterministic: events in with the time, messages out. Whoever drives it carries the
/// messages between clients and servers and may lose them; it must call `advance` at `next_deadline` at the latest, and
/// time never goes back.
///
/// What is modelled, because clients go wrong there: reads are answered by the connected server, which may lag; a
/// follower cut from its leader goes on answering reads, until `sync_limit`; an old leader without quorum too; touches
/// reach the leader with a follower's next ping; only a leader with quorum ends sessions, a new one restarts all their
/// timers; a client that has seen more than a server has applied is refused by it; a request that an old server hands
/// on after the session has moved is refused; failed transactions are part of the history like others.
/// What is not: disks, proposals that some servers have logged and that are dropped later (a client cannot tell them
/// from requests that never arrived), and bandwidth.
///
///   looking --(quorum of looking servers, election_time)--> leading / following
///   following --(leader gone, or cut for sync_limit)--> looking
///   leading --(no quorum for sync_limit)--> looking
class embedded_ensemble {
public:
  using observer = std::function<void(const committed_transaction&, time_point)>;

  embedded_ensemble(ensemble_options options, time_point start);

  // -- clients --

  /// A client's connection reaches a server. `hello` follows as its first message.
  void connect(connection_t connection, std::size_t server, time_point now);
  void receive(connection_t connection, wire::to_server message, time_point now);
  /// The connection broke at the client's side; the server has noticed.
  void disconnect(connection_t connection, time_point now);
  /// Messages for clients since the last call, in order.
  std::vector<wire::delivery> take_deliveries();

  // -- time --

  void advance(time_point now);
  std::optional<time_point> next_deadline() const;

  // -- faults --

  /// Cuts or heals the link between two servers. What was under way arrives after the healing, if both still stand
  /// in the same relation.
  void set_link(std::size_t a, std::size_t b, bool up, time_point now);
  /// The server's process dies; its connections break. Its data survives.
  void crash(std::size_t server, time_point now);
  void restart(std::size_t server, time_point now);
  /// How long messages between this follower and its leader take, each way.
  void set_lag(std::size_t server, duration lag);
  /// Ends a session as if its time had run out.
  void expire(session_id_t session, time_point now);
  /// A backup of what is committed.
  struct backup {
    replica data;
    std::map<session_id_t, duration> sessions;
    std::uint32_t epoch = 0;
    std::uint32_t counter = 0;
  };
  backup keep() const { return {head_, sessions_, epoch_, counter_}; }
  /// Of transactions after a restore. A lone server goes on in the epoch of its data: they repeat. Several servers
  /// elect a leader first, with whom another epoch begins: they are higher than all in the epoch of the data, and who
  /// has seen no later one is not refused.
  enum class numbers : std::uint8_t { repeat, grow };
  /// All servers have the data of the backup: another history begins there. Connections break, what is under way is
  /// lost; sessions of the backup have their whole time again.
  void go_back(const backup& b, numbers n, time_point now);
  /// From now on a server breaks the connection of whoever sends it a transaction of more than this, as one does for a
  /// packet above its jute.maxbuffer; 0: it takes everything.
  void set_packet_limit(std::size_t bytes) { packet_limit_ = bytes; }
  /// From now on no transaction may bring the number of nodes above this, as with a quota; 0: any number.
  void set_quota(std::size_t nodes) { quota_ = nodes; }
  /// Somebody else's transaction, in no session: checked as a client's and committed at once. Nothing without a leader
  /// that can commit.
  std::optional<checked_multi> intrude(const transaction& txn, const std::string& digest, time_point now);
  /// Gives the node another ACL (see `znode_header`), as an administrator would; false without such a node or leader.
  bool set_access(const std::string& path, std::string acl, time_point now);
  void set_observer(observer f) { observer_ = std::move(f); }

  // -- for judges and tests --

  std::size_t servers() const noexcept { return servers_.size(); }
  /// The leader that can commit now; nothing without quorum.
  std::optional<std::size_t> leader() const;
  /// Whether the server accepts clients.
  bool serving(std::size_t server) const;
  /// All that is committed.
  const replica& committed() const noexcept { return head_; }
  const replica& data_of(std::size_t server) const { return servers_.at(server).data; }
  const std::map<session_id_t, duration>& sessions() const noexcept { return sessions_; }
  std::size_t connections() const noexcept { return connections_.size(); }
  std::uint32_t epoch() const noexcept { return epoch_; }
  /// Records kept because some server has not applied them.
  std::size_t log_size() const noexcept { return log_.size(); }

private:
  using log_index = std::uint64_t;

  /// Something that a server asks of its leader on behalf of a connection.
  struct proposal {
    enum class kind : std::uint8_t { create_session, close_session, transaction };
    kind what = kind::transaction;
    std::size_t origin = 0;
    connection_t connection = 0;
    requester who;
    duration timeout = duration::zero();
    op_id_t op = 0;
    store::transaction txn;
  };
  struct revalidation {
    connection_t connection = 0;
    session_id_t session = 0;
  };
  using touches = std::set<session_id_t>;
  using to_leader = std::variant<proposal, revalidation, touches>;

  struct revalidated {
    connection_t connection = 0;
    bool valid = false;
  };
  /// Everything before this index is committed.
  struct commit_up_to {
    log_index end = 0;
  };
  using to_follower = std::variant<revalidated, commit_up_to>;

  template <class T>
  struct in_transit {
    time_point due;
    T message;
  };

  struct record {
    committed_transaction txn;
    std::size_t origin = 0;
    connection_t connection = 0;
    proposal::kind what = proposal::kind::transaction;
    op_id_t op = 0;
    std::vector<op_result> results;
  };

  enum class role : std::uint8_t { down, looking, following, leading };

  struct server_state {
    role is = role::looking;
    /// Of the leadership it leads or follows.
    std::uint32_t epoch = 0;
    replica data;
    log_index applied = 0;
    /// Leads: who runs out when, and what waits for a quorum.
    session_tracker tracker{std::chrono::seconds{1}};
    std::deque<proposal> stuck;
    std::optional<time_point> quorum_lost;
    /// Follows.
    std::size_t leader = 0;
    std::optional<time_point> contact_lost;
    std::deque<in_transit<to_leader>> up;
    std::deque<in_transit<to_follower>> down;
    touches touched;
    std::optional<time_point> next_ping;
    duration lag = duration::zero();
  };

  struct connection_state {
    enum class stage : std::uint8_t { fresh, validating, open, closing };
    std::size_t server = 0;
    stage is = stage::fresh;
    session_id_t session = 0;
    std::uint64_t password = 0;
    duration timeout = duration::zero();
    std::string digest;
    /// Requests not answered yet, in order. Those before the first write have been answered.
    std::deque<wire::request> waiting;
  };

  // Clients.
  void on_message(connection_t c, connection_state& state, wire::hello&& m, time_point t);
  void on_message(connection_t c, connection_state& state, wire::set_watches&& m, time_point t);
  void on_message(connection_t c, connection_state& state, wire::request&& m, time_point t);
  void on_message(connection_t c, connection_state& state, wire::ping&& m, time_point t);
  void on_message(connection_t c, connection_state& state, wire::goodbye&& m, time_point t);
  void welcome(connection_t c, connection_state& state, time_point t);
  void answer_reads(connection_t c, connection_state& state);
  void drop(connection_t c, wire::to_client last_word);
  void drop_clients_of(std::size_t s);
  void drop_connections_of_session(std::size_t s, session_id_t session, std::optional<connection_t> except);
  template <class Message>
  void say(connection_t c, Message&& message) {
    out_.emplace_back();
    out_.back().to = c;
    out_.back().message = std::forward<Message>(message);
  }
  void touch(std::size_t s, session_id_t session, time_point t);

  // From server to leader and back.
  void hand_to_leader(std::size_t s, to_leader message, time_point t);
  void hand_to_follower(std::size_t s, to_follower message, time_point t);
  void on_leader(std::size_t l, std::size_t from, to_leader&& message, time_point t);
  void on_follower(std::size_t s, to_follower&& message, time_point t);
  bool reaches_leader(std::size_t s) const;

  // Agreement.
  void apply_quota(checked_multi& checked) const;
  void propose(std::size_t l, proposal&& p, time_point t);
  void commit(std::size_t l, record&& r, time_point t);
  void apply_up_to(std::size_t s, log_index end, time_point t);
  void respond(std::size_t s, const record& r, time_point t);
  void trim_log();
  bool has_quorum(std::size_t l) const;
  std::int64_t wall_ms(time_point t) const;
  std::size_t majority() const noexcept { return servers_.size() / 2 + 1; }
  bool linked(std::size_t a, std::size_t b) const { return a == b || cut_.count(std::minmax(a, b)) == 0; }

  // Roles.
  void settle(time_point t);
  /// Whether `s` follows the leadership that `l` exercises now, cut or not.
  bool stands_behind(std::size_t s, std::size_t l) const;
  void look(std::size_t s);
  void follow(std::size_t s, std::size_t l, time_point t);
  void lead(std::size_t s, time_point t);
  std::optional<std::size_t> electable() const;

  /// Handles what is due at the earliest due time <= `now`; false when nothing is.
  bool step(time_point now);
  template <class F>
  void for_each_deadline(F&& f) const;

  ensemble_options options_;
  std::vector<server_state> servers_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::map<connection_t, connection_state> connections_;
  std::vector<wire::delivery> out_;
  observer observer_;

  /// The committed history from `log_base_` on, and what it comes to.
  std::deque<record> log_;
  log_index log_base_ = 0;
  replica head_;
  std::map<session_id_t, duration> sessions_;

  std::uint32_t epoch_ = 0;
  std::uint32_t counter_ = 0;
  session_id_t last_session_ = 0;
  bool same_epoch_ = false;
  std::size_t packet_limit_ = 0;
  std::size_t quota_ = 0;
  std::optional<time_point> election_at_;
};

} // namespace djm::store
