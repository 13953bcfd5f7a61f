#pragma once

#include <set>
#include <string>

#include "test/tidy/source_tree.hpp"

/// What the documentation says is so.
namespace tidy {

/// The first ```cpp block of the README is samples/quickstart.cpp, the second samples/test_my_job.cpp, byte for byte. A
/// sample that does not exist has no block.
complaints check_shown_samples(const source_tree& tree);

/// Commands of ./dev: the names of its functions `cmd_...`.
std::set<std::string> commands_of(std::string_view dev);

/// Every "./dev command" in documentation, scripts and sources exists.
complaints check_commands(const source_tree& tree);

/// The last column of each table row of the changelog names a test that exists.
complaints check_regression_tests(const source_tree& tree);

/// Each ```cpp block of docs/guide has the line "<!-- from FILE -->" directly above it, and its lines stand in that C++
/// file one after the other, but for an indentation that they have in common and blanks at their ends.
complaints check_snippets(const source_tree& tree);

/// Relative links in documents lead to files or folders of the project.
complaints check_links(const source_tree& tree);

} // namespace tidy
