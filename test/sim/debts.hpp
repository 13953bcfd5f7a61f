#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulation/tree_image.hpp"

namespace djm::sim {

/// What a cluster owes for as long as nothing keeps its leader from work, however other nodes come and go: that the
/// locks of whoever is gone are broken, and that an item that a node in good health offers is held by somebody who
/// lives. Counts from what the present leader may have seen; everything begins anew where it changes or is hindered.
class debts {
public:
  /// A process as the judge knows it.
  struct node {
    std::string incarnation;
    /// It runs, and the store has heard of it within the latest T.
    bool well = false;
  };
  using complaint = std::function<void(const char* invariant, std::string text)>;

  /// The leader cannot do everything: the store refuses something, or plans wait for user code.
  void hindered(time_point now) { leader_since_ = now; }
  void excuse(const std::string& key) { excused_.insert(key); }
  /// A job whose placement depends on a user's code.
  void leave_out(const job_id& job) { left_out_.insert(job); }

  /// To be called some times a second.
  void look(const tree_image& image, const std::vector<node>& nodes, time_point now, const complaint& say);

  /// After D and a sweep: a lock is looked for, read and broken; conflicts with those who join put that off.
  static constexpr duration to_break = std::chrono::seconds{10};
  /// T + D + 5 s, a stop and a period; and what a plan and conflicts take.
  static constexpr duration to_hold = std::chrono::seconds{15};

private:
  void look_at_nodes(const tree_image& image, const std::vector<node>& nodes, time_point now);
  bool somebody_has_long_offered(const tree_image& image, const std::string& key, time_point now) const;

  time_point leader_since_{};
  std::string leader_;
  /// Incarnations that are alive and well, and since when.
  std::map<std::string, time_point> well_;
  using lock_name = std::pair<std::string, store::zxid_t>;
  /// Locks of nobody who lives, and items that nobody holds: since when that is so.
  std::map<lock_name, time_point> orphans_;
  std::map<std::string, time_point> idle_;
  std::set<std::string> excused_;
  std::set<job_id> left_out_;
};

} // namespace djm::sim
