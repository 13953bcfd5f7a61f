#pragma once

#include "djm/bytes.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"

namespace djm {

/// What the code of a job says about an item (`ask_item`, `node::ask`).
struct item_answer {
  /// The answer.
  bytes answer;
  /// The node that gave it.
  node_id node;
  /// The turn under which it was given.
  fencing_token token = 0;
};
DJM_FIELDS(item_answer, answer, node, token)

} // namespace djm
