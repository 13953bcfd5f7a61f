#pragma once

#include <string>
#include <string_view>

#include "djm/error.hpp"
#include "djm/fields.hpp"

namespace djm {

/// Names of nodes, jobs and work items. All three follow one rule, because they are names of store nodes and parts of
/// log lines: `[a-zA-Z0-9._-]+`, at most 120 characters, not "." or "..".
using node_id = std::string;
using job_id = std::string;
using item_id = std::string;

constexpr std::size_t max_id_length = 120;

/// What an id names; only used to say so in an error.
enum class id_kind { node, job, item };

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
  job_id job;
  item_id item;
};

inline bool operator==(const item_ref& a, const item_ref& b) {
  return a.job == b.job && a.item == b.item;
}
inline bool operator<(const item_ref& a, const item_ref& b) {
  return a.job != b.job ? a.job < b.job : a.item < b.item;
}

template <class V>
auto fields(V&& v, item_ref& x) {
  return v("item_ref", field("job", x.job), field("item", x.item));
}

} // namespace djm
