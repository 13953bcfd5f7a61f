#pragma once

#include <string>

namespace djm::exec {

/// A cgroup of version 2 in which the processes of one run are, as the helper and, in its place, the node see it.
class cgroup_leaf {
public:
  /// Of an open folder, which it takes; -1: none.
  explicit cgroup_leaf(int folder) : folder_(folder) {}
  cgroup_leaf(cgroup_leaf&& other) noexcept;
  cgroup_leaf& operator=(cgroup_leaf&& other) noexcept;
  ~cgroup_leaf();

  int folder() const { return folder_; }

  /// To each process in it.
  void signal(int number) const;
  /// Kills all at once, or (before Linux 5.14) freezes them so that none forks meanwhile, kills each, and lets them
  /// die.
  void kill() const;
  /// Whether there is any process in it; also when that cannot be found out. `events` is its cgroup.events, -1: opened
  /// for this.
  bool populated(int events = -1) const;

private:
  int folder_;
};

} // namespace djm::exec
