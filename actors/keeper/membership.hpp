#pragma once

#include <cstdint>
#include <string>

#include "actors/keeper/keeper_effects.hpp"
#include "djm/status.hpp"

namespace djm {

/// How far this node is on its way in or out, and what others hear of that. Only the ways that are drawn here are
/// taken:
///
///   detached ─connected─► preparing ─► pools ─► registering ─► joined ─leave─► leaving ─► left
///      ▲                                            │  ▲          │
///      │                          other incarnation ▼  │ it went  │ registration gone: registering
///      │                                  waiting_for_id          │
///      └───────────────────────── session lost ───────────────────┘        failed: final, with a reason
class membership {
public:
  registration_phase phase() const { return phase_; }
  bool is(registration_phase p) const { return phase_ == p; }
  bool joined() const { return is(registration_phase::joined); }
  /// Nothing is done any more.
  bool over() const { return is(registration_phase::failed) || is(registration_phase::left); }
  /// This life has joined before, or is joined.
  bool has_joined() const { return has_joined_; }
  /// The node is asked to leave.
  bool wants_to_leave() const { return leave_; }

  // -- the session --

  /// A new session is connected.
  void begin(bool prepared, keeper_effects& out);

  void session_over(keeper_effects& out);

  // -- on the way in --

  /// The base of the tree is there, or a part of it may not be.
  void base_there();
  void base_in_doubt();
  void pools_done();
  /// Another life holds the id; it has gone, or it has to be looked at again.
  void id_held() { phase_ = registration_phase::waiting_for_id; }
  void holder_gone();
  /// In session `number`, by a node at `path` with `data`.
  void join(std::uint64_t number, const std::string& path, std::string data, keeper_effects& out);

  // -- on the way out --

  /// The registration is gone. False: there was none.
  bool lost(keeper_effects& out);
  /// The user asks for it. `connected`: something can be taken back.
  void leave(bool connected, keeper_effects& out);
  void leaving() { phase_ = registration_phase::leaving; }
  void left(keeper_effects& out);
  /// From now on nothing is done any more. Why is told with `failed`, after what else is to be said of it.
  void fail() { phase_ = registration_phase::failed; }
  static void failed(error why, keeper_effects& out);

private:
  registration_phase phase_ = registration_phase::detached;
  bool leave_ = false;
  bool has_joined_ = false;
};

inline void tell_connection(connection_state state, keeper_effects& out) {
  out.push_back(emit_effect{connection_changed{state}});
}

} // namespace djm
