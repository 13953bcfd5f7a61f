#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/client/tree_walk.hpp"
#include "djm/tree_finding.hpp"

/// What is not as it should be in a tree, and how it is mended. A tree as it was read goes in. Pure.
namespace djm {

/// A finding, with the transaction that mends it; no operations: it is not mended from outside.
struct diagnosis {
  tree_finding finding;
  std::vector<store::write_op> ops;
};

/// `who` goes into the version nodes that a repair bumps, unlike what any node writes. The worst come first.
///
/// A repair touches only what no node of the cluster can mend, and what no run can stand on: each names the version
/// node that was read before what it changes, and the version of that.
std::vector<diagnosis> examine_tree(const store::tree_schema& tree, const std::vector<tree_record>& records,
                                    const std::string& who);

} // namespace djm
