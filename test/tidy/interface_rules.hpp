#pragma once

#include "test/tidy/source_tree.hpp"

/// What holds for the public headers together.
namespace tidy {

/// djm/fwd.hpp declares every class, struct and enumeration that a public header defines in the namespaces djm and
/// djm::test, no templates, and nothing else.
complaints check_forward_declarations(const source_tree& tree);

} // namespace tidy
