#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actors/common/core.hpp"
#include "actors/dialogue/exchange.hpp"
#include "djm/ids.hpp"
#include "strategies/stand_in.hpp"

/// What the manager is told when it is built, and what it wants done: shared by its activities.
namespace djm {

struct manager_config {
  node_id node;
  std::string incarnation;
  std::string root = "/djm";
  duration debounce = std::chrono::milliseconds{200};
  duration max_wait = std::chrono::seconds{2};
  duration sweep_period = std::chrono::seconds{30};
  duration clean_period = std::chrono::hours{3};
  duration backoff_min = std::chrono::milliseconds{100};
  duration backoff_max = std::chrono::seconds{5};
  /// How long a strategy of a user may take.
  duration strategy_timeout = std::chrono::seconds{10};
  /// Budget of moves per round; what is left over is moved in the rounds that follow.
  plan_options planning;
  /// How long a worker that has ended twice without leaving has to be there before it gets items again.
  duration flap_patience = std::chrono::minutes{6};
  std::size_t max_transaction_ops = 200;
  std::size_t pipeline = 8;
  std::size_t lock_batch = 100;
  /// Questions to the store in one batch; more are asked one batch after the other.
  std::size_t read_batch = 2000;
  /// For questions to the store and to planners.
  request_numbers numbers;
  /// Things looked at together before they are cleaned away: about as many as one transaction removes.
  std::size_t clean_batch = 32;
  /// How long a removed job is remembered after the last node that knew of it is gone: longer than anybody who still
  /// had it may be away, or on the way in.
  duration tombstone_period = std::chrono::hours{7 * 24};
};

/// Ask the planner, which calls no user code: `plan_without_users` with these answers. Answered by `on_planned`.
struct plan_request {
  std::uint64_t request;
  std::shared_ptr<const assignment_problem> problem;
  plan_options options;
  std::shared_ptr<const strategy_answers> answers;
};

/// Ask a strategy of a user: `ask_strategy`, on a thread that it may keep. Answered by `on_strategy`.
struct strategy_request {
  std::uint64_t request;
  strategy_question question;
  plan_options options;
};

using manager_effect =
  std::variant<commit_effect, read_effect, plan_request, emit_effect, log_effect, strategy_request>;
using manager_effects = std::vector<manager_effect>;

/// What a question to the store, or a transaction, belongs to.
enum class activity : std::uint8_t {
  load_base,
  load_changed,
  load_details,
  load_items,
  writing,
  observing,
  verifying,
  breaking,
  scan_jobs,
  scan_folders,
  scan_locks,
  clean_read,
  clean_write,
  look_at_records,
  read_records,
  judge_records,
  write_records,
  read_model,
  write_model
};

/// What may fail for long, as people read it.
struct effort {
  static constexpr auto reading = "reading the cluster";
  static constexpr auto planning = "writing who owns what";
  static constexpr auto breaking = "breaking the locks of nodes that are gone";
  static constexpr auto cleaning = "cleaning";
  static constexpr auto ruling = "saying which specifications of jobs rule";
  static constexpr auto noting = "noting down what the cluster is";
};

} // namespace djm
