#pragma once

#include <string>

#include "tools/djm/command_table.hpp"

/// Texts that are made of the table of commands.
namespace djm::tool {

/// All commands, with a line each.
std::string help();
/// One of them, whole.
std::string help_of(const command_entry& c);
/// "djm items [JOB] [OPTION...]".
std::string usage_of(const command_entry& c);
/// The manual page in the language of man(7).
std::string manual_page();

} // namespace djm::tool
