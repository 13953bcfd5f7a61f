#pragma once

#include <memory>

#include "zkstore/embedded/embedded_ensemble.hpp"
#include "zkstore/ensemble_port.hpp"

namespace djm::store {

/// A store within the process: one modelled server on the machine's clock. The default for a single process and for
/// tests. It keeps nothing when the process ends, but its transactions, and with them the fencing tokens, have higher
/// numbers than those of every store before it, as long as the wall clock is not set back between two processes.
/// Thread-safe.
///
/// All sinks are called from one thread of the store, never from within a call of a port. A port that is destroyed
/// calls its sink no more once its destructor has returned (a destructor waits for a call under way, unless it runs in
/// that very call). Ports may outlive the store; they are silent then.
class embedded_store final : public session_factory {
public:
  /// Session timeouts from 100 ms to 5 min are granted as asked.
  static ensemble_options default_options();

  explicit embedded_store(ensemble_options options = default_options());
  ~embedded_store() override;

  embedded_store(const embedded_store&) = delete;
  embedded_store& operator=(const embedded_store&) = delete;

  /// Never fails. `servers` of the options is ignored.
  expected<std::unique_ptr<session_port>> open(const session_options& options, event_sink sink) override;

  // -- for demonstrations and tests --

  /// The server ends the session as if it had run out of time.
  void expire_session(session_id_t session);
  /// Every connection breaks once; the clients reconnect.
  void break_connections();
  /// While frozen the server takes no message and answers none, and its time stands still for all to see: what ran out
  /// meanwhile ends at the thaw.
  void set_frozen(bool frozen);
  /// Sessions that have not ended.
  std::size_t sessions() const;

private:
  class impl;
  class port;
  std::shared_ptr<impl> impl_;
};

} // namespace djm::store
