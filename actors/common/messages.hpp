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
struct commit {
  std::uint64_t request = 0;
  /// Number of the session in which it was decided. In any other one it is refused: what was read or made in a session
  /// that is over says nothing of who owns it now.
  std::uint64_t session = 0;
  store::transaction txn;
};
struct read {
  std::uint64_t request = 0;
  std::vector<store::read_op> reads;
  bool fresh = false;
};
struct start_probing {
  std::uint64_t number = 0;
  std::string path;
};
struct stop_probing {};
/// Node → store: end the session; the store answers with `session_changed` (closed) and `store_closed` to the sender.
struct close_session {};
/// A part has read something older than what it knows to have been written: the store has gone back.
struct read_older {
  store::zxid_t found = 0, seen = 0;
};
struct store_closed {};

/// Store → client.
struct commit_done {
  std::uint64_t request = 0;
  store::commit_outcome outcome;
};
struct read_done {
  std::uint64_t request = 0;
  store::read_outcome outcome;
};
struct watch_fired {
  store::watch_event event;
};
struct session_changed {
  store::session_view view;
};
/// Store → worker.
struct contact {
  std::uint64_t number = 0;
  time_point at;
};
/// Store, worker → keeper: `alive/<node>` is missing.
struct not_alive {};

// -- timers ---------------------------------------------------------------------

struct wake {};

// -- keeper ---------------------------------------------------------------------

/// Keeper → worker, election, node.
struct joined {
  std::uint64_t number = 0;
  std::string alive_data;
};
struct unjoined {};
/// Node → keeper.
struct offer {
  job_spec spec;
};
struct withdraw {
  job_id job;
};
struct leave {};
/// Runner → keeper.
struct pool {
  job_id job;
  std::vector<item_id> items;
};
/// Keeper → node.
struct left {};
struct failed {
  error why;
};

// -- election -------------------------------------------------------------------

struct resign {};
/// Election → manager.
struct granted {
  std::int64_t epoch = 0;
  std::string latch;
  /// The session whose latch it is.
  std::uint64_t session = 0;
};
struct revoked {};

// -- worker and runners ---------------------------------------------------------

/// Worker → runner.
struct grant {
  std::vector<work_item> items;
};
struct revoke {
  std::vector<item_id> items;
  stop_reason reason = stop_reason::revoked;
};
struct lease {
  time_point run_until;
  time_point deadline;
};
/// Runner → worker.
struct released {
  job_id job;
  std::vector<item_id> items;
};
/// Node → worker: release everything; `drained` answers. `hurry`: leave what still runs.
struct drain {};
struct hurry {};
struct drained {};
struct settled {
  bool settled = false;
};
/// Node → worker: is the job free of items? Answered by `job_free` as soon as it is.
struct remove_job {
  job_id job;
};
struct job_free {
  job_id job;
};

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
/// A run goes on and does not touch these items any more.
struct run_released {
  run_id id = 0;
  std::vector<item_id> items;
};
struct cut_done {
  std::uint64_t request = 0;
  bool ok = false;
  std::vector<std::vector<item_id>> parts;
  std::string failure;
};
struct pool_done {
  std::uint64_t request = 0;
  bool ok = false;
  std::vector<item_id> items;
  std::string failure;
};
struct trigger {};
struct reschedule {
  djm::schedule schedule;
};
/// Node → runner: ask every run to stop.
struct stop_runs {
  stop_reason reason = stop_reason::shutdown;
};
/// Node → runner: the worker was rebuilt; what it granted is void until granted again.
struct worker_restarted {};

// -- everyone → node ------------------------------------------------------------

struct happened {
  event what;
};

struct get_part_status {};

template <class V>
auto fields(V&& v, attach&) {
  return v("attach");
}
template <class V>
auto fields(V&& v, commit& x) {
  return v("commit", field("request", x.request), field("session", x.session), field("txn", x.txn));
}
template <class V>
auto fields(V&& v, read& x) {
  return v("read", field("request", x.request), field("reads", x.reads), field("fresh", x.fresh));
}
template <class V>
auto fields(V&& v, start_probing& x) {
  return v("start_probing", field("number", x.number), field("path", x.path));
}
template <class V>
auto fields(V&& v, stop_probing&) {
  return v("stop_probing");
}
template <class V>
auto fields(V&& v, close_session&) {
  return v("close_session");
}
template <class V>
auto fields(V&& v, read_older& x) {
  return v("read_older", field("found", x.found), field("seen", x.seen));
}
template <class V>
auto fields(V&& v, store_closed&) {
  return v("store_closed");
}
template <class V>
auto fields(V&& v, commit_done& x) {
  return v("commit_done", field("request", x.request), field("outcome", x.outcome));
}
template <class V>
auto fields(V&& v, read_done& x) {
  return v("read_done", field("request", x.request), field("outcome", x.outcome));
}
template <class V>
auto fields(V&& v, watch_fired& x) {
  return v("watch_fired", field("event", x.event));
}
template <class V>
auto fields(V&& v, session_changed& x) {
  return v("session_changed", field("phase", x.view.phase), field("number", x.view.number), field("id", x.view.id),
           field("timeout", x.view.timeout), field("connects", x.view.connects), field("closed_at", x.view.closed_at));
}
template <class V>
auto fields(V&& v, contact& x) {
  return v("contact", field("number", x.number), field("at", x.at));
}
template <class V>
auto fields(V&& v, not_alive&) {
  return v("not_alive");
}
template <class V>
auto fields(V&& v, wake&) {
  return v("wake");
}
template <class V>
auto fields(V&& v, joined& x) {
  return v("joined", field("number", x.number), field("alive_data", x.alive_data));
}
template <class V>
auto fields(V&& v, unjoined&) {
  return v("unjoined");
}
template <class V>
auto fields(V&& v, offer& x) {
  return v("offer", field("spec", x.spec));
}
template <class V>
auto fields(V&& v, withdraw& x) {
  return v("withdraw", field("job", x.job));
}
template <class V>
auto fields(V&& v, leave&) {
  return v("leave");
}
template <class V>
auto fields(V&& v, pool& x) {
  return v("pool", field("job", x.job), field("items", x.items));
}
template <class V>
auto fields(V&& v, left&) {
  return v("left");
}
template <class V>
auto fields(V&& v, failed& x) {
  return v("failed", field("code", x.why.code), field("text", x.why.text));
}
template <class V>
auto fields(V&& v, resign&) {
  return v("resign");
}
template <class V>
auto fields(V&& v, granted& x) {
  return v("granted", field("epoch", x.epoch), field("latch", x.latch), field("session", x.session));
}
template <class V>
auto fields(V&& v, revoked&) {
  return v("revoked");
}
template <class V>
auto fields(V&& v, grant& x) {
  return v("grant", field("items", x.items));
}
template <class V>
auto fields(V&& v, revoke& x) {
  return v("revoke", field("items", x.items), field("reason", x.reason));
}
template <class V>
auto fields(V&& v, lease& x) {
  return v("lease", field("run_until", x.run_until), field("deadline", x.deadline));
}
template <class V>
auto fields(V&& v, released& x) {
  return v("released", field("job", x.job), field("items", x.items));
}
template <class V>
auto fields(V&& v, drain&) {
  return v("drain");
}
template <class V>
auto fields(V&& v, hurry&) {
  return v("hurry");
}
template <class V>
auto fields(V&& v, drained&) {
  return v("drained");
}
template <class V>
auto fields(V&& v, settled& x) {
  return v("settled", field("settled", x.settled));
}
template <class V>
auto fields(V&& v, remove_job& x) {
  return v("remove_job", field("job", x.job));
}
template <class V>
auto fields(V&& v, job_free& x) {
  return v("job_free", field("job", x.job));
}
template <class V>
auto fields(V&& v, run_done& x) {
  return v("run_done", field("id", x.id), field("failed", x.failed), field("failure", x.failure),
           field("dropped", x.dropped), field("waited", x.waited), field("took", x.took), field("items", x.items));
}
template <class V>
auto fields(V&& v, run_released& x) {
  return v("run_released", field("id", x.id), field("items", x.items));
}
template <class V>
auto fields(V&& v, cut_done& x) {
  return v("cut_done", field("request", x.request), field("ok", x.ok), field("parts", x.parts),
           field("failure", x.failure));
}
template <class V>
auto fields(V&& v, pool_done& x) {
  return v("pool_done", field("request", x.request), field("ok", x.ok), field("items", x.items),
           field("failure", x.failure));
}
template <class V>
auto fields(V&& v, trigger&) {
  return v("trigger");
}
template <class V>
auto fields(V&& v, reschedule& x) {
  return v("reschedule", field("schedule", x.schedule));
}
template <class V>
auto fields(V&& v, stop_runs& x) {
  return v("stop_runs", field("reason", x.reason));
}
template <class V>
auto fields(V&& v, worker_restarted&) {
  return v("worker_restarted");
}
template <class V>
auto fields(V&& v, happened& x) {
  return v("happened", field("what", x.what));
}
template <class V>
auto fields(V&& v, get_part_status&) {
  return v("get_part_status");
}

using djm::inspect;

} // namespace djm::msg

DJM_SHOW_VARIANT(djm::store::write_op)
DJM_SHOW_VARIANT(djm::store::commit_outcome)
