#pragma once

#include <string>
#include <string_view>

#include "djm/error.hpp"
#include "djm/fields.hpp"

namespace djm {

/// Names of nodes, jobs and work items. All three follow one rule, because they are names of store nodes and parts of
/// log lines: `[a-zA-Z0-9._-]+`, at most 120 characters, not "." or "..".
using node_id = std::string;
/// Name of a job.
using job_id = std::string;
/// Name of a work item, unique within its job.
using item_id = std::string;

/// The longest id, in bytes.
constexpr std::size_t max_id_length = 120;

/// What an id names; only used to say so in an error.
enum class id_kind {
  /// A node, which is a worker, too.
  node,
  /// A job.
  job,
  /// A work item.
  item,
};

/// The names of the kinds, in their order.
constexpr auto enum_names(id_kind) {
  return name_enum("id_kind", "node", "job", "item");
}

/// "node", "job", "item".
std::string to_string(id_kind kind);

/// Whether `text` follows the rule.
bool is_valid_id(std::string_view text) noexcept;

/// The error that names kind, value (shortened above 120 characters, control characters escaped) and rule.
expected<void> check_id(id_kind kind, std::string_view text);

/// A work item within its job.
struct item_ref {
  /// The job.
  job_id job;
  /// The item.
  item_id item;
};
DJM_FIELDS(item_ref, job, item)

/// Whether both name the same item.
inline bool operator==(const item_ref& a, const item_ref& b) {
  return a.job == b.job && a.item == b.item;
}
/// By job, then by item.
inline bool operator<(const item_ref& a, const item_ref& b) {
  return a.job != b.job ? a.job < b.job : a.item < b.item;
}

} // namespace djm
