#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm {

/// Something to be removed from the tree.
struct clean_task {
  /// `folders`: those below a worker's `assigned` whose jobs are gone.
  enum class kind : std::uint8_t { pool, worker, folders, lock_folder } what;
  /// Whose pool or locks.
  job_id job = {};
  /// Who, or whose folders.
  node_id worker = {};
  /// Folders to remove.
  std::vector<job_id> jobs = {};
};

/// What is to be cleaned, and when that is found out again.
class clean_list {
public:
  explicit clean_list(time_point first) : at_(first) {}

  bool empty() const { return tasks_.empty(); }
  /// When the next list is made.
  time_point next() const { return at_; }
  void make_at(time_point t) { at_ = t; }
  void make_not_later_than(time_point t) { at_ = std::min(at_, t); }

  /// A new list is begun; the one after it comes at `next`.
  void begin(time_point next) {
    tasks_.clear();
    at_ = next;
  }
  void add(clean_task t) { tasks_.push_back(std::move(t)); }
  /// To be looked at again.
  void put_back(clean_task t) { tasks_.push_front(std::move(t)); }
  /// What it was made from is no longer so.
  void outdated(time_point now) { begin(now); }
  void drop() { tasks_.clear(); }
  /// Up to so many that come next, all of one kind.
  std::vector<clean_task> take(std::size_t most) {
    std::vector<clean_task> taken;
    while (!tasks_.empty() && taken.size() < most && (taken.empty() || tasks_.front().what == taken.front().what)) {
      taken.push_back(std::move(tasks_.front()));
      tasks_.pop_front();
    }
    return taken;
  }

private:
  time_point at_;
  std::deque<clean_task> tasks_;
};

} // namespace djm
