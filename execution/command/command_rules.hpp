#pragma once

#include <map>
#include <string>
#include <vector>

#include "djm/command_job.hpp"
#include "djm/error.hpp"
#include "execution/wire/wire.hpp"

namespace djm::exec {

/// Every complaint about these options, each with the value and the rule.
std::vector<std::string> check_command(const command_options& o);

/// As whom a command runs.
struct identity {
  bool switches = false; ///< it is another user than this process's
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  std::string home = "/";
};

/// Of a name or a number; empty: as this process. Asks the system, which may take time.
expected<identity> look_up_user(const std::string& user);

/// The environment, from empty; `djm` are the `DJM_...`.
std::vector<std::string> make_environment(const command_options& o, const identity& who,
                                          const std::map<std::string, std::string>& djm);

/// What is known of the order before any run.
order make_order(const command_options& o);

} // namespace djm::exec
