#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm::sim {

/// Who has waited for a place for how long, as whoever has led all that time knows it, and who was passed over: of two
/// items that count the same the one that has waited longer gets the place that both fit into. Those that have had a
/// place in the term are not compared: they keep the age that they have in the books, which nobody sees from outside.
///
/// The leader needs a moment to see what has changed: only an item that has waited for `slack` longer is older.
class waiting_line {
public:
  static constexpr auto slack = std::chrono::seconds{10};
  /// One that is without a place for no longer is on its way from one place to another.
  static constexpr auto move = std::chrono::seconds{2};

  /// Somebody else leads, or begins anew: ages begin again. Those that are assigned have a place.
  void term_begins(time_point now, const std::map<std::string, std::set<node_id>>& assigned);
  void waits(const std::string& item, time_point now);
  void leaves(const std::string& item);
  /// A place goes to `item`, which waits. `fits`: whether another one that waits would fit there as well, and counts
  /// the same.
  void placed(const std::string& item, const node_id& worker, time_point now,
              const std::function<bool(const std::string&)>& fits);

  struct passed_over {
    std::string older, younger;
    node_id worker;
  };
  /// Those who wait still, while who was preferred has the place still: `has`.
  std::vector<passed_over> complaints(const std::function<bool(const std::string&, const node_id&)>& has) const;

private:
  struct waiter {
    time_point since{};
    bool had_a_place = false;
  };

  std::map<std::string, waiter> waiting_;
  std::set<std::string> placed_; ///< in this term
  std::vector<passed_over> passed_;
};

} // namespace djm::sim
