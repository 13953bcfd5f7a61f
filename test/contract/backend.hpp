#pragma once

#include <memory>
#include <string>

#include "zkstore/ensemble_port.hpp"

/// The contract suite: one list of cases that every store implementation has to pass (object library
/// `djm_contract_suite`). An executable links it and defines `make_backend`:
///
///   djm_add_test(contract_mine TIER contract LIBS djm_contract_suite djm_zkstore SOURCES my_backend.cpp)
namespace djm::contract {

/// What the suite needs of an implementation and its server. Called from the test thread only.
class backend {
public:
  virtual ~backend() = default;

  /// Where sessions come from. One factory for the whole run.
  virtual store::session_factory& factory() = 0;

  /// Options all sessions of the suite start from: servers, and a session timeout that the server grants as it is,
  /// between 1 and 4 s. No digest.
  virtual store::session_options options() = 0;

  /// Creates an empty persistent node that everybody may change, and returns its path; another one at each call.
  virtual std::string fresh_root() = 0;

  /// Makes the server end a session that is connected, as if it had timed out, by whatever means (for example a second
  /// connection with the session's id and password that closes it). The session's own handle must learn `expired`, at
  /// the latest after a reconnect.
  virtual void expire_session(store::session_id_t id) = 0;

  /// The server answers nothing while connections stay open, as if it were stopped, until `thaw`. Freezes of the suite
  /// last less than half a session timeout.
  virtual void freeze() = 0;
  virtual void thaw() = 0;

  /// Breaks every connection once: all handles see `connecting`, then `connected` again in the same session.
  virtual void break_connections() = 0;
};

/// Defined by the executable; called once, before the first case.
std::unique_ptr<backend> make_backend();

/// The one backend of this run, made at the first call and destroyed at exit.
backend& the_backend();

} // namespace djm::contract
