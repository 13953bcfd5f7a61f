#pragma once

#include <map>
#include <string>

#include "test/tidy/source_tree.hpp"

/// Rules on single files.
namespace tidy {

/// Notes to oneself that were never worked off.
complaints check_marks(const source_tree& tree);

/// Paths that exist on one machine only.
complaints check_machine_paths(const source_tree& tree);

/// C++ files above 400 lines, unless `allowed` names them with a higher limit. An entry that is no longer needed is
/// complained about too.
complaints check_sizes(const source_tree& tree, const std::map<std::string, int>& allowed);

/// The first line of every header is `#pragma once`.
complaints check_header_guards(const source_tree& tree);

/// Tests wait for conditions, they do not sleep. Helpers that poll are called support and are exempt.
complaints check_sleeps(const source_tree& tree);

/// `for (x : f()->member)` destroys what f returned, an `expected` mostly, before the first turn.
complaints check_loops(const source_tree& tree);
/// Answers of the store are found by slots, what failed by labels; only the dialogue knows positions.
complaints check_store_answers(const source_tree& tree);

/// A file named *_test.cpp that asserts nothing.
complaints check_assertions(const source_tree& tree);

/// Every enumerator of the public headers has a comment (what Doxygen does not ask for), and no member that holds a
/// fixed set of words is a text.
complaints check_enumerations(const source_tree& tree);

/// A field list is written by hand only where a name is not that of the member, or a text is secret.
complaints check_field_lists(const source_tree& tree);

/// A source includes its own header first, so that every header is compiled once with nothing before it.
complaints check_own_header_first(const source_tree& tree);

} // namespace tidy
