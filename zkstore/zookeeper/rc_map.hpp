#pragma once

#include "zkstore/types.hpp"

namespace djm::store {

/// What an answer of the C client means for a whole request. The one place where its numbers are read.
rc map_rc(int code) noexcept;

/// The same for one operation of a failed multi, where "runtime inconsistency" says that it was rolled back.
rc map_op_rc(int code) noexcept;

} // namespace djm::store
