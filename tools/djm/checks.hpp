#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/cluster_view.hpp"
#include "djm/enum_names.hpp"

namespace djm::tool {

/// How a check ends.
enum class verdict : std::uint8_t { ok, warn, err };

constexpr auto enum_names(verdict) {
  return name_enum("verdict", "ok", "warn", "err");
}

struct check_row {
  std::string check;
  verdict result = verdict::ok;
  std::string text;
};
DJM_FIELDS(check_row, check, result, text)

/// The checks that look at the cluster, in their order: ready, leader, coverage, locks, store.
const std::vector<std::string>& check_names();
/// Judges one of them; `answer_ms`: how long the store took for the whole view.
check_row judge(const std::string& check, const cluster_view& view, std::int64_t answer_ms);
/// The worst of them.
verdict worst(const std::vector<check_row>& rows);

} // namespace djm::tool
