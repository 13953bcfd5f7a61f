#include "actors/client/odd_states.hpp"

#include "zkstore/job_payloads.hpp"

namespace djm {

using store::rc;

std::vector<odd_thing> odd_states(const store::tree_schema& tree, const tree_index& all) {
  std::vector<odd_thing> found;
  for (const auto* folder : all.below(tree.states())) {
    const job_id job{std::string{store::name_of(folder->path)}};
    if (folder->code == rc::ok && all.is_missing(tree.job(job)) && all.is_missing(tree.pool(job))) {
      found.push_back({finding_level::note, finding_rule::orphaned_states, folder->path,
                       "states are saved of a job that is not there",
                       "they are there again when the job is; remove them if it will not be"});
    }
    for (const auto* node : all.below(folder->path)) {
      const auto name = store::name_of(node->path);
      if (store::item_of_slot_name(name)) {
        if (node->code != rc::ok) {
          continue;
        }
        if (const auto p = store::decode<store::slot_payload>(node->data, node->path); !p) {
          found.push_back({finding_level::error, finding_rule::malformed_data, node->path, p.error().text,
                           "what is remembered of its item begins anew with its next slot"});
        }
      } else if (!is_valid_id(name)) {
        found.push_back({finding_level::note, finding_rule::foreign_node, node->path, "the name is no id",
                         "djm passes it over: find out who made it"});
      } else if (node->code == rc::ok) {
        if (const auto p = store::decode<store::state_payload>(node->data, node->path); !p) {
          found.push_back({finding_level::error, finding_rule::malformed_data, node->path, p.error().text,
                           "its item loads and saves nothing: set its state, which replaces it"});
        }
      }
    }
  }
  return found;
}

} // namespace djm
