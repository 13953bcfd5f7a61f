#pragma once

#include <string>

#include "tools/djm/invocation.hpp"

/// How orders talk with people, whatever they order.
namespace djm::tool {

/// As `--dry-run` says.
order_mode mode_of(const invocation& x);
/// Says what an order has done, or would do. `counts`: what `order_result::rev` is of.
exit_code tell(invocation& x, const expected<order_result>& result, const char* counts = "record rev");
/// What a file holds; "-" is standard input. `invalid_config`: it cannot be read.
expected<std::string> content_of(invocation& x, const std::string& file);
/// True: go on. Asks on a terminal; elsewhere `--yes` has to be given.
bool confirmed(invocation& x, const std::string& question, exit_code& code);

} // namespace djm::tool
