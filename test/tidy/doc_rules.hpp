#pragma once

#include <set>
#include <string>

#include "test/tidy/source_tree.hpp"

/// What the documentation says is so.
namespace tidy {

/// The README shows samples/quickstart.cpp, byte for byte, in one of its ```cpp blocks. Holds while there is no sample.
complaints check_quickstart(const source_tree& tree);

/// Commands of ./dev: the names of its functions `cmd_...`.
std::set<std::string> commands_of(std::string_view dev);

/// Every "./dev command" in documentation, scripts and sources exists.
complaints check_commands(const source_tree& tree);

/// The last column of each table row of the changelog names a test that exists.
complaints check_regression_tests(const source_tree& tree);

/// Relative links in documents lead to files or folders of the project.
complaints check_links(const source_tree& tree);

} // namespace tidy
