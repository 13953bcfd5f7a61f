#pragma once

#include <string>
#include <vector>

#include "actors/keeper/pools/offer_book.hpp"

namespace djm {

/// What people read of a pool that stands as another node wants it, behind its path: what `node` offers, and how the
/// schedule and the items there differ from that.
std::string describe_disagreement(const node_id& node, const job_offer& o, const std::string& schedule,
                                  const std::vector<item_id>& theirs);

} // namespace djm
