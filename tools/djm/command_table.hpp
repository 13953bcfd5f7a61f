#pragma once

#include <string_view>
#include <vector>

#include "tools/command.hpp"
#include "tools/djm/exit_code.hpp"

namespace djm::tool {

class invocation;

/// An option of a command.
struct option_entry {
  /// "--node", or with a letter "-f,--follow".
  std::string_view name;
  /// What stands behind it; empty: nothing, it is a flag.
  std::string_view value;
  /// What it means, without a full stop.
  std::string_view text;
  /// What holds without it; empty: nothing to say.
  std::string_view fallback = {};
  /// What it may be, separated by blanks; empty: not a fixed set.
  std::string_view choices = {};
  /// It may be given several times.
  bool repeated = false;
};

/// What stands behind the name of a command.
struct argument_entry {
  std::string_view name;
  std::string_view text;
  bool required = true;
  bool repeated = false;
  /// What it may be, separated by blanks; empty: not a fixed set.
  std::string_view choices = {};
};

/// One command: help, manual page, completion and the parser are made of it.
struct command_entry {
  /// "status", or words with one blank between them: "cron next".
  std::string_view name;
  /// The heading that it stands under.
  std::string_view group;
  /// One line.
  std::string_view summary;
  /// The rest, in sentences; may be empty.
  std::string_view details;
  std::vector<argument_entry> arguments;
  std::vector<option_entry> options;
  /// It talks to the store: it takes the options of `store_options`.
  bool store = true;
  /// It may be shown again and again: it takes `--watch`.
  bool watchable = false;
  /// It waits for more than the store: its `--timeout` is for that, and the store is waited for as always.
  bool waits = false;
  /// Null for a command that parses its arguments itself.
  exit_code (*run)(invocation&) = nullptr;
  /// Gets what stands behind the name as it is.
  int (*raw)(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) = nullptr;
};

/// All commands, in the order of the help.
const std::vector<command_entry>& commands();
/// Options of every command that talks to the store.
const std::vector<option_entry>& store_options();
/// Options of every command that may be watched.
const std::vector<option_entry>& watch_options();
/// All options of a command.
std::vector<option_entry> options_of(const command_entry& c);
/// Null when there is none of that name.
const command_entry* find_command(std::string_view name);

/// "-f,--follow" is "--follow" by its long name.
std::string_view long_name(std::string_view option);

} // namespace djm::tool
