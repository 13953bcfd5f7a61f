#pragma once

#include "test/tidy/source_tree.hpp"

/// What holds for the public headers together.
namespace tidy {

/// djm/fwd.hpp declares every class, struct and enumeration that a public header defines in the namespaces djm and
/// djm::test, no templates, and nothing else.
complaints check_forward_declarations(const source_tree& tree);

/// No two files of the product define a type of one name in the namespaces djm and djm::test: a program that has both
/// calls the code of one for the other, and no linker says so. Of files in caf_1 and caf_0_17 a program has one.
complaints check_one_definition(const source_tree& tree);

} // namespace tidy
