#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "actors/manager/cluster_image.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/types.hpp"

namespace djm {

/// Reads the whole tree into an image once, in three rounds and without watches: what a node that does not lead knows
/// of the cluster when it is asked. Malformed payloads are passed over as the leader does. Pure; one use.
class image_reader {
public:
  explicit image_reader(store::tree_schema tree) : tree_(std::move(tree)) {}

  /// What to read next; empty when the image is complete.
  std::vector<store::read_op> next();
  /// The answer to what `next` named. Error `malformed_payload`: the tree is incomplete.
  expected<void> take(const store::read_outcome& r);

  const cluster_image& image() const noexcept { return image_; }
  /// Workers that are neither there nor left: the leader may be waiting for them.
  std::set<node_id> away() const;

private:
  enum class round : std::uint8_t { base, details, items, done };

  expected<void> take_base(const store::read_outcome& r);
  void take_details(const store::read_outcome& r);
  void take_items(const store::read_outcome& r);

  store::tree_schema tree_;
  round round_ = round::base;
  cluster_image image_;
  std::vector<node_id> workers_;
  std::vector<node_id> marked_;
  std::vector<job_id> jobs_;
  std::vector<std::pair<node_id, job_id>> folders_;
};

} // namespace djm
