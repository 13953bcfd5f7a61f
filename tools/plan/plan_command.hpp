#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace djm::tool {

/// `djm plan FILE.json [--table] [--no-timing] [--strict] [--explain JOB ITEM]`; FILE "-" is standard input. Returns
/// the exit code: 0, 1 for a wrong command line, 2 for a malformed file, 3 when planning itself failed.
int plan_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

} // namespace djm::tool
