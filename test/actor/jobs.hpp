#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "djm/job.hpp"
#include "lab.hpp"

namespace djm::test {

/// Blocks those who pass until it is opened.
class gate {
public:
  void open();
  void pass();

private:
  std::mutex guard_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Sees every run of a job, on all nodes of a test, and notes what must not happen: two runs of one item at a time, a
/// token that does not grow from holder to holder.
class run_watch {
public:
  /// Within `job::run`: begins at construction and ends at destruction.
  class turn {
  public:
    turn(run_watch& w, const job_context& ctx);
    ~turn();
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

  private:
    run_watch& watch_;
    std::vector<work_item> items_;
  };

  std::size_t runs() const;
  /// Runs that held the item.
  std::size_t runs_of(const item_id& item) const;
  /// The fewest runs of any of these.
  std::size_t least_runs(const std::vector<item_id>& items) const;
  std::size_t running() const;
  std::vector<std::string> faults() const;

private:
  mutable std::mutex guard_;
  std::size_t runs_ = 0;
  std::size_t running_ = 0;
  std::map<item_id, std::size_t> per_item_;
  std::map<item_id, fencing_token> tokens_;
  std::set<item_id> busy_;
  std::vector<std::string> faults_;
};

/// A builder for a job that does nothing but be watched, every 5 ms.
job_builder watched(const job_id& id, std::vector<item_id> items, run_watch& w);

/// Runs until it is asked to stop.
job_builder endless(const job_id& id, std::vector<item_id> items, run_watch& w);

} // namespace djm::test
