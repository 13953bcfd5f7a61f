#pragma once

#include <stdexcept>

namespace djm::test {

/// A test cannot go on: a name nobody has, a limit that was reached, user code that blocks for real. The text says
/// which value, what was expected and how the cluster looks. Test frameworks report it like any exception.
class failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace djm::test
