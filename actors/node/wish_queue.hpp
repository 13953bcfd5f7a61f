#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "actors/common/core.hpp"
#include "djm/ids.hpp"

namespace djm {

/// Wishes in their order, one under way at a time. A wish that has to wait for something outside (`hold_front`) steps
/// aside into the lane of its job, and everything else goes on. Later wishes about the same job wait behind it, because
/// "off" and then "on" is not the same as "on" and then "off". Pure; no call looks at all the wishes.
template <class Wish>
class wish_queue {
public:
  struct entry {
    std::uint64_t id = 0;
    Wish what;
    /// The job that it is about; empty: none, so that it never has to wait for another one.
    job_id about;
    time_point until;
    /// What was in its way the last time that it was tried.
    std::string obstacle;
  };

  explicit wish_queue(backoff delays) : delays_(delays) {}

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  /// `until` may not be earlier than that of the wish before it.
  void add(entry e) {
    entries_.emplace(++last_, std::move(e));
    ready_.push_back(last_);
  }

  /// The wish under way, or else the next one, which is under way from now on. Null: none can be tried yet.
  entry* front(time_point now) {
    if (!current_) {
      current_ = next_held(now);
    }
    if (!current_) {
      current_ = next_ready();
    }
    return current_ ? &entries_.at(*current_) : nullptr;
  }
  /// The wish under way is done: those that have waited behind it come next.
  entry take_front() {
    auto node = entries_.extract(*current_);
    current_.reset();
    release(node.mapped().about);
    return std::move(node.mapped());
  }
  /// The wish under way has to wait: it is tried again after a delay that grows with each time.
  void hold_front(step s) {
    const auto& about = entries_.at(*current_).about;
    auto& l = lanes_.try_emplace(about, lane{delays_, {}}).first->second;
    l.wishes.push_front(*current_);
    due_.emplace(s.now + l.delays.draw(s.entropy), about);
    current_.reset();
  }
  /// When the next of those that are held is tried again.
  std::optional<time_point> held_until() const {
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->first};
  }

  bool under_way() const { return current_.has_value(); }
  /// Null when none is under way.
  const entry* current() const { return current_ ? &entries_.at(*current_) : nullptr; }
  entry* current() { return current_ ? &entries_.at(*current_) : nullptr; }

  /// The wish that has been here for the longest, which is the one whose time is over first. Null: there is none.
  const entry* oldest() const { return entries_.empty() ? nullptr : &entries_.begin()->second; }
  bool oldest_is_under_way() const { return current_ && *current_ == entries_.begin()->first; }
  entry take_oldest() {
    if (oldest_is_under_way()) {
      return take_front();
    }
    auto node = entries_.extract(entries_.begin());
    // Its number stays in a lane, which passes it over; those of a queue that nobody serves would only become more.
    drop_gone(ready_);
    return std::move(node.mapped());
  }

private:
  using number = std::uint64_t;
  struct lane {
    backoff delays;
    std::deque<number> wishes;
  };

  void drop_gone(std::deque<number>& list) const {
    while (!list.empty() && entries_.count(list.front()) == 0) {
      list.pop_front();
    }
  }

  std::optional<number> next_held(time_point now) {
    while (!due_.empty() && due_.begin()->first <= now) {
      const auto about = due_.extract(due_.begin()).value().second;
      auto& wishes = lanes_.at(about).wishes;
      drop_gone(wishes);
      if (!wishes.empty()) {
        const auto first = wishes.front();
        wishes.pop_front();
        return first;
      }
      lanes_.erase(about);
    }
    return std::nullopt;
  }
  std::optional<number> next_ready() {
    for (drop_gone(ready_); !ready_.empty(); drop_gone(ready_)) {
      const auto first = ready_.front();
      ready_.pop_front();
      const auto l = lanes_.find(entries_.at(first).about);
      if (l == lanes_.end()) {
        return first;
      }
      l->second.wishes.push_back(first);
    }
    return std::nullopt;
  }
  void release(const job_id& about) {
    if (const auto l = lanes_.find(about); l != lanes_.end()) {
      l->second.delays.reset();
      due_.emplace(time_point::min(), about);
    }
  }

  backoff delays_;
  /// By arrival.
  std::map<number, entry> entries_;
  number last_ = 0;
  std::optional<number> current_;
  std::deque<number> ready_;
  /// Jobs of which a wish is held, or was when the one under way was taken out of its lane.
  std::map<job_id, lane> lanes_;
  /// Lanes none of whose wishes is under way.
  std::set<std::pair<time_point, job_id>> due_;
};

} // namespace djm
