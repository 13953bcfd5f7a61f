#include "djm/job_context.hpp"

namespace djm {

std::string to_string(stop_reason reason) {
  return enum_text(reason);
}

} // namespace djm
