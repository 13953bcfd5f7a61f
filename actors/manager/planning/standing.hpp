#pragma once

#include <set>

#include "actors/manager/cluster_image.hpp"
#include "actors/manager/lock_watchdog.hpp"
#include "actors/manager/member_history.hpp"

/// How workers stand with the leader: who takes part in a plan, and for whom nothing waits any more.
namespace djm {

/// Gone for less than its tolerance: they keep what they have and get nothing.
std::set<node_id> frozen(const cluster_image& image, const lock_watchdog& watchdog, time_point now);

/// Workers that are there and get no items, because they end again and again. Where one of them is the only one left
/// for a job, it counts like any other: better some of the time than never.
std::set<node_id> shunned(const cluster_image& image, const member_history& history, time_point now);

/// It has left, or has been gone for longer than its tolerance: nothing waits for it any more.
bool is_over(const node_id& id, const worker_image& w, const lock_watchdog& watchdog, time_point now);

} // namespace djm
