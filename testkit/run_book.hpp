#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "djm/test/history.hpp"

namespace djm::test {

/// Every run of user code of every process, and which of them overlapped. Times count from the start of the cluster.
class run_book {
public:
  /// One life of one node.
  using host = std::uint32_t;

  void began(host h, const node_id& node, run_id run, const job_id& job, std::vector<work_item> items, duration now);
  void stop_asked(host h, run_id run, stop_reason reason, duration now);
  /// The run goes on without this item.
  void released(host h, run_id run, const item_id& item, duration now);
  void ended(host h, run_id run, run_end how, std::string failure, duration now);
  /// All that still run on this host have crashed with it.
  void crashed(host h, duration now);
  void paused(host h, duration now);
  /// `grace`: how long a run may take from now on to obey its stop request.
  void resumed(host h, duration now, duration grace);

  const std::vector<run_record>& all() const noexcept { return runs_; }

  struct double_run {
    overlap what;
    /// Only while the first run's host was paused, or had just been resumed.
    bool of_paused = false;
  };
  /// In the order in which the second runs began.
  std::vector<double_run> double_runs(duration now) const;

private:
  /// Beginnings and ends in the order in which they happened, also at one moment.
  struct place {
    host on = 0;
    std::uint64_t began = 0;
    std::uint64_t ended = ~std::uint64_t{0};
    /// Of items that it released before its end.
    std::map<item_id, std::pair<std::uint64_t, duration>> released = {};

    std::uint64_t left(const item_id& item) const {
      const auto i = released.find(item);
      return i == released.end() ? ended : i->second.first;
    }
  };
  struct pause {
    duration from;
    /// The end of the grace.
    duration to;
  };

  bool excused(const run_record& first, host on, duration from, duration now) const;

  std::vector<run_record> runs_;
  /// Parallel to `runs_`.
  std::vector<place> places_;
  std::map<std::pair<host, run_id>, std::size_t> open_;
  std::map<host, std::vector<pause>> pauses_;
  std::uint64_t sequence_ = 0;
};

} // namespace djm::test
