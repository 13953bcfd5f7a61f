#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "actors/client/tree_doctor.hpp"
#include "actors/client/tree_index.hpp"

namespace djm {

/// What lists and data may come to before they are near what a server takes in one packet: 1 MiB unless configured.
inline constexpr std::size_t size_near = 700u << 10;
/// Jobs whose watches come near those that a session may have (4,000, two for a job).
inline constexpr std::size_t jobs_near = 1600;
/// What a name in a list takes beside its text.
inline constexpr std::size_t per_name = 4;

/// Lists and data near what a server takes: calls `tell(rule, level, path, text, advice)` for each.
template <class F>
void look_at_sizes(const store::tree_schema& tree, const tree_index& all, F tell) {
  for (const auto& r : all.records()) {
    std::size_t list = 0;
    for (const auto& name : r.children) {
      list += name.size() + per_name;
    }
    const auto most = std::max(list, r.data.size());
    if (most > size_near) {
      tell(finding_rule::limit_near, finding_level::warning, r.path,
           (list > r.data.size() ? "its list takes " : "its data takes ") + std::to_string(most) +
             " bytes of the 1048576 that a server takes unless configured",
           "raise jute.maxbuffer of all servers and nodes, or cut the job");
    }
  }
  if (const auto jobs = all.names_below(tree.pools()).size(); jobs > jobs_near) {
    tell(finding_rule::limit_near, finding_level::warning, tree.pools(),
         std::to_string(jobs) + " jobs: the leader watches two nodes for each, and has 4000 watches",
         "beyond that jobs are read again whenever any pool changes");
  }
}

} // namespace djm
