#pragma once

#include "actors/keeper/keeper_store.hpp"

namespace djm {

/// Takes this node out of the cluster: `alive/<node>` goes, and `workers/<node>` says that it has left.
class leaving {
public:
  leaving(keeper_lifetime& life, keeper_store& store, membership& member)
    : life_(life), store_(store), member_(member) {}

  void start(keeper_effects& out);

private:
  // Where the answers are.
  struct slots {
    read_slot worker, alive;
  };

  void apply(const slots& answers, step s, keeper_effects& out);
  void written(const keeper_outcome& o, step s, keeper_effects& out);

  keeper_lifetime& life_;
  keeper_store& store_;
  membership& member_;
};

} // namespace djm
