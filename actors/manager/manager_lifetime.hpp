#pragma once

#include <cstdint>
#include <utility>

#include "actors/common/open_problems.hpp"
#include "actors/common/version_ids.hpp"
#include "actors/manager/manager_effects.hpp"
#include "djm/status.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// What is there as long as the manager is, whoever leads. Everything else is part of a `term`, and ends with it.
struct manager_lifetime {
  explicit manager_lifetime(manager_config c)
    : cfg(std::move(c)),
      tree(cfg.root),
      // Another leader may have done long ago what has failed here.
      problems("manager", std::chrono::minutes{1}),
      batch(cfg.max_transaction_ops),
      break_batch(cfg.lock_batch, 1),
      ids(cfg.incarnation, 'm') {}

  manager_config cfg;
  store::tree_schema tree;
  /// Since when what is tried has failed: a term may be lost because of it, and the next one goes on trying. While
  /// there is a term, that has them.
  open_problems problems;
  /// What the store takes in one transaction does not depend on who leads.
  batch_size batch;
  batch_size break_batch; ///< locks in one Break
  /// The tree keeps what a former term has written.
  version_ids ids;
  /// Strategies answer after the term in which they were asked: an answer must not find another question.
  request_numbers strategy_numbers;
  /// Figures of a node are told from its start on.
  manager_counters counters;
};

} // namespace djm
