#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/export.hpp"
#include "djm/fields.hpp"
#include "djm/node_status.hpp"

/// The numbers of a node for machines: families of metrics as Prometheus knows them, made of a `node_status`. Nothing
/// here asks, counts or waits: who has a status has its metrics.
namespace djm {

/// What kind of number a metric is.
enum class metric_type : std::uint8_t {
  /// It only grows, from 0 at the start of the node.
  counter,
  /// It goes up and down.
  gauge,
  /// How often values fell into ranges, with their sum.
  histogram,
};

/// The names of the types, in their order; those of Prometheus.
constexpr auto enum_names(metric_type) {
  return name_enum("metric_type", "counter", "gauge", "histogram");
}

/// One row of the table of metrics.
struct metric_family {
  /// Its name, which begins with "djm_".
  std::string name;
  /// What kind of number it is.
  metric_type type = metric_type::gauge;
  /// What it means, in one line.
  std::string help;
  /// The labels of its samples beside "djmNodeId", which each has.
  std::vector<std::string> labels;
};
DJM_FIELDS(metric_family, name, type, help, labels)

/// What the HTTP interface of a node has done since it was started (`djm::http`).
struct http_status {
  /// Requests that came in, whatever became of them.
  std::uint64_t incoming = 0;
  /// Requests that were answered with a status below 400.
  std::uint64_t successful = 0;
  /// Requests that were answered with a status from 400 on.
  std::uint64_t failed = 0;
  /// Connections that are open.
  std::uint64_t connections = 0;
  /// Clients that follow the events.
  std::uint64_t followers = 0;
  /// How often what asks the node had crashed and was built anew.
  std::uint64_t rebuilt = 0;
};
DJM_FIELDS(http_status, incoming, successful, failed, connections, followers, rebuilt)

/// At most this many jobs have samples of their own; the others are summed up under the job "_other".
constexpr std::size_t max_metric_jobs = 200;

/// All metrics there are, sorted as they are written. Job ids are labels; ids of items and runs and texts never are.
DJM_EXPORT std::vector<metric_family> metric_families();

/// Whether `name` follows the rule for names of metrics: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
DJM_EXPORT bool is_valid_metric_name(std::string_view name) noexcept;

/// The metrics of a node in the text format 0.0.4 of Prometheus, each sample with the label "djmNodeId". Families
/// without a sample are left out. With `http`, the counters of that node's HTTP interface as well.
DJM_EXPORT std::string metrics_text(const node_status& status, const std::optional<http_status>& http = {});

} // namespace djm
