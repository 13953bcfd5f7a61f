#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "actors/keeper/connection_watch.hpp"
#include "actors/keeper/pools/offer_book.hpp"
#include "actors/keeper/pools/pool_look.hpp"
#include "actors/keeper/records/record_look.hpp"
#include "actors/keeper/registration/id_claim.hpp"
#include "actors/keeper/registration/id_wait.hpp"
#include "actors/keeper/registration/registration_txns.hpp"
#include "actors/keeper/tree/sentry.hpp"
#include "zkstore/tree/records.hpp"

namespace djm {

/// Writes this node's registration: what it is, which jobs it offers, and, unless another life holds the id, that it is
/// alive: that comes last. Ends with the session.
class registration {
public:
  registration(keeper_lifetime& life, keeper_store& store, membership& member, offer_book& offers, id_claim& claim,
               id_wait& wait, tree_base& base, connection_watch& connection, pool_look& look, sentry& watch,
               record_look& record_news)
    : life_(life),
      store_(store),
      member_(member),
      offers_(offers),
      claim_(claim),
      wait_(wait),
      base_(base),
      connection_(connection),
      look_(look),
      sentry_(watch),
      record_news_(record_news) {}

  void start(keeper_effects& out);
  /// The session is over before the answer to what is under way.
  void lost();

private:
  // Where the answers are.
  struct slots {
    read_slot worker, available, assigned, alive;
    read_slots<job_id> offers;
  };

  void apply(const slots& answers, step s, keeper_effects& out);
  void change(const slots& answers, bool joins, step s, keeper_effects& out);
  std::string own_data(const store::read_result& worker, keeper_effects& out);
  std::vector<store::write_op> changes_below(const slots& answers) const;
  void write_next(step s, keeper_effects& out);
  void written(const keeper_outcome& o, step s, keeper_effects& out);
  void registered(step s, keeper_effects& out);

  keeper_lifetime& life_;
  keeper_store& store_;
  membership& member_;
  offer_book& offers_;
  id_claim& claim_;
  id_wait& wait_;
  tree_base& base_;
  connection_watch& connection_;
  pool_look& look_;
  sentry& sentry_;
  record_look& record_news_;
  std::vector<std::pair<job_id, std::string>> to_show_; ///< what the registration says when it is written
  std::deque<keeper_txn> chunks_;                       ///< to be written, the first of them under way
};

} // namespace djm
