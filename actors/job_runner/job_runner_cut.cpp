#include <utility>

#include "actors/job_runner/job_runner_core.hpp"

/// The function of the job that cuts the share: what becomes of its answers, and of a call that does not come back.
namespace djm {

/// The answers to older questions say nothing, but that the function has come back. Its calls follow each other, and of
/// those that wait only the latest is made: an answer to the latest question means that no call is left.
job_runner_core::effects job_runner_core::on_cut(std::uint64_t request,
                                                 const expected<std::vector<std::vector<item_id>>>& cut, step s) {
  effects out;
  if (request == cut_called_) {
    cut_called_ = 0;
    cut_hangs_at_.reset();
  } else {
    cut_hangs_at_ = s.now + cfg_.spec.pool_timeout;
  }
  const bool hung = std::exchange(cut_hangs_, false);
  if (request != cut_request_) {
    if (hung && !stopping_) {
      recut(s, out); // the share has changed meanwhile
      start_due(s, out);
    }
    return out;
  }
  cut_request_ = 0;
  std::string complaint;
  auto parts = checked_cut(cut, complaint);
  if (!complaint.empty()) {
    report_cut(cut ? errc::invalid_running_strategy : cut.error().code, complaint, s, out);
    parts = in_one_piece();
    // The share may stay as it is for days: what kept the strategy from cutting it may be over in a second.
    cut_again_at_ = s.now + cut_backoff_.draw(s.entropy);
  } else {
    cut_backoff_.reset();
    cut_failed_ = false;
    problems_.over(about_job(running_strategy, cfg_.spec.id), out);
  }
  adopt_cut(std::move(parts), s);
  start_due(s, out);
  return out;
}

std::vector<std::set<item_id>> job_runner_core::checked_cut(const expected<std::vector<std::vector<item_id>>>& cut,
                                                            std::string& complaint) const {
  std::vector<std::set<item_id>> parts;
  if (!cut) {
    complaint = cut.error().text;
    return parts;
  }
  std::set<item_id> seen;
  for (const auto& part : *cut) {
    std::set<item_id> p;
    for (const auto& id : part) {
      auto it = items_.find(id);
      if (!seen.insert(id).second) {
        complaint = "item \"" + id + "\" is in two parts";
      } else if (it != items_.end() && it->second.granted) {
        p.insert(id);
      } else {
        // The share is the one that was asked about: every change of it asks anew.
        complaint = "item \"" + id + "\" is not in the share";
      }
    }
    if (!p.empty()) {
      parts.push_back(std::move(p));
    }
  }
  return parts;
}

std::vector<std::set<item_id>> job_runner_core::in_one_piece() const {
  std::set<item_id> all;
  for (const auto& [id, it] : items_) {
    if (it.granted) {
      all.insert(id);
    }
  }
  std::vector<std::set<item_id>> parts;
  if (!all.empty()) {
    parts.push_back(std::move(all));
  }
  return parts;
}

void job_runner_core::report_cut(errc code, const std::string& complaint, step s, effects& out) {
  ++counters_.cut_failures;
  cut_failed_ = true;
  failed_at_ = s.now;
  last_failure_ = "running strategy: " + complaint;
  problems_.tell(about_job(running_strategy, cfg_.spec.id), {code, "job \"" + cfg_.spec.id + "\": " + last_failure_},
                 out);
}

void job_runner_core::adopt_cut(std::vector<std::set<item_id>> parts, step s) {
  set_lanes(std::move(parts), s);
  triggered_ahead_ = false;
  for (const auto& l : lanes_) {
    for (const auto& id : l.items) {
      begin_wait(id, items_.at(id), s); // perhaps the cut before left it out
    }
  }
  if (cfg_.spec.on_new_items == new_items_policy::own_run) {
    for (auto& l : lanes_) {
      l.again = l.again || has_fresh(l);
    }
  }
}

/// Until the function comes back the share runs in one piece, as where it fails, and nobody calls it again: a second
/// call beside one that hangs helps nobody.
void job_runner_core::check_cut(step s, effects& out) {
  if (!cut_hangs_at_ || s.now < *cut_hangs_at_ || stopping_) {
    return;
  }
  cut_hangs_at_.reset();
  cut_hangs_ = true;
  report_cut(errc::user_code_hangs,
             "the function that cuts the share has not come back after " + format_duration(cfg_.spec.pool_timeout), s,
             out);
  adopt_cut(in_one_piece(), s);
}

} // namespace djm
