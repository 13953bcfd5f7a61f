#pragma once

#include <vector>

#include "djm/metrics.hpp"
#include "metrics/sample_sink.hpp"

namespace djm {

/// What samples are made of.
struct metric_source {
  const node_status& status;
  const http_status* http = nullptr;      ///< null: the node has no HTTP interface
  const std::vector<runner_status>& jobs; ///< with what exceeds the limit summed up
};

/// A row of the table: a family, and where its samples come from.
struct metric_row {
  metric_family family;
  void (*read)(const metric_source& from, sample_sink& to);
};

/// The rows, a part of the node after the other.
void add_node_rows(std::vector<metric_row>& table);
void add_job_rows(std::vector<metric_row>& table);
void add_worker_rows(std::vector<metric_row>& table);
void add_manager_rows(std::vector<metric_row>& table);
void add_store_rows(std::vector<metric_row>& table);

/// All of them.
const std::vector<metric_row>& metric_table();

/// The jobs that have samples of their own, sorted by id, and "_other" for the rest if there is a rest.
std::vector<runner_status> jobs_within(const std::vector<runner_status>& jobs, std::size_t limit);

} // namespace djm
