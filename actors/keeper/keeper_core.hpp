#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "actors/keeper/keeper_parts.hpp"
#include "djm/job_spec.hpp"
#include "djm/status.hpp"

namespace djm {

/// Keeps this node registered: prepares the tree, writes pools, joins, joins again after the session was lost, and
/// leaves (protocol §4 and §4.1). The order of its activities; how far the node is on its way is `membership`.
///
///   on the way in                          joined: what is out of date, the first of
///   preparing    tree_base                 ├─ tree_base     (a part of it may be missing)
///   pools        tree_base, tree_access,   ├─ tree_access   (it was open to everybody)
///                record_check, pool_check  ├─ record_check  (records that may not be as known)
///   registering  registration, id_wait     ├─ pool_check    (pools that may not be as wanted)
///   leaving      leaving                   ├─ registration  (offers that have changed)
///                                          ├─ record_look   (each T/2, or a record has changed)
///                                          ├─ pool_look     (each T/2)
///                                          └─ sentry        (a list has changed)
///
/// One question or transaction is under way at a time. Every decision starts from what was read after the previous
/// outcome, so an unknown outcome needs no special case: the next read, behind a barrier, shows what became of it.
class keeper_core {
public:
  using joined = keeper_joined;
  using unjoined = keeper_unjoined;
  using start_probing = keeper_start_probing;
  using stop_probing = keeper_stop_probing;
  using left = keeper_left;
  using failed = keeper_failed;
  using read_older = keeper_read_older;
  using follow = keeper_follow;
  using job_ended = keeper_job_ended;
  using pool_changed = keeper_pool_changed;
  using effect = keeper_effect;
  using effects = keeper_effects;
  using settings = keeper_config;

  explicit keeper_core(settings s) : parts_(std::make_unique<keeper_parts>(std::move(s))) {}

  effects on_session(const store::session_view& view, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  /// This node can run the job from now on. `again`: it could before, and only this keeper is new.
  effects on_offer(const job_spec& spec, bool again, std::int64_t submitted, step s);
  effects on_withdraw(const job_id& job, step s);
  /// The pool as this node sees it: valid, sorted names.
  effects on_pool(const job_id& job, std::vector<item_id> items, step s);
  /// This preparation of the job is done: its record has to say so.
  effects on_prepared(const job_id& job, std::int64_t generation, step s);
  /// A probe or a worker's transaction found `alive/<node>` missing.
  effects on_not_alive(step s);
  effects on_leave(step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const { return parts_->wake_at(); }
  /// In the present session, also while it is suspended: parts that are rebuilt meanwhile have to hear of it then,
  /// since nobody joins anew when the connection comes back.
  bool is_joined() const { return parts_->member.joined(); }
  keeper_status status() const;

private:
  void connected(const store::session_view& before, step s, effects& out);
  void next(step s, effects& out);
  void begin(step s, effects& out);

  std::unique_ptr<keeper_parts> parts_; ///< they know each other, so they stay where they are
};

} // namespace djm
