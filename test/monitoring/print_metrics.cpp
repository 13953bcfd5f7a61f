// Prints the metrics of a node that has something to say for every family.
#include <cstdio>

#include "djm/metrics.hpp"

int main() {
  using namespace djm;
  node_status s;
  s.node = "node-1";
  s.manager.leading = true;
  s.worker.lease_left = std::chrono::seconds{7};
  s.joined_after = std::chrono::milliseconds{120};
  s.stopping_for = std::chrono::seconds{0};
  for (int i = 0; i < 200; ++i) {
    runner_status j;
    j.job = job_id{"job-" + std::to_string(i)};
    j.next_start = std::chrono::milliseconds{1500};
    j.times.run_time.add(std::chrono::milliseconds{20});
    j.times.last_success_ago = std::chrono::seconds{3};
    s.jobs.push_back(j);
  }
  return std::fputs(metrics_text(s, http_status{}).c_str(), stdout) < 0 ? 1 : 0;
}
