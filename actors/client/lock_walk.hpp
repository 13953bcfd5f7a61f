#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "djm/client_answers.hpp"
#include "zkstore/tree/snapshot_reader.hpp"

namespace djm {

/// Reads every lock there is, also those of items and jobs that are not there any more, in three rounds. Pure; one use,
/// as `snapshot_reader`.
class lock_walk {
public:
  explicit lock_walk(store::tree_schema tree) : tree_(std::move(tree)) {}

  bool complete() const noexcept { return round_ == round::done; }
  read_batch next();
  void take();
  /// How the locks stand to a snapshot that was read before them.
  std::vector<lock_view> views(const store::tree_snapshot& snapshot) const;

private:
  enum class round { jobs, items, locks, done };
  struct place {
    job_id job;
    std::string name;
  };

  store::tree_schema tree_;
  round round_ = round::jobs;
  read_slot folders_;
  std::vector<job_id> jobs_;
  std::vector<place> places_;
  read_slots<job_id> folder_slots_;
  read_slots<place> lock_slots_;
};

} // namespace djm
