#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "djm/job_context.hpp"
#include "djm/time.hpp"

namespace djm {

/// What an item and a lane are called inside a job runner. Numbers are given again when what bore them is gone.
using item_no = std::uint32_t;
using lane_no = std::uint32_t;
constexpr item_no no_item = std::numeric_limits<item_no>::max();
constexpr lane_no no_lane = std::numeric_limits<lane_no>::max();

/// Grows by an eighth and not to twice the size: a node keeps these for long, and each is copied some eight times.
template <class T>
void make_room_for_one(std::vector<T>& x) {
  if (x.size() == x.capacity()) {
    x.reserve(x.size() + x.size() / 8 + 1);
  }
}

/// An item that the node holds, or that a run or a question still has.
struct held_item {
  const item_id* name = nullptr;
  fencing_token token = 0;
  run_id run = 0;
  std::uint64_t rank = 0; ///< compares as the names do
  time_point since{};     ///< when it was granted
  duration since_wall{};  ///< the same by the wall's clock
  lane_no lane = no_lane;
  std::uint32_t questions = 0;               ///< about it, under way
  std::uint32_t notes = 0;                   ///< about its slots that are being written
  item_no before = no_item, after = no_item; ///< in the ring of its lane's items that are in no run
  bool granted = false;
  bool fresh = true;   ///< has not been in a run since it was granted
  bool failed = false; ///< the latest run that it was in failed, because of it or as a whole
  bool starved = false;
  bool retrying = false;          ///< waits for another attempt of its lane
  bool culprit = false;           ///< it is known that the latest run that failed did because of it
  bool parked = false;            ///< is in no lane before somebody releases it
  bool suspect = false;           ///< a process has died in its run, and none of its runs has ended since
  bool declined = false;          ///< the worker has it back already, while something is still under way with it
  std::uint32_t failed_turns = 0; ///< in a row, with all their attempts
};

/// The items of one job on this node, by number and by name. Names are compared when an item comes; from then on its
/// rank says where it stands among the others.
class item_table {
public:
  /// `no_item`: there is none of this name.
  item_no find(const item_id& name) const;
  /// The one that there is, or a new one. The numbers of others whose rank had to change are appended to `moved`.
  item_no find_or_add(const item_id& name, std::vector<item_no>& moved);
  void drop(item_no no);
  bool empty() const { return by_name_.empty(); }

  held_item& operator[](item_no no) {
    ++looks_;
    return items_[no];
  }
  const held_item& operator[](item_no no) const {
    ++looks_;
    return items_[no];
  }
  /// Whether code of the job may be at work on it.
  bool in_use(item_no no) const { return items_[no].run != 0 || items_[no].questions > 0 || items_[no].notes > 0; }
  work_item handed_out(item_no no) const { return {*items_[no].name, items_[no].token}; }

  /// Calls `f(number)`, in the order of the names.
  template <class F>
  void each(F f) const {
    for (const auto& [name, no] : by_name_) {
      ++looks_;
      f(no);
    }
  }

  /// How many items were looked at so far.
  std::uint64_t looks() const { return looks_; }

private:
  using order = std::map<item_id, item_no>;

  void rank(order::iterator i, std::vector<item_no>& moved);
  void make_room(order::iterator i, std::vector<item_no>& moved);

  order by_name_;
  std::vector<held_item> items_;
  std::vector<item_no> free_;
  mutable std::uint64_t looks_ = 0;
};

} // namespace djm
