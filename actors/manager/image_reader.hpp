#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "actors/dialogue/read_batch.hpp"
#include "actors/manager/cluster_image.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Reads the whole tree into an image once, in three rounds and without watches: what a node that does not lead knows
/// of the cluster when it is asked. Malformed payloads are passed over as the leader does. Pure; one use.
class image_reader {
public:
  explicit image_reader(store::tree_schema tree) : tree_(std::move(tree)) {}

  bool complete() const noexcept { return round_ == round::done; }
  /// What to read next, until the image is complete.
  read_batch next();
  /// The answers to the latest `next`. Error `malformed_payload`: the tree is incomplete.
  expected<void> take();

  const cluster_image& image() const noexcept { return image_; }
  /// Workers that are neither there nor left: the leader may be waiting for them.
  std::set<node_id> away() const;

private:
  enum class round : std::uint8_t { base, details, items, done };

  struct base_slots {
    read_slot workers, pools, jobs, marks;
  };
  struct worker_slots {
    node_id id;
    read_slot registration, available, assigned, alive;
  };
  struct job_slots {
    job_id id;
    read_slot pool, items;
  };
  struct folder {
    node_id worker;
    job_id job;
  };

  expected<void> take_base();
  void take_details();
  void take_items();

  store::tree_schema tree_;
  round round_ = round::base;
  cluster_image image_;
  base_slots base_;
  std::vector<worker_slots> workers_;
  std::vector<job_slots> jobs_;
  std::vector<node_id> marked_;
  read_slots<node_id> marks_;
  std::vector<folder> assigned_;
  read_slots<folder> folders_;
};

} // namespace djm
