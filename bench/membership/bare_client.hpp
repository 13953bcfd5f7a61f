#pragma once

#include <string>
#include <vector>

#include "bench/common/meter.hpp"
#include "bench/membership/workload.hpp"
#include "zkstore/types.hpp"

namespace djm::bench {

/// What nodes write for each item, as it stands in the store.
struct payloads {
  std::string pool, assigned, lock;
};

/// The payloads that nodes at this server write: one item is given to a node, and read.
payloads payloads_at(const std::string& connect);

using writes = std::vector<store::write_op>;

/// The znodes of a cold start, in the order in which nodes write them: pools, what is assigned, locks, and the folders
/// of each. Below another root, of the same length.
writes first_writes(const workload& w, const payloads& p, std::size_t nodes);
/// What it takes for a share of the items to move on to a node that joins: each is taken from its owner and given to
/// the other, who locks it when the former has unlocked it. Four writes an item.
writes moving_writes(const workload& w, const payloads& p, std::size_t nodes);
/// Removes what the two have made.
writes clearing_writes(const workload& w, std::size_t nodes);

/// Writes all in this order, in transactions of `in_one` of which `under_way` are sent ahead, and waits for the end:
/// what a client of the store can do that has nothing to decide.
usage write_all(const std::string& connect, const writes& all, std::size_t in_one = 100, std::size_t under_way = 16);

} // namespace djm::bench
