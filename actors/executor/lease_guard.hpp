#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "djm/job_context.hpp"
#include "djm/time.hpp"

namespace djm {

/// The time a node may work with the locks it holds, as its worker knows it.
struct run_lease {
  /// The session whose contact it rests on.
  std::uint64_t session = 0;
  time_point deadline{};
  /// How long the lease may last at most once we have asked to end that session ourselves: D - margin.
  duration after_close = duration::zero();
  /// From a stop request to the deadline; a run may ask for more.
  duration stop_grace = duration::zero();
};

/// Decides which runs are asked to stop because the lease ends, and which have outlasted it. Pure; an executor keeps
/// one and asks it by a timer of its own, so that the end of a lease waits for no actor, no log and no user code:
/// whoever extends a lease is an actor and may be late, which only ends runs sooner than needed. What shortens a lease
/// must not be late, so whoever ends a session says so here before doing it.
///
/// Before the first lease everything is admitted: then nobody has granted anything yet, or there is no store.
class lease_guard {
public:
  struct verdict {
    /// To be asked to stop now. Each run is named once.
    std::vector<run_id> stop;
    /// Have not ended at the deadline. Each run is named once.
    std::vector<run_id> overrun;
    /// When `stop` was due for the first of them.
    time_point due{};
  };

  /// Replaces the lease, in both directions; never beyond what `session_ends` has said of its session.
  void renew(const run_lease& l);
  /// This session, and whichever came before, will be asked to end: the others may count from `at`.
  void session_ends(std::uint64_t session, time_point at);

  /// A run that may begin or goes on, also one that waits for a thread. `grace` is its own where that is longer than
  /// the node's, zero else.
  void watch(run_id id, duration grace);
  void forget(run_id id);

  /// Whether a run with this grace may begin. It may not at the moment it would be asked to stop.
  bool admits(duration grace, time_point now) const;
  verdict look(time_point now);
  /// How long it lasts; nothing before the first.
  std::optional<time_point> ends_at() const { return lease_ ? std::optional{deadline()} : std::nullopt; }
  /// When `look` has something to say next.
  std::optional<time_point> wake_at() const;

private:
  time_point stop_at(duration grace) const;
  time_point deadline() const;

  std::optional<run_lease> lease_;
  /// The earliest end that was asked for since a lease rested on a later session than that.
  std::uint64_t ended_session_ = 0;
  std::optional<time_point> ended_at_;
  /// A run with its places in the lists below.
  struct watched {
    duration grace = duration::zero();
    std::size_t unasked = 0, within = 0;
  };
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  using list = std::vector<run_id>;
  void leave(list& from, std::size_t watched::*place, run_id id);

  std::unordered_map<run_id, watched> runs_;
  /// Not asked yet, by their grace; the longest, negated, comes first. No list is empty.
  std::map<duration, list> unasked_;
  /// Not told as overruns yet.
  list within_;
};

} // namespace djm
