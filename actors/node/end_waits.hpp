#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "djm/error.hpp"
#include "djm/ids.hpp"

namespace djm {

/// Which code waits for the end of which job, so that no two wait for each other. Thread-safe.
class end_waits {
public:
  /// Code of `from` waits for the end of `to` as long as the result lives. `invalid_state` when, over however many
  /// others, code of `to` waits for the end of `from` already, or both are the same. Outlives the result.
  expected<std::shared_ptr<void>> enter(const job_id& from, const job_id& to) {
    std::lock_guard<std::mutex> lock{guard_};
    if (reaches(to, from)) {
      return fail(errc::invalid_state, "unregister_job of \"" + to + "\" was called by code of job \"" + from + "\"" +
                                         (to == from ? "" : ", whose own end code of that job waits for") +
                                         ": it would never be answered; use begin_unregister");
    }
    const auto edge = waits_.emplace(from, to);
    return std::shared_ptr<void>{nullptr, [this, edge](void*) {
                                   std::lock_guard<std::mutex> l{guard_};
                                   waits_.erase(edge);
                                 }};
  }

private:
  /// Few wait at a time.
  bool reaches(const job_id& from, const job_id& to) const {
    std::set<job_id> seen{from};
    std::vector<job_id> open{from};
    while (!open.empty()) {
      const auto x = std::move(open.back());
      open.pop_back();
      if (x == to) {
        return true;
      }
      for (auto [i, last] = waits_.equal_range(x); i != last; ++i) {
        if (seen.insert(i->second).second) {
          open.push_back(i->second);
        }
      }
    }
    return false;
  }

  std::mutex guard_;
  std::multimap<job_id, job_id> waits_;
};

} // namespace djm
