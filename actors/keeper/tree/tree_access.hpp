#pragma once

#include <optional>
#include <string>

#include "actors/keeper/keeper_store.hpp"
#include "actors/keeper/tree/access_walk.hpp"
#include "actors/keeper/tree/tree_base.hpp"

namespace djm {

/// Whose the tree is, for nodes with credentials: whether anybody may change it, looked at once per session, and again
/// while that is so; and, where that is wanted, the walk that closes it. Ends with the session.
class tree_access {
public:
  tree_access(keeper_lifetime& life, keeper_store& store, tree_base& base) : life_(life), store_(store), base_(base) {}

  bool is_due(time_point now) const;
  /// When to look again whether a tree that is open still is.
  std::optional<time_point> due() const { return again_at_; }
  /// Looks at the root and the base, or takes the next step of the walk.
  void start(keeper_effects& out);

private:
  void apply(const read_batch& base, step s, keeper_effects& out);
  void apply_walk(const read_batch& asked, step s, keeper_effects& out);
  void closed(const keeper_outcome& o, step s, keeper_effects& out);
  void walked(step s, keeper_effects& out);

  keeper_lifetime& life_;
  keeper_store& store_;
  tree_base& base_;
  bool known_ = false;
  std::optional<time_point> again_at_;
  std::optional<access_walk> walk_;
};

} // namespace djm
