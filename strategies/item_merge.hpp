#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "djm/assignment_problem.hpp"

namespace djm {

/// The items of a job and their order by name, in which a changed list is compared with them.
struct named_items {
  std::shared_ptr<const item_set> set; ///< null: none yet
  std::vector<std::uint32_t> by_name;  ///< numbers of the items, sorted by name
};

struct merged_items {
  named_items now;
  /// Per item of `now`: its number before, or `no_worker` when it is new.
  std::vector<std::uint32_t> origin;
  /// Numbers before of the items that are gone, sorted by name.
  std::vector<std::uint32_t> gone;
};

/// What the items become when `names` (sorted, none twice) are all there are; new names must be `accepted`, others are
/// left out. Only new names are hashed; the rest is one pass over the names and one over the hashes. The same names
/// give the same set.
merged_items merge_items(named_items before, const std::vector<item_id>& names, bool (*accepted)(std::string_view));

/// The items of `all` for which `keep` holds, in the same order. No name is hashed.
std::shared_ptr<const item_set> keep_items(const item_set& all, const std::vector<bool>& keep);

} // namespace djm
