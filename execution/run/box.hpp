#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <sys/types.h>

#include "execution/run/spawn.hpp"
#include "execution/wire/wire.hpp"

namespace djm::exec {

/// How a main process ended.
struct process_end {
  bool signalled = false;
  int code = 0;
};

/// What holds the processes of one command together. One thread.
class box {
public:
  virtual ~box() = default;

  /// Makes it, without any process of the command in it; errno, or 0. Then `witness` is what the node may hold to know
  /// when it is gone (-1: nothing).
  virtual int prepare(const command_ends& ends, std::int64_t start_until) = 0;
  virtual int witness() const { return -1; }

  /// Starts the command in it; errno, or 0.
  virtual int start(const command_ends& ends, std::int64_t start_until) = 0;
  /// What has gone wrong with that later: errno, or 0.
  virtual int late_error() const { return 0; }
  /// As the helper's own processes are counted; 0 while it is not known.
  virtual pid_t main_process() const = 0;

  /// To all processes that there are.
  virtual void signal(int number) = 0;
  virtual void kill() = 0;

  /// A child of this process has ended, and was reaped.
  virtual void reaped(pid_t pid, int status) = 0;
  /// What is readable, or has urgent data, when `look` has something to see; -1: nothing.
  virtual int event() const { return -1; }
  virtual short event_kind() const;
  virtual void look() {}

  /// How the main process ended, once it has.
  virtual std::optional<process_end> main_end() const = 0;
  /// Whether nothing of the command is left; asked only after its main process has ended.
  virtual bool empty() = 0;
};

/// From what `waitpid` says.
process_end end_of(int status);

/// Held by a cgroup of version 2, whose folder is `leaf`; the helper stays outside of it.
std::unique_ptr<box> make_cgroup_box(const order& o, int leaf);
/// Held by a pid namespace, which ends with its first process, and that with this one.
std::unique_ptr<box> make_pidns_box(const order& o);
/// Held by this process as the one to whom orphans are given. Whoever outlives this process is not held any more.
std::unique_ptr<box> make_tree_box(const order& o);

/// Whether this process may make a pid namespace: tries it.
bool can_make_pidns();

} // namespace djm::exec
