#pragma once

#include <utility>

#include "actors/common/version_ids.hpp"
#include "actors/keeper/keeper_effects.hpp"
#include "djm/status.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// What all activities of the keeper share, in whatever session.
struct keeper_lifetime {
  explicit keeper_lifetime(keeper_config c)
    : cfg(std::move(c)), tree(cfg.config.store.root), ids(cfg.incarnation, 'k') {}

  const node_id& id() const { return cfg.config.id; }
  /// A new value for a version node.
  std::string bump() { return ids.draw(); }
  /// The name of a change, for payloads that say more than that.
  std::string bump_name() { return ids.draw_name(); }

  keeper_config cfg;
  store::tree_schema tree;
  version_ids ids;
  /// Each figure is counted by the activity that it is about.
  keeper_counters counters;
};

} // namespace djm
