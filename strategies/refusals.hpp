#pragma once

#include <cstdint>
#include <vector>

#include "djm/assignment_problem.hpp"

namespace djm {

/// Most items of the job that each worker is to get while some of them are refused, by worker; empty where none is.
/// What a worker refuses takes up its share, so that one that can do nothing with a job is given its share once and not
/// one item after the other. It keeps what it has. No hard rule: an item that finds no other place may come on top.
std::vector<std::uint32_t> shares_beside_refusals(const assignment_problem& problem, job_index j);

/// Items of such jobs that a plan has left out, where the hard rules allow a place.
void place_left_out(const assignment_problem& problem, std::vector<worker_index>& owner,
                    bool (*concerns)(const job_info&));

} // namespace djm
