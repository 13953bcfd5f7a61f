#include "djm/metrics.hpp"

#include <algorithm>

#include "metrics/metric_table.hpp"

namespace djm {

namespace {

constexpr const char* other_jobs = "_other";

void add_counters(runner_counters& to, const runner_counters& x) {
  to.started += x.started;
  to.finished += x.finished;
  to.failed += x.failed;
  to.overruns += x.overruns;
  to.triggers += x.triggers;
  to.pool_checks += x.pool_checks;
  to.pool_failures += x.pool_failures;
  to.cut_failures += x.cut_failures;
  to.dropped += x.dropped;
  to.skipped += x.skipped;
  to.starved += x.starved;
}

/// Sums up what can be; what says how one job stands has no sum and is left as it begins.
void add_job(runner_status& to, const runner_status& x) {
  to.items.insert(to.items.end(), x.items.begin(), x.items.end());
  to.leaving.insert(to.leaving.end(), x.leaving.begin(), x.leaving.end());
  to.starved.insert(to.starved.end(), x.starved.begin(), x.starved.end());
  to.lanes += x.lanes;
  to.active_runs += x.active_runs;
  to.failures_in_a_row = std::max(to.failures_in_a_row, x.failures_in_a_row);
  add_counters(to.counters, x.counters);
  to.times.run_time.add(x.times.run_time);
  to.times.start_delay.add(x.times.start_delay);
}

} // namespace

std::vector<runner_status> jobs_within(const std::vector<runner_status>& jobs, std::size_t limit) {
  std::vector<runner_status> result;
  runner_status rest;
  rest.job = job_id{other_jobs};
  rest.leased = true;
  bool any_rest = false;
  for (const auto& j : jobs) {
    if (result.size() < limit && j.job != rest.job) {
      result.push_back(j);
    } else {
      rest.leased = rest.leased && j.leased;
      add_job(rest, j);
      any_rest = true;
    }
  }
  if (any_rest) {
    result.push_back(std::move(rest));
  }
  return result;
}

const std::vector<metric_row>& metric_table() {
  static const auto table = [] {
    std::vector<metric_row> rows;
    add_node_rows(rows);
    add_job_rows(rows);
    add_worker_rows(rows);
    add_manager_rows(rows);
    add_store_rows(rows);
    return rows;
  }();
  return table;
}

std::vector<metric_family> metric_families() {
  std::vector<metric_family> result;
  for (const auto& row : metric_table()) {
    result.push_back(row.family);
  }
  return result;
}

bool is_valid_metric_name(std::string_view name) noexcept {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string metrics_text(const node_status& status, const std::optional<http_status>& http) {
  const auto jobs = jobs_within(status.jobs, max_metric_jobs);
  const metric_source from{status, http ? &*http : nullptr, jobs};
  sample_sink to{status.node.str()};
  for (const auto& row : metric_table()) {
    to.begin(row.family);
    row.read(from, to);
  }
  return to.take();
}

} // namespace djm
