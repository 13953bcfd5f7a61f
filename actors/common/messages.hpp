#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/common/type_ids.hpp"
#include "djm/caf.hpp"
#include "djm/inspect.hpp"
#include "djm/job_spec.hpp"
#include "djm/messages.hpp"
#include "djm/status.hpp"
#include "zkstore/session_core.hpp"

/// What the actors of one node say to each other. All of it stays in the process. See actors/README.md for the map.
namespace djm::msg {

// -- store and its clients ------------------------------------------------------

/// Client → store: become a client; the store answers with `session_changed`.
struct attach {};
DJM_FIELDS(attach)

struct commit {
  std::uint64_t request = 0;
  /// Number of the session in which it was decided. In any other one it is refused: what was read or made in a session
  /// that is over says nothing of who owns it now.
  std::uint64_t session = 0;
  store::transaction txn;
};
DJM_FIELDS(commit, request, session, txn)

struct read {
  std::uint64_t request = 0;
  std::vector<store::read_op> reads;
  bool fresh = false;
};
DJM_FIELDS(read, request, reads, fresh)

struct start_probing {
  std::uint64_t number = 0;
  std::string path;
};
DJM_FIELDS(start_probing, number, path)

struct stop_probing {};
DJM_FIELDS(stop_probing)

/// Node → store: end the session; the store answers with `session_changed` (closed) and `store_closed` to the sender.
struct close_session {};
DJM_FIELDS(close_session)

/// A part has read something older than what it knows to have been written: the store has gone back.
struct read_older {
  store::zxid_t found = 0, seen = 0;
};
DJM_FIELDS(read_older, found, seen)

struct store_closed {};
DJM_FIELDS(store_closed)

/// Store → client.
struct commit_done {
  std::uint64_t request = 0;
  store::commit_outcome outcome;
};
DJM_FIELDS(commit_done, request, outcome)

struct read_done {
  std::uint64_t request = 0;
  store::read_outcome outcome;
};
DJM_FIELDS(read_done, request, outcome)

struct watch_fired {
  store::watch_event event;
};
DJM_FIELDS(watch_fired, event)

struct session_changed {
  store::session_view view;
};
/// Store → worker.
struct contact {
  std::uint64_t number = 0;
  time_point at;
};
DJM_FIELDS(contact, number, at)

/// Store, worker → keeper: `alive/<node>` is missing.
struct not_alive {};
DJM_FIELDS(not_alive)

// -- timers ---------------------------------------------------------------------

struct wake {};
DJM_FIELDS(wake)

// -- keeper ---------------------------------------------------------------------

/// Keeper → worker, election, node.
struct joined {
  std::uint64_t number = 0;
  std::string alive_data;
};
DJM_FIELDS(joined, number, alive_data)

struct unjoined {};
DJM_FIELDS(unjoined)

/// Node → keeper.
struct offer {
  job_spec spec;
};
DJM_FIELDS(offer, spec)

struct withdraw {
  job_id job;
};
DJM_FIELDS(withdraw, job)

struct leave {};
DJM_FIELDS(leave)

/// Runner → keeper.
struct pool {
  job_id job;
  std::vector<item_id> items;
};
DJM_FIELDS(pool, job, items)

/// Keeper → node.
struct left {};
DJM_FIELDS(left)

struct failed {
  error why;
};

// -- election -------------------------------------------------------------------

struct resign {};
DJM_FIELDS(resign)

/// Election → manager.
struct granted {
  std::int64_t epoch = 0;
  std::string latch;
  /// The session whose latch it is.
  std::uint64_t session = 0;
};
DJM_FIELDS(granted, epoch, latch, session)

struct revoked {};
DJM_FIELDS(revoked)

// -- worker and runners ---------------------------------------------------------

/// Worker → runner.
struct grant {
  std::vector<work_item> items;
};
DJM_FIELDS(grant, items)

struct revoke {
  std::vector<item_id> items;
  stop_reason reason = stop_reason::revoked;
};
DJM_FIELDS(revoke, items, reason)

struct lease {
  time_point run_until;
  time_point deadline;
};
DJM_FIELDS(lease, run_until, deadline)

/// Runner → worker.
struct released {
  job_id job;
  std::vector<item_id> items;
};
DJM_FIELDS(released, job, items)

/// Node → worker: release everything; `drained` answers. `hurry`: leave what still runs.
struct drain {};
DJM_FIELDS(drain)

struct hurry {};
DJM_FIELDS(hurry)

struct drained {};
DJM_FIELDS(drained)

struct settled {
  bool settled = false;
};
DJM_FIELDS(settled, settled)

/// Node → worker: is the job free of items? Answered by `job_free` as soon as it is.
struct remove_job {
  job_id job;
};
DJM_FIELDS(remove_job, job)

struct job_free {
  job_id job;
};
DJM_FIELDS(job_free, job)

// -- runner ---------------------------------------------------------------------

struct run_done {
  run_id id = 0;
  bool failed = false;
  std::string failure;
  /// Its code was not called.
  bool dropped = false;
  duration waited = duration::zero(), took = duration::zero();
  /// Those that failed by name.
  std::vector<item_id> items;
};
DJM_FIELDS(run_done, id, failed, failure, dropped, waited, took, items)

/// A run goes on and does not touch these items any more.
struct run_released {
  run_id id = 0;
  std::vector<item_id> items;
};
DJM_FIELDS(run_released, id, items)

struct cut_done {
  std::uint64_t request = 0;
  bool ok = false;
  std::vector<std::vector<item_id>> parts;
  std::string failure;
};
DJM_FIELDS(cut_done, request, ok, parts, failure)

struct pool_done {
  std::uint64_t request = 0;
  bool ok = false;
  std::vector<item_id> items;
  std::string failure;
};
DJM_FIELDS(pool_done, request, ok, items, failure)

struct trigger {};
DJM_FIELDS(trigger)

struct reschedule {
  djm::schedule schedule;
};
DJM_FIELDS(reschedule, schedule)

/// Node → runner: ask every run to stop.
struct stop_runs {
  stop_reason reason = stop_reason::shutdown;
};
DJM_FIELDS(stop_runs, reason)

/// Node → runner: the worker was rebuilt; what it granted is void until granted again.
struct worker_restarted {};
DJM_FIELDS(worker_restarted)

// -- everyone → node ------------------------------------------------------------

struct happened {
  event what;
};
DJM_FIELDS(happened, what)

struct get_part_status {};
DJM_FIELDS(get_part_status)

template <class V>
auto fields(V&& v, session_changed& x) {
  return v("session_changed", field("phase", x.view.phase), field("number", x.view.number), field("id", x.view.id),
           field("timeout", x.view.timeout), field("connects", x.view.connects), field("closed_at", x.view.closed_at));
}
template <class V>
auto fields(V&& v, failed& x) {
  return v("failed", field("code", x.why.code), field("text", x.why.text));
}

using djm::inspect;

} // namespace djm::msg

DJM_SHOW_VARIANT(djm::store::write_op)
DJM_SHOW_VARIANT(djm::store::commit_outcome)
