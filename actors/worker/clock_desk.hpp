#pragma once

#include <cstdint>
#include <optional>

#include "actors/common/store_time.hpp"
#include "actors/dialogue/exchange.hpp"
#include "actors/worker/worker_effects.hpp"
#include "actors/worker/worker_session.hpp"
#include "djm/worker_status.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

enum class clock_topic : std::uint8_t { set };

class clock_desk;
using clock_dialogue = exchange<clock_desk, clock_topic, worker_effects>;

/// Holds the wall clock of this node against the store's time, where slots are remembered (protocol §4.16). Each commit
/// of the node that sets something tells that time. When the two differ by more than they may, one of them may have
/// been set since: `alive/<w>` is set to what it is, once, and what that tells is judged. Only then the difference is
/// told, and the same way that it is over.
///
///   fine ──differs──► in doubt ──set, still differs──► told ──fits──► in doubt ──set, still fits──► fine
///                        └─────────fits──► fine
///
/// While a difference is told nothing else may be written that would say that the store's clock has been set right: it
/// is asked again. Each minute where the node's clock is ahead, which holds starts back. Pure.
class clock_desk {
public:
  static constexpr auto about = "clock";
  static constexpr std::chrono::minutes again{1}, again_behind{10};

  clock_desk(const worker_config& cfg, const store::tree_schema& tree, worker_session& member, request_numbers numbers);
  /// Answers come back to it.
  clock_desk(const clock_desk&) = delete;
  clock_desk& operator=(const clock_desk&) = delete;

  /// What was sent then was committed.
  void heard(const store::committed& done, time_point sent, time_point now);
  /// The same, read: something of ours that was sent then was committed at that time of the store. Zero: it is not
  /// known.
  void heard(std::int64_t mtime_ms, time_point sent, time_point now);
  /// A commit of ours has said what there is to know: before that nothing of a slot starts.
  bool ready() const { return heard_; }
  /// Nothing: the store does not tell its time.
  const std::optional<store_time>& time() const { return time_; }

  /// False: none of ours.
  bool on_commit(std::uint64_t request, const store::commit_outcome& o, step s, worker_effects& out);
  void session_is_over() { store_.drop(); }
  /// `asked`: slots are remembered here, so it matters.
  void go_on(bool asked, step s, worker_effects& out);
  std::optional<time_point> wake_at() const;
  void describe(worker_status& st) const;

private:
  enum class verdict : std::uint8_t { fine, ahead, behind };

  verdict compare(step s) const;
  bool asking() const { return store_.writes() > 0 || store_.retry_at(); }
  duration pause() const { return told_ == verdict::ahead ? again : again_behind; }
  void judge(step s, worker_effects& out);
  void tell(step s, worker_effects& out);
  void ask(step s, worker_effects& out);
  void answered(time_point sent, const txn_outcome<int>& o, step s, worker_effects& out);

  const worker_config& cfg_;
  const store::tree_schema& tree_;
  worker_session& member_;
  clock_dialogue store_;
  bool heard_ = false;
  std::optional<store_time> time_;
  time_point sent_{}; ///< the commit that told it last
  verdict told_ = verdict::fine;
  std::optional<time_point> doubted_at_; ///< since then the clocks say something else than what was told
};

} // namespace djm
