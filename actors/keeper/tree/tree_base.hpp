#pragma once

#include <string>
#include <vector>

#include "actors/keeper/keeper_store.hpp"

namespace djm {

/// Prepares the tree: makes what is missing of its base and of the way to its root, once per life and whenever
/// somebody has deleted any of it. A tree of the layout before this one is taken over when no living node of that is
/// left; there is no way back.
class tree_base {
public:
  tree_base(keeper_lifetime& life, keeper_store& store, membership& member)
    : life_(life), store_(store), member_(member) {}

  /// The nodes directly below the root.
  std::vector<std::string> paths() const;
  /// All of it is there, as far as this node knows.
  bool prepared() const { return prepared_; }
  /// A part of it is gone: it is read again, and made anew.
  void incomplete() { prepared_ = false; }
  /// Something that a transaction relies on is not there. It may be a part of the base that somebody has deleted, so
  /// that is looked at before the next attempt.
  void doubt(const store::conflict* met);

  void start(keeper_effects& out);

private:
  // Where the answers are.
  struct slots {
    read_slot format, root, latches;
    read_slots<std::string> nodes;
  };

  void apply(const slots& answers, step s, keeper_effects& out);
  bool check_format(const store::read_result& format, step s, keeper_effects& out);
  void look_for_former(step s, keeper_effects& out);
  void apply_former(const read_slot& format, const read_slot& worker_version, const read_slot& alive, step s,
                    keeper_effects& out);
  void raise_format(const read_slot& format, const read_slot& worker_version, const read_slots<node_id>& lives, step s,
                    keeper_effects& out);
  void make(const slots& answers, keeper_effects& out);
  void written(const keeper_outcome& o, step s, keeper_effects& out);
  void end_all_terms(const std::vector<std::string>& latches, keeper_txn& txn) const;
  std::string first_data(const std::string& path);
  std::vector<std::string> way_to_root() const;
  void apply_way(const read_slots<std::string>& way, step s, keeper_effects& out);
  void way_written(const std::string& made, const keeper_outcome& o, step s, keeper_effects& out);

  keeper_lifetime& life_;
  keeper_store& store_;
  membership& member_;
  bool prepared_ = false;
};

} // namespace djm
