#pragma once

#include "zkstore/tree/read_batch.hpp"
#include "zkstore/types.hpp"

namespace djm {

/// For who waits for an answer: puts it into the batch. False: there is none, or it is none to these questions.
inline bool take_answer(const store::read_outcome& answer, read_batch& batch) {
  return answer.status == store::read_status::ok && batch.take(answer.results);
}

} // namespace djm
