#pragma once

#include <string>

#include "child_process.hpp"

namespace djm::bench {

/// A node in a process of its own, this program once more, which leads and runs nothing, as long as this lives.
class leader_process {
public:
  /// Returns when it leads.
  leader_process(const std::string& connect, std::string root);
  const std::string& root() const { return root_; }

private:
  std::string root_;
  test::child_process process_;
};

/// What that process does, until it is killed or its standard input ends: the arguments of `main`.
int be_leader(int argc, char** argv);

/// The first argument of such a process.
constexpr const char* leader_word = "--leader";

} // namespace djm::bench
