#pragma once

#include <cstddef>

#include "actors/dialogue/txn_builder.hpp"
#include "actors/manager/cleaning/clean_list.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// One thing on its way out of the tree: what was read of it, and the operations that remove it.
class removal {
public:
  /// What an operation is about: the place of its removal in the batch.
  using label = std::size_t;
  using builder = txn_builder<label>;

  /// Asks for what has to be known of it.
  removal(clean_task task, const store::tree_schema& tree, read_batch& ask);

  const clean_task& task() const { return task_; }
  clean_task::kind what() const { return task_.what; }
  /// Whether the transaction removes something of it, and whether all.
  bool removes() const { return removes_; }
  bool whole() const { return whole_; }

  /// Adds what removes it, as far as it fits into `most` operations; nothing when it is in use again. False when it did
  /// not fit as a whole.
  bool add_to(builder& txn, label place, std::size_t most, const store::tree_schema& tree);

private:
  struct adding;
  bool add_pool(adding& to) const;
  bool add_worker(adding& to) const;
  bool add_folders(adding& to);

  clean_task task_;
  bool removes_ = false;
  bool whole_ = false;
  // Where the answers about it are, as far as its kind has them.
  read_slot node_, items_, alive_, available_, assigned_;
};

} // namespace djm
