#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "djm/node.hpp"

namespace djm::bench {

/// Where the node of a test bed lives.
struct bed_place {
  std::string connect = "embedded";
  std::string root = "/djm";
  node_role role = node_role::both;
  duration session_timeout = std::chrono::seconds{2};
};

/// One node of a user, by default on an embedded store, with jobs whose runs do nothing but count themselves. What goes
/// wrong ends the process with the reason.
class test_bed {
public:
  explicit test_bed(const bed_place& where = {});
  test_bed(const test_bed&) = delete;
  test_bed& operator=(const test_bed&) = delete;

  /// A job of so many items, a run for each.
  void add_job(const std::string& name, std::size_t items, const schedule& s);
  /// So many jobs of one item.
  void add_jobs(std::size_t count, const schedule& s);
  /// Until each of the items that were added has been in a run.
  void wait_for_first_runs();
  /// Until the node has locked all that was added; asks seldom, since the answer names each item.
  void wait_until_held(std::size_t items);

  /// Runs so far.
  std::uint64_t runs() const { return *runs_; }
  /// Seconds it took.
  double shut_down();

private:
  std::shared_ptr<std::atomic<std::uint64_t>> runs_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::vector<std::string> jobs_;
  std::size_t items_ = 0;
  node node_;
};

} // namespace djm::bench
