#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm {

/// How long the lives of each worker last, as this leader has seen them. A worker whose process ends again and again
/// without leaving takes its items down with it each time, for T + D: from the second such end on it gets none until it
/// has been there for a while, twice as long with each further end. The first end costs nothing, because a node that
/// crashes once and comes back should find what it had.
class member_history {
public:
  /// `patience`: how long a worker that has ended twice has to be there before it gets items again.
  explicit member_history(duration patience) : patience_(patience) {}

  /// The worker is there in this life; `after_crash`: the life before ended without leaving. True when it is one too
  /// many.
  bool here(const node_id& worker, const std::string& incarnation, bool after_crash, time_point now);
  /// Keeps only those that `registered` names.
  template <class Workers>
  void keep(const Workers& registered) {
    for (auto i = members_.begin(); i != members_.end();) {
      i = registered.count(i->first) > 0 ? std::next(i) : members_.erase(i);
    }
  }

  /// Ends without a leave in a row, none of them after a life long enough.
  std::uint32_t ends(const node_id& worker) const;
  /// Until when it gets no items; nothing while it has done no wrong.
  std::optional<time_point> shunned_until(const node_id& worker) const;
  std::set<node_id> shunned(time_point now) const;
  /// The next moment at which one is shunned no longer.
  std::optional<time_point> next_end(time_point now) const;

private:
  struct member {
    std::string incarnation;
    time_point since{};
    std::uint32_t ends = 0;
  };
  duration probation(std::uint32_t ends) const;

  duration patience_;
  std::map<node_id, member> members_;
};

} // namespace djm
