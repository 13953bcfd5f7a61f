#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/job_runner/item_table.hpp"
#include "djm/runner_status.hpp"

namespace djm {

/// What failed last, and which items have been in no run since that was fine.
class failure_book {
public:
  explicit failure_book(item_table& items) : items_(items) {}

  /// A run is over that held those of `items` that say so. `named`: those that failed; where there are none, all of a
  /// failed run did.
  void note_run(run_id id, const std::vector<item_no>& items, bool failed, const std::vector<item_id>& named,
                time_point now);
  void note_text(std::string what) { last_ = std::move(what); }
  void note_cut_failure(std::string what, time_point now);
  void note_good_cut() { cut_failed_ = false; }
  /// The item is gone, and its failure with it.
  void forget(item_no no);

  void show(runner_status& st, time_point now) const;

private:
  item_table& items_;
  std::string last_;
  time_point failed_at_{};
  std::uint64_t in_a_row_ = 0;
  std::uint64_t failing_items_ = 0;
  bool cut_failed_ = false;
  std::uint64_t cut_failures_ = 0;
};

} // namespace djm
