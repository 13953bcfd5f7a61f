#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/common/core.hpp"
#include "actors/common/run_purpose.hpp"
#include "actors/common/slot_wishes.hpp"
#include "djm/history.hpp"
#include "djm/job_context.hpp"
#include "djm/job_spec.hpp"
#include "djm/timetable.hpp"
#include "djm/user_config.hpp"

/// What a job runner is told once, and what it wants done. `job_runner_core` gives these types their names.
namespace djm {

struct runner_config {
  job_spec spec;
  node_id node;
  /// Of the calendar in the specification; nothing for other schedules.
  std::optional<timetable> table{};
  /// The node's grace, used where the job names none.
  duration stop_grace = duration::zero();
  /// Between attempts to get a first answer from the pool function.
  duration backoff_min = std::chrono::milliseconds{100};
  duration backoff_max = std::chrono::seconds{5};
  /// High bits of this runner's run ids.
  std::uint64_t run_base = 0;

  /// How long a run has between the request to stop and being an overrun.
  duration grace() const { return spec.stop_grace > duration::zero() ? duration{spec.stop_grace} : stop_grace; }
};

namespace runner_effects {

struct start_run {
  run_id id;
  std::vector<work_item> items;
  run_purpose purpose{};
};
/// These items of the run are taken away; it may go on with the others.
struct tell_run {
  run_id id;
  std::vector<item_id> revoked;
};
struct stop_run {
  run_id id;
  stop_reason reason;
  std::vector<item_id> revoked;
};
/// No run holds these items any more and they are not granted; the worker may unlock them.
struct released {
  std::vector<item_id> items;
};
/// The same, and this node does not want them back for so long.
struct declined {
  std::vector<item_id> items;
  duration length;
  std::string why;
};
/// A run is over; the shell adds the name of the node.
struct remember_run {
  past_run run;
};
/// Say when this run began and when it said last that it is alive; answered by `on_look`.
struct look_at_run {
  run_id id;
};
/// Call the code with a question; its end comes as that of a run, and `stop_run` is for it as well.
struct start_question {
  run_id id;
  work_item item;
  time_point deadline;
};
/// Tell whoever has asked: the answer of the code, or this error instead of it.
struct conclude_question {
  run_id id;
  std::optional<error> instead;
};
/// Ask the worker about the slots of an item; answered by `on_slots_told`.
struct ask_slot {
  slot_wish wish;
};
/// Ask the running strategy; answered by `on_cut`.
struct cut_share {
  std::uint64_t request;
  std::vector<item_id> share;
};
/// Ask the pool function; answered by `on_pool`.
struct call_pool {
  std::uint64_t request;
};
/// Ask the job's code whether runs can work with it; answered by `on_config`. What it stands for is looked up there,
/// too.
struct check_config {
  std::uint64_t request;
  user_config config;
};
/// Runs get this from now on: what was checked under this number; with 0 what they have, or an empty one.
struct take_config {
  std::uint64_t request;
  std::int64_t rev;
  bool empty;
};
/// This preparation is saved as done: the record of the job has to say so.
struct prepared {
  std::int64_t generation;
};
/// The pool as computed now: valid names, sorted, each once.
struct pool_ready {
  std::vector<item_id> items;
};

using one = std::variant<start_run, tell_run, stop_run, released, declined, cut_share, call_pool, check_config,
                         take_config, pool_ready, prepared, emit_effect, log_effect, look_at_run, remember_run,
                         start_question, conclude_question, ask_slot>;
using all = std::vector<one>;

} // namespace runner_effects

} // namespace djm
