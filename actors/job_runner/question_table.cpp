#include "actors/job_runner/question_table.hpp"

#include <algorithm>
#include <utility>

#include "djm/ask_context.hpp"

namespace djm {

bool question_table::full() const {
  return all_.size() >= max_questions_of_job;
}

void question_table::add(run_id id, item_no item, time_point answer_by) {
  ++items_[item].questions;
  all_[id] = {item, items_.handed_out(item), answer_by, stop_reason::none, false, {}};
}

void question_table::adopt(run_id id, item_no item, fencing_token token) {
  ++items_[item].questions;
  all_[id] = {item, {*items_[item].name, token}, {}, stop_reason::none, false, {}};
}

void question_table::revoked(item_no item, stop_reason reason, step s, runner_effects::all& out) {
  for (auto& [id, q] : all_) {
    if (q.item == item) {
      // The worker says so of a lock that is gone already; what is merely to go elsewhere is held until it is released.
      q.lock_lost = q.lock_lost || reason == stop_reason::lease_expiring;
      ask_stop(id, q, reason, s, out);
    }
  }
}

void question_table::stop(stop_reason reason, step s, runner_effects::all& out) {
  for (auto& [id, q] : all_) {
    if (std::exchange(q.answer_by, std::nullopt)) {
      out.push_back(runner_effects::conclude_question{
        id, error{errc::shutting_down, about(q) + ": the job has been told to stop on this node"}});
    }
    ask_stop(id, q, reason, s, out);
  }
}

void question_table::ask_stop(run_id id, question& q, stop_reason reason, step s, runner_effects::all& out) {
  if (q.why != stop_reason::none) {
    return;
  }
  q.why = reason;
  q.hangs_at = s.now + cfg_.grace();
  out.push_back(runner_effects::stop_run{id, reason, {}});
}

item_no question_table::end(run_id id, const question_end& end, step s, runner_effects::all& out) {
  const auto q = std::move(all_.extract(id).mapped());
  --items_[q.item].questions;
  if (q.answer_by) {
    out.push_back(runner_effects::conclude_question{id, verdict(q, end, s)});
  }
  const bool others = std::any_of(
    all_.begin(), all_.end(), [](const auto& x) { return x.second.why != stop_reason::none && !x.second.hangs_at; });
  if (!others) {
    problems_.over(about_job(job_answer, cfg_.spec.id), out);
  }
  return q.item;
}

/// Nothing: the answer of the code counts. It does as long as the item is still in the turn in which it was asked.
std::optional<error> question_table::verdict(const question& q, const question_end& end, step s) const {
  const auto& it = items_[q.item];
  const bool another_turn = it.granted && it.token != q.handed.token;
  if (q.lock_lost || another_turn || lease_.is_past_deadline(s.now)) {
    return error{errc::not_owner, about(q) + ": node \"" + cfg_.node + "\" has lost the item meanwhile"};
  }
  if (end.dropped) {
    const bool lease = q.why == stop_reason::none || q.why == stop_reason::lease_expiring;
    return lease ? error{errc::not_connected, about(q) + ": the lease of the node has ended"}
                 : error{errc::not_owner, about(q) + ": the item was taken from node \"" + cfg_.node + "\" meanwhile"};
  }
  if (end.failed) {
    return error{errc::user_code_failed, about(q) + ": the code threw: " + end.failure};
  }
  return std::nullopt;
}

void question_table::check(step s, runner_effects::all& out) {
  const bool lease_over = lease_.has_ended(s.now);
  for (auto& [id, q] : all_) {
    if (q.answer_by && *q.answer_by <= s.now) {
      q.answer_by.reset();
      out.push_back(runner_effects::conclude_question{
        id, error{errc::timed_out, about(q) + ": the code has not answered in time"}});
      ask_stop(id, q, stop_reason::timed_out, s, out);
    }
    if (lease_over) {
      ask_stop(id, q, stop_reason::lease_expiring, s, out);
    }
    if (q.hangs_at && *q.hangs_at <= s.now) {
      q.hangs_at.reset();
      problems_.tell(about_job(job_answer, cfg_.spec.id),
                     {errc::user_code_hangs, about(q) + " has not come back within " + format_duration(cfg_.grace()) +
                                               " of the request to stop; the item stays on this node until it does"},
                     out);
    }
  }
}

std::optional<time_point> question_table::wake_at() const {
  std::optional<time_point> at;
  for (const auto& [id, q] : all_) {
    at = earliest(earliest(at, q.answer_by), q.hangs_at);
    if (q.why == stop_reason::none && lease_.leased()) {
      at = earliest(at, lease_.run_until());
    }
  }
  return at;
}

std::string question_table::about(const question& q) const {
  return "job \"" + cfg_.spec.id + "\": a question about item \"" + q.handed.id + "\"";
}

} // namespace djm
