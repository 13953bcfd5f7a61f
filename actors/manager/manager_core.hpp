#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/manager/manager_effects.hpp"
#include "actors/manager/manager_lifetime.hpp"
#include "actors/manager/term.hpp"
#include "djm/status.hpp"

namespace djm {

/// The leader's brain: the order of its activities. They keep the image of the cluster, ask for plans, write the moves,
/// break the locks of workers that are gone, and clean up. Passive unless leadership is granted; forgets everything
/// when it is revoked.
///
///   passive ─granted─► loading ─► idle ◄──────────────────────────────┐
///      ▲                           │ one activity at a time:          │
///      │ revoked                   ├─ refresh   (something changed)   │
///      └── from anywhere           ├─ observe   (who is gone)         │
///                                  ├─ rule      (records of jobs)     │
///                                  ├─ plan      (debounce over)       ├─ done
///                                  │   ├─ note  (what the cluster is) │
///                                  │   └─ write (multis, pipelined)   │
///                                  ├─ break     (locks due)           │
///                                  ├─ scan      (lock folders)        │
///                                  └─ clean ──────────────────────────┘
///   A conflict or an unknown outcome: back-off, then everything is read again behind a barrier.
class manager_core {
public:
  using plan_request = djm::plan_request;
  using strategy_request = djm::strategy_request;
  using effect = manager_effect;
  using effects = manager_effects;
  using settings = manager_config;

  explicit manager_core(settings s) : life_(std::move(s)) {}
  /// Only while neither leads.
  manager_core(manager_core&& other);
  manager_core& operator=(manager_core&& other);

  effects on_granted(std::int64_t epoch, std::string latch, std::uint64_t session, step s);
  effects on_revoked(step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  effects on_planned(std::uint64_t request, const expected<plan_so_far>& result, step s);
  effects on_strategy(std::uint64_t request, const expected<plan>& result, step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const { return term_ ? term_->wake_at(now_) : std::nullopt; }
  bool leading() const { return term_.has_value(); }
  manager_status status(time_point now) const;
  /// What the last plan was made from and came to, always of one another; null before the first.
  std::shared_ptr<const assignment_problem> last_problem() const;
  std::shared_ptr<const plan> last_plan() const;
  const plan_options& planning() const { return life_.cfg.planning; }
  /// What strategies of users have answered, for planning again without calling them.
  std::shared_ptr<const strategy_answers> answers() const;
  /// The item has been without a place for longer than its job allows.
  bool is_overdue(const job_id& job, const item_id& item) const {
    return term_ && term_->planner.waits().is_overdue(job, item);
  }
  /// Empty while it does not lead.
  const cluster_image& image() const;
  /// Not while the cluster is read anew.
  bool image_is_whole() const { return term_ && term_->known.whole(); }
  /// Workers that were gone at the last plan and keep what they have.
  const std::set<node_id>& kept_back() const;

private:
  void end_term(effects& out);
  void answered(step s, effects& out);
  void next(step s, effects& out);
  bool begin(term& t, step s, effects& out);

  manager_lifetime life_;
  std::optional<term> term_; ///< while it leads
  time_point now_{};         ///< of the latest event
};

} // namespace djm
