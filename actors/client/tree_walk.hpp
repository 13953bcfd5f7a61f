#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "djm/client_answers.hpp"
#include "djm/error.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// A node as it was read, with all that the store says of it.
struct tree_record {
  std::string path;
  store::rc code = store::rc::no_node;
  std::string data;
  store::stat stat;
  std::vector<std::string> children;
  bool open = false;
};

/// Reads every node below the root, level by level, so that the version nodes are read before what they guard. Each
/// node comes before those below it. Nodes that went meanwhile are left out. Pure; one use, as `snapshot_reader`.
class tree_walk {
public:
  /// More nodes than `most` are not read.
  tree_walk(const store::tree_schema& tree, std::size_t most);

  bool complete() const noexcept { return level_.empty(); }
  read_batch next();
  void take();
  std::vector<tree_record> take_records() { return std::move(records_); }
  bool cut_off() const noexcept { return cut_off_; }

private:
  std::size_t most_;
  bool cut_off_ = false;
  std::vector<std::string> level_;
  read_slots<std::string> data_, children_, access_;
  std::vector<tree_record> records_;
};

/// For whoever shows the tree.
std::vector<tree_node> nodes_of(const std::vector<tree_record>& records);

/// `malformed_payload`: there is no tree of djm at this root at all. `no_permission`: the account may not read it.
expected<void> check_is_tree(const store::tree_schema& tree, const std::vector<tree_record>& records);

} // namespace djm
