#include "actors/executor/user_scope.hpp"

namespace djm {

const job*& user_scope::inside() noexcept {
  thread_local const job* code = nullptr;
  return code;
}

} // namespace djm
