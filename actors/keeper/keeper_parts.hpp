#pragma once

#include <optional>

#include "actors/keeper/connection_watch.hpp"
#include "actors/keeper/keeper_store.hpp"
#include "actors/keeper/pools/offer_book.hpp"
#include "actors/keeper/pools/pool_check.hpp"
#include "actors/keeper/pools/pool_look.hpp"
#include "actors/keeper/pools/pool_writer.hpp"
#include "actors/keeper/records/record_check.hpp"
#include "actors/keeper/records/record_look.hpp"
#include "actors/keeper/registration/id_claim.hpp"
#include "actors/keeper/registration/id_wait.hpp"
#include "actors/keeper/registration/leaving.hpp"
#include "actors/keeper/registration/registration.hpp"
#include "actors/keeper/tree/sentry.hpp"
#include "actors/keeper/tree/tree_access.hpp"
#include "actors/keeper/tree/tree_base.hpp"

namespace djm {

struct keeper_parts;

/// Everything that lives only while one session of the store does. The next one starts from what it reads.
struct keeper_session {
  explicit keeper_session(keeper_parts& p);
  keeper_session(const keeper_session&) = delete;
  keeper_session& operator=(const keeper_session&) = delete;

  tree_access access;
  record_check records;
  record_look record_news;
  pool_writer writer;
  pool_check checker;
  sentry watch;
  id_wait wait;
  registration registrar;
  leaving leaver;
};

/// What the activities of the keeper share, and those that outlive a session, each with the reason.
struct keeper_parts {
  explicit keeper_parts(keeper_config c);
  keeper_parts(const keeper_parts&) = delete;
  keeper_parts& operator=(const keeper_parts&) = delete;

  keeper_lifetime life;
  /// A node that has lost its session is on its way in again, or on its way out.
  membership member;
  /// What goes wrong goes on, and so does the wait until the next attempt.
  keeper_store store;
  /// How long there was none counts.
  connection_watch connection;
  /// What the node offers and wants does not depend on whether it is there.
  offer_book offers;
  /// Who has the id is a matter of lives.
  id_claim claim;
  /// What was there stays there.
  tree_base base;
  /// What was seen of the pools need not be looked at again.
  pool_look look;
  std::optional<keeper_session> session; ///< from its first connection to its end

  /// When something is due, as far as is known.
  std::optional<time_point> wake_at() const;
  /// Another session is connected: nothing of what was under way concerns it.
  void begin_session();
  /// The connection is away; the session may live.
  void disconnected();
  /// What is under way is forgotten, together with everything that lives only in this session.
  void end_session();
};

} // namespace djm
