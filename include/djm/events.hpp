#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"

/// What a node tells its subscribers, in the order in which it happened on that node.
namespace djm {

/// Items of the job are locked by this node and may run from now on.
struct items_granted {
  job_id job;
  std::vector<work_item> items;
};
/// Items of the job were taken from this node; runs that hold them have been told, and are asked to stop unless they
/// release them.
struct items_revoked {
  job_id job;
  std::vector<item_id> items;
  stop_reason reason = stop_reason::revoked;
};
/// No run holds these items any more; their locks are given back.
struct items_released {
  job_id job;
  std::vector<item_id> items;
};
/// The run was handed to the threads of user code; it may still wait for one (`waited` tells at its end).
struct run_started {
  job_id job;
  run_id run = 0;
  std::vector<work_item> items;
};
struct run_finished {
  job_id job;
  run_id run = 0;
  /// From the moment its code was called.
  duration took = duration::zero();
  /// For a thread, before that.
  duration waited = duration::zero();
};
struct run_failed {
  job_id job;
  run_id run = 0;
  duration took = duration::zero();
  std::string what;
  duration waited = duration::zero();
  /// Items that failed by name (`job_context::fail_item`, `for_each_item`); empty when the run as a whole threw.
  std::vector<item_id> items{};
};
/// The run ignored its stop request for longer than its grace, or beyond the deadline at which its items may start
/// elsewhere (`past_deadline`).
struct run_overrun {
  job_id job;
  run_id run = 0;
  bool past_deadline = false;
};
/// The pool function failed or hangs, or named items that break a rule; the pool stays as it was (valid items count).
struct pool_problem {
  job_id job;
  error why;
};
/// Items of the job found no room (told by the leader, once per change): more capacity of this profile would serve
/// them. Bind an autoscaler to it.
struct capacity_wanted {
  job_id job;
  std::uint64_t items = 0;
  /// What each item needs, in milli-units; empty when only slots are missing.
  std::map<std::string, std::int64_t> profile;
};
/// Leadership as this node sees it; empty `leader`: none known.
struct leader_changed {
  node_id leader;
  std::int64_t epoch = 0;
};
/// The node's connection: "connecting", "connected", "suspended", "reconnected", "lost", "stopped".
struct connection_changed {
  std::string state;
};
/// Items that this node holds have been in no run for a period of the job and its stop grace, because the run of their
/// share goes on without them (`new_items_policy::own_run` gives them one of their own), other runs take all places, or
/// the function that cuts the share does not answer. Told once, and once more with `over` when it has come to its end.
struct item_starved {
  job_id job;
  std::vector<item_id> items;
  bool over = false;
};
/// Something went wrong that a person should know about. Told when it begins and when its text changes; how often it
/// has come up since is in the status.
struct problem {
  std::string component;
  error why;
  /// What it is about, as its component calls it: it goes on until `problem_over` says the same. Empty: it is over.
  std::string about = {};
};
/// The problem is over.
struct problem_over {
  std::string component;
  std::string about;
};

/// The lease of this node has come to its end, because the store was out of reach for too long: these runs of the job
/// have been asked to stop (`stop_reason::lease_expiring`), and none starts before the connection is back. From
/// `stop_grace` later on their items may run elsewhere.
struct lease_ended {
  job_id job;
  std::vector<run_id> runs;
};

using event = std::variant<items_granted, items_revoked, items_released, run_started, run_finished, run_failed,
                           run_overrun, pool_problem, capacity_wanted, leader_changed, connection_changed, problem,
                           item_starved, problem_over, lease_ended>;

namespace detail {

template <class T, class Variant>
inline constexpr bool is_alternative = false;
template <class T, class... Ts>
inline constexpr bool is_alternative<T, std::variant<Ts...>> = (std::is_same_v<T, Ts> || ...);

} // namespace detail

template <class T>
inline constexpr bool always_named<T, std::enable_if_t<detail::is_alternative<T, event>>> = true;

/// An event with its origin.
struct node_event {
  node_id node;
  /// Milliseconds since the Unix epoch, for people.
  std::int64_t at_ms = 0;
  event what;
};

template <class V>
auto fields(V&& v, items_granted& x) {
  return v("items_granted", field("job", x.job), field("items", x.items));
}
template <class V>
auto fields(V&& v, items_revoked& x) {
  return v("items_revoked", field("job", x.job), field("items", x.items), field("reason", x.reason));
}
template <class V>
auto fields(V&& v, items_released& x) {
  return v("items_released", field("job", x.job), field("items", x.items));
}
template <class V>
auto fields(V&& v, run_started& x) {
  return v("run_started", field("job", x.job), field("run", x.run), field("items", x.items));
}
template <class V>
auto fields(V&& v, run_finished& x) {
  return v("run_finished", field("job", x.job), field("run", x.run), field("took", x.took), field("waited", x.waited));
}
template <class V>
auto fields(V&& v, run_failed& x) {
  return v("run_failed", field("job", x.job), field("run", x.run), field("took", x.took), field("what", x.what),
           field("waited", x.waited), field("items", x.items));
}
template <class V>
auto fields(V&& v, run_overrun& x) {
  return v("run_overrun", field("job", x.job), field("run", x.run), field("past_deadline", x.past_deadline));
}
template <class V>
auto fields(V&& v, pool_problem& x) {
  return v("pool_problem", field("job", x.job), field("code", x.why.code), field("text", x.why.text));
}
template <class V>
auto fields(V&& v, capacity_wanted& x) {
  return v("capacity_wanted", field("job", x.job), field("items", x.items), field("profile", x.profile));
}
template <class V>
auto fields(V&& v, leader_changed& x) {
  return v("leader_changed", field("leader", x.leader), field("epoch", x.epoch));
}
template <class V>
auto fields(V&& v, connection_changed& x) {
  return v("connection_changed", field("state", x.state));
}
template <class V>
auto fields(V&& v, item_starved& x) {
  return v("item_starved", field("job", x.job), field("items", x.items), field("over", x.over));
}
template <class V>
auto fields(V&& v, problem& x) {
  return v("problem", field("component", x.component), field("code", x.why.code), field("text", x.why.text),
           field("about", x.about));
}
template <class V>
auto fields(V&& v, problem_over& x) {
  return v("problem_over", field("component", x.component), field("about", x.about));
}
template <class V>
auto fields(V&& v, lease_ended& x) {
  return v("lease_ended", field("job", x.job), field("runs", x.runs));
}
template <class V>
auto fields(V&& v, node_event& x) {
  return v("node_event", field("node", x.node), field("at_ms", x.at_ms), field("what", x.what));
}

} // namespace djm
