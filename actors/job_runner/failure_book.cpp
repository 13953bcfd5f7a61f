#include "actors/job_runner/failure_book.hpp"

#include <set>
#include <utility>

namespace djm {

void failure_book::note_run(run_id id, const std::vector<item_no>& items, bool failed,
                            const std::vector<item_id>& named, time_point now) {
  std::set<item_no> numbers;
  for (const auto& name : named) {
    numbers.insert(items_.find(name));
  }
  for (const auto no : items) {
    auto& it = items_[no];
    if (it.run != id) {
      continue; // released before
    }
    const bool bad = failed && (numbers.empty() || numbers.count(no) > 0);
    failing_items_ += bad && !it.failed ? 1 : 0;
    failing_items_ -= !bad && it.failed ? 1 : 0;
    it.failed = bad;
  }
  in_a_row_ = failed ? in_a_row_ + 1 : 0;
  if (failed) {
    failed_at_ = now;
  }
}

void failure_book::note_cut_failure(std::string what, time_point now) {
  ++cut_failures_;
  cut_failed_ = true;
  failed_at_ = now;
  last_ = std::move(what);
}

void failure_book::forget(item_no no) {
  failing_items_ -= items_[no].failed ? 1 : 0;
}

void failure_book::show(runner_status& st, time_point now) const {
  if (failing_items_ > 0 || cut_failed_) {
    st.last_failure = last_;
    st.last_failure_ago = now - failed_at_;
  }
  st.failures_in_a_row = in_a_row_;
  st.counters.cut_failures = cut_failures_;
}

} // namespace djm
