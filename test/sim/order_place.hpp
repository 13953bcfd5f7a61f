#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "actors/client/order_core.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm::sim {

/// Where orders from outside stand in the tree, for whoever judges them: read from its contents alone.
class order_place {
public:
  /// Data by path, of what orders may be about.
  using contents = std::map<std::string, std::string>;

  explicit order_place(const std::string& root) : tree_(root) {}

  const store::tree_schema& tree() const { return tree_; }
  bool is_of_interest(const std::string& path) const;
  /// The node that the order is about.
  std::string subject(const order_core::order& what) const;
  bool stands(const order_core::order& what, const contents& nodes) const;
  /// Whether a transaction of the order has changed nothing in its node but what it is about.
  bool keeps_the_rest(const order_core::order& what, const contents& before, const contents& after) const;
  /// Of the job's record; 0: there is none.
  std::int64_t rev_of(const job_id& job, const contents& nodes) const;

private:
  store::tree_schema tree_;
};

} // namespace djm::sim
