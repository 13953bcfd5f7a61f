#include "tools/djm/exit_code.hpp"

namespace djm::tool {

exit_code exit_code_of(errc code) noexcept {
  switch (code) {
  case errc::not_connected:
  case errc::timed_out:
  case errc::session_lost: return exit_code::could_not_find_out;
  case errc::conflict:
  case errc::duplicate_job:
  case errc::no_permission:
  case errc::invalid_state:
  case errc::too_large: return exit_code::refused;
  case errc::unknown_outcome: return exit_code::outcome_unknown;
  case errc::invalid_connect_string:
  case errc::invalid_config:
  case errc::invalid_id: return exit_code::usage;
  default: return exit_code::error;
  }
}

} // namespace djm::tool
