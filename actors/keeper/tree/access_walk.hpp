#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "zkstore/tree/read_batch.hpp"

namespace djm {

/// Goes through a tree from its root and closes what is open to everybody. A node is closed before its children are
/// listed, so nobody without permission can add one that is missed; `last` is closed when all the rest is, so that a
/// tree that was closed in part can be told. Pure.
class access_walk {
public:
  access_walk(std::string root, std::string last) : last_(std::move(last)) { look_.push_back(std::move(root)); }

  bool done() const { return open_.empty() && list_.empty() && look_.empty() && last_.empty(); }
  /// The node to be closed next; empty: something is to be read first.
  std::string to_close() const { return open_.empty() ? std::string{} : open_.front(); }
  /// It is closed, or gone.
  void closed(bool changed);
  /// It belongs to somebody else.
  void refused();
  /// What is to be read when nothing is to be closed.
  read_batch to_read();
  void on_read(const read_batch& asked);

  std::size_t count() const { return count_; }
  /// What cannot be closed.
  const std::vector<std::string>& foreign() const { return foreign_; }

private:
  std::string last_;
  std::deque<std::string> look_; ///< whose access is to be looked at
  std::deque<std::string> open_; ///< found to be open
  std::deque<std::string> list_; ///< closed: their children come next
  std::vector<std::string> foreign_;
  std::size_t count_ = 0;
};

} // namespace djm
