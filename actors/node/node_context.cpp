#include "actors/node/node_context.hpp"

#include "actors/node/node_state.hpp"

namespace djm {

caf::weak_actor_ptr node_context::weak_self() const {
  return caf::weak_actor_ptr{self->ctrl()};
}

caf::error node_context::unknown(const job_id& job) const {
  return caf::make_error(errc::unknown_job, "job \"" + job + "\" is not registered on node \"" + id() + "\"");
}

std::string make_incarnation(node_env& env) {
  static const char digits[] = "0123456789abcdef";
  std::string result;
  auto bits = env.random();
  for (int i = 0; i < 16; ++i) {
    result.push_back(digits[bits & 15]);
    bits >>= 4;
  }
  return result;
}

} // namespace djm
