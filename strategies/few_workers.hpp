#pragma once

#include "djm/assignment_problem.hpp"

namespace djm {

/// For jobs with `max_workers`: which workers these are. Returns the problem with the eligibility of such jobs narrowed
/// to them, so that every strategy keeps the limit without knowing of it; a problem without such jobs comes back as it
/// is.
///
/// Workers stay: who has items of the job goes on, in the order of how many, workers that pins name before them. Places
/// that are left go to workers that may get something new: for a job that spreads over zones to the zone with the
/// fewest, then to who could take most where room is short, then to who has least of the jobs looked at before (high
/// priority first). A worker that is draining comes last, and keeps its items only where nobody else takes them. Where
/// the chosen have too little room together, larger ones take the place of smaller ones.
///
/// Example: at most 2 of the workers a, b, c, d; b had five items, d one and is draining. Chosen are b and, of a and c,
/// the one with less to do.
assignment_problem narrow_to_few_workers(const assignment_problem& problem);

} // namespace djm
