#pragma once

#include <optional>
#include <string>

#include "actors/keeper/keeper_store.hpp"
#include "actors/keeper/pools/offer_book.hpp"
#include "actors/keeper/tree/tree_base.hpp"

namespace djm {

/// Looks after what this node relies on in the tree and nobody else would miss: the nodes of the base, the pools of the
/// jobs it offers and their records, its own offers. Four watches per node, whatever the number of jobs: somebody who
/// deletes any of it, by hand or with a tool, is answered by making it anew. On duty while the node is joined.
class sentry {
public:
  sentry(const keeper_lifetime& life, keeper_store& store, offer_book& offers, tree_base& base)
    : life_(life), store_(store), offers_(offers), base_(base) {}

  /// When to see whether all of it is still there.
  std::optional<time_point> due() const { return look_at_; }
  /// The node has just joined, an event may have been missed together with its watch, or the answer was lost.
  void look_now(step s) { look_at_ = s.now; }
  /// A node of the tree has changed.
  void heard_of(const std::string& path, step s);
  void start(keeper_effects& out);

private:
  // Where the answers are: lists of names.
  struct slots {
    read_slot base, pools, jobs, available;
  };

  void apply(const slots& answers, step s, keeper_effects& out);
  void check_base(const store::read_result& base, keeper_effects& out);
  void check_offers(const slots& answers, keeper_effects& out);
  void missing(const std::string& path, const char* how, keeper_effects& out);
  void there(const std::string& path, keeper_effects& out);

  const keeper_lifetime& life_;
  keeper_store& store_;
  offer_book& offers_;
  tree_base& base_;
  std::optional<time_point> look_at_;
};

} // namespace djm
