#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "djm/error.hpp"
#include "djm/export.hpp"
#include "djm/node_config.hpp"

namespace djm {

/// What a command line, an environment and a file have said together.
struct parsed_options {
  /// The configuration of the node. It is not validated: `node::start` does that, and defaults may be completed before.
  node_config config;
  /// What `options::add` has added, by name without dashes; those that were not given have their default.
  std::map<std::string, std::string> values;
  /// What is left: arguments that are no options, and everything behind "--".
  std::vector<std::string> rest;
  /// `--help` was given: print `options::help` and end.
  bool help = false;
};

/// Reads the configuration of a node from a program's command line: every key of `node_config` is an option under its
/// own name. What is said later in this list overrules what is said before:
///
/// 1. the defaults of `node_config`;
/// 2. a JSON file: `--config FILE`, or the variable `DJM_CONFIG`;
/// 3. variables of the environment: `DJM_STORE_CONNECT` for `store.connect`, `DJM_ID` for `id`;
/// 4. the command line: `--store.connect zk1:2181` or `--store.connect=zk1:2181`.
///
/// Values are those of JSON without quotation marks; a flag may stand alone (`--store.secure_tree`), a list is "a,b", a
/// map "cpu=4000,disk=2". The digest is taken from the environment and the file, and as `--store.digest-file FILE`,
/// whose first line it is: a command line is seen by everybody on the machine.
class DJM_EXPORT options {
public:
  /// `summary`: what the program does, for the help.
  explicit options(std::string program, std::string summary = {});

  /// Adds an option of the program's own: `--name VALUE`, or with an empty `value` a flag, whose value is "true" when
  /// it is given. Its variable is NAME in upper case with the prefix of `variables`, if there is one.
  options& add(std::string name, std::string value, std::string text, std::string fallback = {});
  /// Own options may come from the environment, too: "APP_" makes `APP_DEMO` of `demo`.
  options& variables(std::string prefix);

  /// Reads what `main` was given, and the environment. Errors name the option or variable, the value and the rule:
  /// `invalid_config`; `invalid_file` for the file.
  expected<parsed_options> parse(int argc, const char* const* argv) const;
  /// The same of texts, with another environment: null for what is not set.
  expected<parsed_options> parse(const std::vector<std::string>& arguments,
                                 const std::function<const char*(const std::string& name)>& environment) const;

  /// Every option with its range, default and meaning.
  std::string help() const;

private:
  struct own_option {
    std::string name, value, text, fallback;
  };

  std::string program_, summary_, prefix_;
  std::vector<own_option> own_;
};

} // namespace djm
