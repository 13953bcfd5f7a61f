#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "djm/bytes.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"

namespace djm {

/// The largest state that can be saved of an item, in bytes.
constexpr std::size_t max_item_state = std::size_t{64} << 10;

/// What is saved of an item.
struct item_state {
  /// The latest state; nothing: never saved, or taken away by an operator.
  std::optional<bytes> state;
  /// Grows with every change; 0: there has been none.
  std::int64_t version = 0;
  /// The turn that saved it; 0: an operator has set it.
  fencing_token token = 0;
  /// The node that saved it; empty: an operator has set it.
  node_id saved_by;
  /// When, by the clock of who did, in milliseconds of Unix time.
  std::int64_t saved_at_ms = 0;
};
DJM_FIELDS(item_state, state, version, token, saved_by, saved_at_ms)

} // namespace djm
