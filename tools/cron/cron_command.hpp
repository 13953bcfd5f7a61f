#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace djm::tool {

/// `djm cron next EXPR [--zone Z] [--dst cron|literal|once] [--from INSTANT] [--count N] [--zones FOLDER]`: when a cron
/// expression is due, in the wall time of its zone. Returns the exit code: 0; 1 for a wrong command line; 2 when a
/// value is refused; 3 when nothing comes.
int cron_next_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

} // namespace djm::tool
