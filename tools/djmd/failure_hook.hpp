#pragma once

#include <cstdint>
#include <memory>

#include "djm/history.hpp"
#include "djm/launcher.hpp"
#include "tools/djmd/daemon_file.hpp"

namespace djm::daemon {

/// Starts a program for each run that has failed, with what is known of it in its environment. It belongs to no item
/// and has no lease, so it is held and ended as any command, and by nothing else. Thread-safe.
class failure_hook {
public:
  failure_hook(failure_table t, std::shared_ptr<launcher> by);
  ~failure_hook();
  failure_hook(const failure_hook&) = delete;
  failure_hook& operator=(const failure_hook&) = delete;

  /// Waits for nothing but the start of a process.
  void tell(const past_run& r);

private:
  class call;
  struct shared;
  const failure_table table_;
  const std::shared_ptr<launcher> launcher_;
  const std::shared_ptr<shared> shared_;
};

} // namespace djm::daemon
