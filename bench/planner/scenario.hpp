#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "djm/strategy.hpp"

/// The scenarios of the planner's figures: workers x jobs x items, a perfectly balanced state and one change to it.
namespace djm::bench {

struct scale {
  int workers = 1000;
  int jobs = 100;
  int items_per_job = 1000;
  bool half = false; ///< each worker offers a random half of the jobs
  std::string strategy{default_strategy};

  std::size_t items() const { return static_cast<std::size_t>(jobs) * static_cast<std::size_t>(items_per_job); }
};

enum class event { cold, nothing, one_joins, one_dies, tenth_dies, items_come, items_go };

std::string to_string(event e);

bool offers(const scale& s, int job, int worker);
node_id worker_name(int w);
job_id job_name(int j);
item_id item_name(int i);

/// Items of job `j` after the event, unsorted.
std::vector<item_id> items_after(const scale& s, event e, int j);
/// Numbers of the workers after the event.
std::vector<int> workers_after(const scale& s, event e);
/// Number of the worker that holds item `i` of job `j` before the event.
int owner_before(const scale& s, int j, int i);

using interned = std::vector<std::shared_ptr<const item_set>>;

/// The items of every job after the event.
interned interned_items(const scale& s, event e);
/// The problem after the event, of items interned before.
assignment_problem problem_of(const scale& s, event e, const interned& items);
/// The problem after the event, with everything interned.
assignment_problem problem_after(const scale& s, event e);

} // namespace djm::bench
