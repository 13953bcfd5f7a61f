#pragma once

#include <vector>

#include "actors/client/tree_doctor.hpp"
#include "actors/client/tree_index.hpp"

namespace djm {

/// What is wrong below `refusals`: calls `tell(rule, level, node, text, advice)` for each.
template <class F>
void look_at_refusals(const store::tree_schema& tree, const tree_index& all, F tell) {
  for (const auto* node : all.below(tree.refusals())) {
    if (node->code != store::rc::ok) {
      continue;
    }
    const auto p = store::decode<store::refusal_payload>(node->data, node->path);
    if (!p) {
      tell(finding_rule::malformed_data, finding_level::warning, *node, p.error().text,
           "it counts for nothing: remove it");
      continue;
    }
    const auto* worker = all.find(tree.worker(p->worker));
    const auto w = worker != nullptr ? store::decode<store::worker_payload>(worker->data, worker->path)
                                     : expected<store::worker_payload>{store::worker_payload{}};
    if (w && w->incarnation != p->incarnation) {
      tell(finding_rule::orphaned_refusal, finding_level::note, *node,
           "worker \"" + p->worker +
             "\" lives another life than the one that has refused this, or has never registered",
           "it counts for nothing, and the leader removes it");
    }
  }
}

} // namespace djm
