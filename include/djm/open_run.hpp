#pragma once

#include <exception>
#include <memory>

#include "djm/export.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"

namespace djm {

/// What works for a run outside of this process, and must not outlast the right to do so. Both members may be called on
/// any thread, one call at a time.
class DJM_EXPORT lease_follower {
public:
  virtual ~lease_follower() = default;
  /// Nothing of the run may be left at `deadline` (of the boot clock) any more; the latest word counts, also where it
  /// is earlier than the one before. `time_point::max()`: there is no limit. Must not wait for anything: the node
  /// cannot renew its lease meanwhile. What it throws is reported, and nothing else.
  virtual void lease_changed(time_point deadline) = 0;
  /// After a word that was earlier: returns when whoever works has acknowledged it, or has been killed. What has not
  /// acknowledged it at `until` is killed then. The node waits for this before it does in the store what the others
  /// count from, so that a process which is frozen at that moment keeps nothing alive. What it throws is reported; then
  /// nobody knows that it has settled.
  virtual void settle(time_point until) = 0;
};

/// A run that its code has taken over (`job::begin`): it goes on without a thread of the executor, until `finish`.
/// Thread-safe. When nobody refers to it any more and it has not been finished, the run fails, with a text that says
/// so.
class DJM_EXPORT open_run {
public:
  virtual ~open_run() = default;
  /// As `job::run` gets it; valid until `finish`. Whoever calls `load` and `save` waits for the store.
  virtual job_context& context() = 0;
  /// Tells `f` at once how long the lease lasts, and from then on whenever that changes, as long as `f` and the run are
  /// there. The latest one takes the place of the one before.
  virtual void follow_lease(std::weak_ptr<lease_follower> f) = 0;
  /// Ends the run, as if `job::run` had returned, or thrown what this holds. Only the first call counts. Waits for stop
  /// callbacks of the run that are under way, so it must not be called by one.
  virtual void finish(std::exception_ptr thrown = nullptr) = 0;
};

} // namespace djm
