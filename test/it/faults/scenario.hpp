#pragma once

#include <doctest/doctest.h>

#include <iostream>

#include "boot_time.hpp"
#include "fault_cluster.hpp"

namespace djm::test {

/// Prints the measured times of a fault; ./dev faults makes a table of these lines. `recovered`: ms from the cause (or
/// the healing, where only that lets items run) until every item concerned ran again.
inline void report(const std::string& fault, std::int64_t recovered, fault_cluster& c, const std::string& more = {}) {
  std::cout << "figure: fault \"" << fault << "\": every item running again after " << recovered
            << " ms, longest silence of an item " << c.longest_silence().count() << " ms" << more << std::endl;
}

/// Everything that has to hold when a fault is over: the cluster becomes whole, and the judge has nothing to say.
inline void conclude(fault_cluster& c) {
  CHECK(c.await_whole(std::chrono::seconds{60}));
  // A plan may have been written just now, for a node that has come back: what must hold at rest holds soon after. What
  // has happened stays found.
  auto findings = c.verdict();
  for (int again = 0; again < 10 && !findings.empty(); ++again) {
    let_pass(std::chrono::seconds{1});
    CHECK(c.await_whole(std::chrono::seconds{60}));
    findings = c.verdict();
  }
  for (std::size_t i = 0; i < findings.size() && i < 20; ++i) {
    FAIL_CHECK(findings[i]);
  }
  CHECK(findings.empty());
}

inline void check_bound(std::int64_t recovered, const fault_cluster& c) {
  CHECK(recovered >= 0);
  CHECK(recovered <= c.bound().count());
}

} // namespace djm::test
