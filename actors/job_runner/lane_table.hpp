#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/job_runner/item_table.hpp"
#include "actors/job_runner/moment_queue.hpp"
#include "actors/job_runner/runner_effects.hpp"
#include "model/seldom.hpp"

namespace djm {

/// What a lane hands on to those that take its place when the share is cut anew.
struct lane_course {
  std::optional<time_point> due;
  std::optional<duration> beat;         ///< `due` is this moment of the grid, in time since the Unix epoch
  time_point since{};                   ///< when its first item came
  std::optional<time_point> last_start; ///< of the latest run that belonged to the rhythm
  std::optional<time_point> last_end;
  std::size_t turn = 0;               ///< runs that failed or were interrupted since one was not
  bool triggered = false;             ///< by a user: one more run, which leaves the rhythm alone
  bool again = false;                 ///< new items ask for a run before its time; the rhythm goes on from that one
  bool open = false;                  ///< it has started a run and seen no end since
  std::optional<wall_time> slot;      ///< of a calendar: `due` and `beat` are the start of this one
  std::optional<wall_time> last_slot; ///< the latest that was started or left out: none after it is earlier
  seldom<missed_slots> missed;        ///< the run of `slot` stands for these as well
  std::optional<time_point> retry_at; ///< when items that failed or asked for it are tried again
  seldom<run_purpose> retry;          ///< as what
  bool held_back = false;             ///< no slot starts before it is known what is remembered of the item
};

/// A part of the share, with a rhythm of its own.
struct lane : lane_course {
  std::uint64_t rank = 0;    ///< its place among the lanes
  item_no own = no_item;     ///< its only item, where each item has a lane
  item_no first = no_item;   ///< of the ring of items that are in no run; those that are fresh come first
  std::uint32_t fresh = 0;   ///< items in no run that have not been in one
  std::uint32_t stale = 0;   ///< items in no run that have been in one
  std::uint32_t busy = 0;    ///< items in a run
  std::uint32_t renewed = 0; ///< of those in a run: granted again since it started
  bool there = false;
  bool touched = false; ///< has changed since it was last put in its places
  bool aside = false;   ///< starts nothing before the run of another suspect has ended
  bool judged = false;  ///< is due, and nothing has changed since `job_rhythm` looked whether its moment is missed

  std::uint32_t idle() const { return fresh + stale; }
};

/// The lanes of a job on this node, each with its items, and which of them ask for anything: no event looks at the
/// others. A granted item is in one lane at most; one that is revoked is in none.
class lane_table {
public:
  lane_table(item_table& items, const runner_config& cfg) : items_(items), cfg_(cfg) {}

  lane_no open(const lane_course& course, std::uint64_t rank, item_no own = no_item);
  void join(item_no no, lane_no to);
  /// The lane of the last item goes with it.
  void leave(item_no no);
  /// All items leave their lanes.
  void clear();
  /// Changes what an item is: `f(held_item&)`.
  template <class F>
  void change(item_no no, F f) {
    auto& it = items_[no];
    if (it.lane == no_lane) {
      f(it);
      return;
    }
    uncount(no);
    f(it);
    count(no);
  }
  const lane& operator[](lane_no no) const {
    ++looks_;
    return lanes_[no];
  }
  lane& edit(lane_no no);

  std::uint32_t size() const { return size_; }
  bool has(lane_no no) const { return no < lanes_.size() && lanes_[no].there; }
  /// Calls `f(lane_no)`, in any order.
  template <class F>
  void each(F f) const {
    for (lane_no no = 0; no < lanes_.size(); ++no) {
      ++looks_;
      if (lanes_[no].there) {
        f(no);
      }
    }
  }
  /// Whether `f(held_item)` is true of one of the lane's items that are in no run.
  template <class F>
  bool any_idle(const lane& l, F f) const {
    auto no = l.first;
    for (auto n = l.idle(); n > 0; --n) {
      no = items_[no].before; // those that have been here for long come first
      if (f(items_[no])) {
        return true;
      }
    }
    return false;
  }
  /// Those, or only those of them that are fresh.
  std::vector<item_no> idle_items(const lane& l, bool only_fresh) const;

  /// Sees to what the functions below say; each change of a lane waits for it.
  void settle();
  /// The one to start now: the one that has waited longest. It is offered until it is changed: by its start.
  std::optional<lane_no> next_to_start(time_point now) const;
  /// The earliest moment at which one is due that could start then.
  std::optional<time_point> first_due() const;
  /// When the next one is to be judged, whatever it does.
  std::optional<time_point> first_unjudged() const;
  /// Due, and not judged.
  std::optional<lane_no> unjudged(time_point now) const;
  void judged(lane_no no);
  /// All those ask again for which new items are a reason.
  void ask_again();
  /// Lanes that only the end of a run gives a moment.
  const std::vector<lane_no>& without_moment() const { return without_moment_.all(); }

  /// How many lanes and places of theirs were looked at so far.
  std::uint64_t looks() const { return looks_ + due_.looks() + asked_.looks() + unjudged_.looks(); }

private:
  void count(item_no no);
  void uncount(item_no no);
  void insert(item_no no, lane& l);
  void touch(lane_no no);
  void place(lane_no no);

  item_table& items_;
  const runner_config& cfg_;
  std::vector<lane> lanes_;
  std::vector<lane_no> free_;
  std::uint32_t size_ = 0;
  std::vector<lane_no> touched_;
  moment_queue due_;          ///< lanes that could start, by when they or their next attempt are due
  moment_queue asked_;        ///< lanes that start as soon as there is a place, whenever they are due
  moment_queue unjudged_;     ///< where the rhythm is a lasting one: lanes by when they are to be judged
  number_set without_moment_; ///< in no run and not due
  number_set for_new_;        ///< lanes that new items would make ask again
  mutable std::uint64_t looks_ = 0;
};

} // namespace djm
