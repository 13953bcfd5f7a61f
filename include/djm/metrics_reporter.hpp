#pragma once

#include "djm/export.hpp"
#include "djm/ids.hpp"
#include "djm/node_status.hpp"

namespace djm {

/// Hears every so often how its node is, to pass that on to where metrics are pushed (`node_options::reporter`). What
/// to pass on is its own affair; `metrics_text` makes of a status what Prometheus reads.
///
/// Its members are called one after the other, on a thread of its own. What they throw is contained, logged and
/// counted. One that takes its time delays nobody but itself: a period that comes meanwhile is left out and counted
/// (`node_status::reports_skipped`).
///
///   start ──► report, each period ──► report, once more at the end of the node ──► stop
///
/// One reporter belongs to one node. The node lets go of it after `stop`, on the same thread.
class DJM_EXPORT metrics_reporter {
public:
  virtual ~metrics_reporter() = default;

  /// Called first. The parts of the node start after it has returned, or after a second: then it goes on beside them.
  virtual void start(const node_id& node);
  /// How the node is now. The last one is from the end of the node: no code of jobs runs any more, its items are given
  /// back, its counters have their last values.
  virtual void report(const node_status& status) = 0;
  /// Called last, when the node has ended or could not be started, and only where `start` was called. For what is still
  /// to be reported then, and for this, there is a second; who takes longer is left behind on its thread.
  virtual void stop();
};

} // namespace djm
