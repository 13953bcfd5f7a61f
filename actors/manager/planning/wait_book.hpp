#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/manager/cluster_image.hpp"
#include "djm/events.hpp"

namespace djm {

/// How long items of jobs with a `wait_limit` have been without a place, by the plans of this leader: who waits since
/// when, and whose time is over. The first plan that leaves an item without a place begins its wait. Pure; empty, and
/// for free, where no job has a limit.
class wait_book {
public:
  /// Items at most; the waits of others are not counted.
  static constexpr std::size_t most_items = 100'000;
  /// Items that an event names at most.
  static constexpr std::size_t most_named = 1000;

  /// A plan was made.
  void planned(const cluster_image& image, const assignment_problem& problem, const plan& p, time_point now);
  /// When the next time is over.
  std::optional<time_point> next() const { return next_; }
  /// Those whose time is over since the last look, for each job together.
  std::vector<allocation_timed_out> look(time_point now);
  bool is_overdue(const job_id& job, const item_id& item) const;
  /// The jobs with items whose time is over, and what is to be said of each.
  std::map<job_id, std::string> problems() const;

private:
  struct job_waits {
    duration limit = duration::zero();
    std::map<item_id, time_point> since;
    std::set<std::pair<time_point, item_id>> pending; ///< of those the ones whose time is not over
    std::set<item_id> overdue;
  };

  void find_next();

  std::map<job_id, job_waits> jobs_;
  std::optional<time_point> next_;
};

} // namespace djm
