#pragma once

#include <cstdint>
#include <map>

#include "test/sim/fault_plan.hpp"

namespace djm::sim {

/// Whether there is a job that has to be prepared. By a draw of its own: the other seeds keep their histories.
bool is_something_prepared(const scenario_options& o);

/// Adds it, and has it prepared again at the worst time: a few times, between `from` and so long after that.
void add_prepared_job(world& w, fault_plan& c, std::uint64_t seed, time_point from, duration trouble);

/// What workers have of "cpu" where room is short; empty: it is not.
std::map<std::size_t, std::int64_t> draw_room(const scenario_options& o, std::size_t machines);

/// Adds jobs of three priorities whose items want more room than there is.
void add_sized_jobs(world& w, fault_plan& c, std::uint64_t seed);

} // namespace djm::sim
