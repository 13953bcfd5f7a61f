#pragma once

#include <string>
#include <variant>
#include <vector>

#include "actors/deployer/deployer_core.hpp"
#include "actors/election/election_core.hpp"
#include "actors/job_runner/job_runner_core.hpp"
#include "actors/keeper/keeper_core.hpp"
#include "actors/manager/manager_core.hpp"
#include "actors/node/admin_core.hpp"
#include "actors/worker/worker_core.hpp"

/// Effects as short text, so that a test reads as a transcript: one effect after the other, separated by "; ".
/// Paths are shown below the root "/djm".
namespace djm::test {

std::string show(const store::transaction& txn);
std::string show(const std::vector<store::read_op>& reads);

std::string show(const commit_effect& x);
std::string show(const read_effect& x);
std::string show(const emit_effect& x);
std::string show(const log_effect& x);

std::string show(const job_runner_core::start_run& x);
std::string show(const job_runner_core::tell_run& x);
std::string show(const job_runner_core::stop_run& x);
std::string show(const job_runner_core::released& x);
std::string show(const job_runner_core::declined& x);
std::string show(const job_runner_core::cut_share& x);
std::string show(const job_runner_core::call_pool& x);
std::string show(const job_runner_core::look_at_run& x);
std::string show(const job_runner_core::remember_run& x);
std::string show(const job_runner_core::start_question& x);
std::string show(const job_runner_core::conclude_question& x);
std::string show(const job_runner_core::pool_ready& x);
std::string show(const job_runner_core::prepared& x);
std::string show(const job_runner_core::check_config& x);
std::string show(const job_runner_core::take_config& x);

std::string show(const worker_core::grant& x);
std::string show(const worker_core::revoke& x);
std::string show(const worker_core::renew_lease& x);
std::string show(const worker_core::not_alive& x);
std::string show(const worker_core::drained& x);
std::string show(const worker_core::settled_changed& x);
std::string show(const state_answer& x);
std::string show(const slots_told& x);
std::string show(const job_runner_core::ask_slot& x);

std::string show(const keeper_core::joined& x);
std::string show(const keeper_core::unjoined& x);
std::string show(const keeper_core::start_probing& x);
std::string show(const keeper_core::stop_probing& x);
std::string show(const keeper_core::left& x);
std::string show(const keeper_core::failed& x);
std::string show(const keeper_core::read_older& x);
std::string show(const keeper_core::follow& x);
std::string show(const keeper_core::job_ended& x);
std::string show(const keeper_core::pool_changed& x);

std::string show(const election_core::granted& x);
std::string show(const election_core::revoked& x);

std::string show(const manager_core::plan_request& x);
std::string show(const manager_core::strategy_request& x);

std::string show(const deployer_core::make& x);
std::string show(const deployer_core::register_made& x);
std::string show(const deployer_core::forget_made& x);
std::string show(const deployer_core::withdraw& x);

std::string show(const admin_core::done& x);
std::string show(const admin_core::viewed& x);

template <class T>
constexpr bool is_report =
  std::is_same_v<T, emit_effect> || std::is_same_v<T, log_effect> || std::is_same_v<T, job_runner_core::remember_run>;

/// What the core wants done; events and log lines are left out.
template <class Effect>
std::string acts(const std::vector<Effect>& effects) {
  std::string text;
  for (const auto& e : effects) {
    std::visit(
      [&](const auto& x) {
        if (!is_report<std::decay_t<decltype(x)>>) {
          text += (text.empty() ? "" : "; ") + show(x);
        }
      },
      e);
  }
  return text;
}

/// The events a subscriber would see.
template <class Effect>
std::string events(const std::vector<Effect>& effects) {
  std::string text;
  for (const auto& e : effects) {
    if (const auto* x = std::get_if<emit_effect>(&e)) {
      text += (text.empty() ? "" : "; ") + show(*x);
    }
  }
  return text;
}

/// The first effect of a kind; null when there is none.
template <class Kind, class Effect>
const Kind* first(const std::vector<Effect>& effects) {
  for (const auto& e : effects) {
    if (const auto* x = std::get_if<Kind>(&e)) {
      return x;
    }
  }
  return nullptr;
}

inline time_point at(double seconds) {
  return time_point{} + std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
}

inline step when(double seconds) {
  return step{at(seconds), 7, 1'700'000'000'000 + static_cast<std::int64_t>(seconds * 1000)};
}

} // namespace djm::test
