#pragma once

#include "tools/djm/invocation.hpp"

/// Commands about the record of a job: what all nodes follow, whatever is deployed.
namespace djm::tool {

exit_code pause_command(invocation& x);
exit_code resume_command(invocation& x);
exit_code prepare_command(invocation& x);
exit_code trigger_command(invocation& x);
exit_code remove_command(invocation& x);
exit_code set_command(invocation& x);
exit_code unset_command(invocation& x);
exit_code config_command(invocation& x);
exit_code record_command(invocation& x);
exit_code wait_command(invocation& x);

} // namespace djm::tool
