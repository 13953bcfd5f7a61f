#pragma once

#include <string>

#include "tools/djm/invocation.hpp"

/// How orders talk with people, whatever they order.
namespace djm::tool {

/// As `--dry-run` says.
order_mode mode_of(const invocation& x);
/// Says what an order has done, or would do.
exit_code tell(invocation& x, const expected<order_result>& result);
/// True: go on. Asks on a terminal; elsewhere `--yes` has to be given.
bool confirmed(invocation& x, const std::string& question, exit_code& code);

} // namespace djm::tool
