#pragma once

#include <string>

#include "bench/membership/workload.hpp"
#include "child_process.hpp"

namespace djm::bench {

/// A process of its own with one node that can be killed: this program once more. Returns when the node has locked its
/// share as one of so many.
test::child_process start_member(const std::string& connect, const workload& w, std::size_t members);

/// What that process does, until it is killed or its standard input ends: the arguments of `main`.
int be_member(int argc, char** argv);

/// The first argument of such a process.
constexpr const char* member_word = "--member";

} // namespace djm::bench
