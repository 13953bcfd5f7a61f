#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace djm::exec {

/// Whether a block of an environment, as `/proc/PID/environ` shows it, has this entry ("DJM_RUN=...").
bool has_entry(std::string_view environment, std::string_view entry);

/// Kills every process that has `DJM_RUN=` and one of these names in its environment, in one walk through all
/// processes; how many there were of each, where there were any.
std::map<std::string, std::size_t> sweep_by_runs(const std::set<std::string>& runs);

/// Kills, and takes what is left of, every child of this process that is none of `known`. For a process to which
/// orphans are given and that has no other children. How many live on.
std::size_t sweep_children(const std::set<pid_t>& known);

} // namespace djm::exec
