#pragma once

#include <string_view>
#include <vector>

#include "tools/djm/command_table.hpp"

/// What the parts of the table of commands share.
namespace djm::tool {

inline constexpr option_entry token_file{"--token-file", "FILE", "a file whose first line is the token of the nodes",
                                         "DJM_TOKEN_FILE"};
inline constexpr option_entry yes{"-y,--yes", "", "do not ask"};

inline command_entry entry(std::string_view name, std::string_view group, std::string_view summary,
                           exit_code (*run)(invocation&)) {
  command_entry c;
  c.name = name;
  c.group = group;
  c.summary = summary;
  c.run = run;
  return c;
}

/// Those that change something: of nodes and jobs, of records, of the states of items.
void add_orders(std::vector<command_entry>& all);
void add_record_orders(std::vector<command_entry>& all);
void add_state_order(std::vector<command_entry>& all);

} // namespace djm::tool
