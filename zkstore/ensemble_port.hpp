#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "djm/log.hpp"
#include "zkstore/types.hpp"

/// The seam below the session core: raw operations down, raw completions and events up. Two implementations pass the
/// same contract suite: the ZooKeeper C client and the embedded ensemble.
namespace djm::store {

using op_id_t = std::uint64_t;

using raw_request = std::variant<transaction, read_op>;

struct raw_completion {
  op_id_t id = 0;
  rc code = rc::ok;
  /// For transactions, one per operation where the server told; may be empty on connection errors.
  std::vector<op_result> results;
  /// For reads.
  read_result read;
};

struct raw_watch {
  watch_event event;
};

enum class link_state : std::uint8_t {
  /// A session is established or resumed; `session` and `timeout` are what the server granted.
  connected,
  /// The connection is gone; the session may live on. Once per loss.
  connecting,
  /// The server has declared the session expired. The last event but `closed`.
  expired,
  /// The credentials are refused. The last event but `closed`.
  auth_failed,
  /// The handle could not begin to connect, and `why` says why. No event follows, `close` is not needed.
  failed,
  /// The handle is gone; no event follows. Operations without a completion by now have an unknown outcome.
  closed,
};

struct raw_link {
  link_state state = link_state::connecting;
  session_id_t session = 0;
  duration timeout = duration::zero();
  /// Of `failed` only.
  error why{};
};

/// What a scout has found: the number of the ensemble's latest transaction; 0 when it got no answer. `scout` is the
/// number under which the session core has sent it.
struct raw_scouted {
  zxid_t zxid = 0;
  std::uint64_t scout = 0;
};

using raw_event = std::variant<raw_completion, raw_watch, raw_link, raw_scouted>;

/// Called on any thread, for one handle never concurrently, in the order in which the server answered: the event of a
/// watch comes before the response that shows its change.
using event_sink = std::function<void(raw_event)>;

struct session_options {
  /// "host:port,host:port" for ZooKeeper, ignored by the embedded ensemble.
  std::string servers;
  duration session_timeout = std::chrono::seconds{10};
  /// "user:password" or empty.
  std::string digest;
  /// What the client library says; called on any thread, one line at a time, rarely (repetitions are left out). Must
  /// not block and must not throw.
  log_sink log{};
};

/// One session handle. `submit` and `close` never block and never call the sink from within the call.
class session_port {
public:
  virtual ~session_port() = default;

  /// Sends one raw operation. Its completion comes exactly once unless the handle closes before.
  virtual void submit(op_id_t id, raw_request request) = 0;

  /// Ends the session at the server where it can be reached. `closed` follows as the last event.
  /// Destroying the port without `close` drops the handle: no further event, the session is left to expire.
  virtual void close() = 0;
};

/// Opens handles. Thread-safe.
class session_factory {
public:
  virtual ~session_factory() = default;

  /// Starts to connect; `connected` follows when a server has answered, or `failed`. Never blocks, never fails for a
  /// server that is down.
  virtual expected<std::unique_ptr<session_port>> open(const session_options& options, event_sink sink) = 0;

  /// Asks, behind a barrier and in a session of its own that writes nothing, how far the ensemble's history goes.
  /// `done` is called once, on any thread, possibly within this call; or never, when the factory ends before.
  virtual void scout(const session_options& options, std::function<void(raw_scouted)> done) {
    (void) options;
    done({});
  }
};

} // namespace djm::store
