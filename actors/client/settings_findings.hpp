#pragma once

#include <map>
#include <string>

#include "actors/client/tree_doctor.hpp"
#include "actors/client/tree_index.hpp"
#include "zkstore/tree/shared_settings.hpp"

namespace djm {

/// Where nodes that are there are configured differently: calls `tell(rule, level, path, text, advice)` once for all
/// keys. Who is gone may come back as it should be.
template <class F>
void look_at_settings(const store::tree_schema& tree, const tree_index& all, F tell) {
  std::map<node_id, store::worker_payload> said;
  for (const auto* node : all.below(tree.workers())) {
    const node_id id{std::string{store::name_of(node->path)}};
    const auto* alive = all.find(tree.alive(id));
    auto p = store::decode<store::worker_payload>(node->data, node->path);
    if (p && alive != nullptr && alive->stat.ephemeral_owner != 0) {
      said.emplace(id, *std::move(p));
    }
  }
  std::map<node_id, const store::settings_map*> nodes;
  for (const auto& [id, p] : said) {
    nodes.emplace(id, &p.shared);
  }
  std::string text;
  for (const auto& difference : store::differences(nodes)) {
    text += (text.empty() ? "" : "; ") + store::describe(difference);
  }
  if (!text.empty()) {
    tell(finding_rule::config_mismatch, finding_level::warning, tree.workers(), text,
         "give these nodes one value for each key, and restart those that change");
  }
}

} // namespace djm
