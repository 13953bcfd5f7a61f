#pragma once

#include <string>
#include <string_view>

#include "djm/error.hpp"

namespace djm::exec {

/// Where the cgroups of version 2 of a process are seen, by what `/proc/self/mountinfo` and `/proc/self/cgroup` say;
/// also where version 1 is mounted beside it. Pure.
expected<std::string> find_own_cgroup(std::string_view mountinfo, std::string_view cgroup);

/// The same of this process.
expected<std::string> own_cgroup();

} // namespace djm::exec
