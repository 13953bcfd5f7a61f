#pragma once

#include <string>
#include <vector>

#include "actors/client/tree_index.hpp"
#include "djm/tree_finding.hpp"

namespace djm {

/// Something in a tree that is not as it should be.
struct odd_thing {
  finding_level level;
  finding_rule rule;
  std::string path, text, advice;
};

/// Those of the saved states of items. Nothing of it is mended from outside.
std::vector<odd_thing> odd_states(const store::tree_schema& tree, const tree_index& all);

} // namespace djm
