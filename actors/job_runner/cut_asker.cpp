#include "actors/job_runner/cut_asker.hpp"

#include <string_view>
#include <unordered_set>
#include <utility>

namespace djm {

void cut_asker::ask(std::vector<item_id> share, std::uint64_t& last_request, step s, runner_effects::all& out) {
  request_ = ++last_request;
  if (std::exchange(called_, request_) == 0) {
    hangs_at_ = s.now + cfg_.spec.pool_timeout;
  }
  out.push_back(runner_effects::cut_share{request_, std::move(share)});
}

/// The answers to older questions say nothing, but that the function has come back. Its calls follow each other, and of
/// those that wait only the latest is made: an answer to the latest question means that no call is left.
cut_asker::use cut_asker::answered(std::uint64_t request, step s) {
  if (request == called_) {
    called_ = 0;
    hangs_at_.reset();
  } else {
    hangs_at_ = s.now + cfg_.spec.pool_timeout;
  }
  const bool hung = std::exchange(hangs_, false);
  if (request != request_) {
    return hung ? use::ask_again : use::none; // the share has changed meanwhile
  }
  request_ = 0;
  return use::cut;
}

share_parts cut_asker::parts_of(const answer_type& cut, step s, runner_effects::all& out) {
  std::string complaint;
  share_parts parts;
  if (cut) {
    parts = checked(*cut, complaint);
  } else {
    complaint = cut.error().text;
  }
  if (!complaint.empty()) {
    report(cut ? errc::invalid_running_strategy : cut.error().code, complaint, s, out);
    // The share may stay as it is for days: what kept the strategy from cutting it may be over in a second.
    again_at_ = s.now + backoff_.draw(s.entropy);
    return in_one_piece();
  }
  backoff_.reset();
  failures_.note_good_cut();
  problems_.over(about_job(running_strategy, cfg_.spec.id), out);
  return parts;
}

share_parts cut_asker::checked(const std::vector<std::vector<item_id>>& cut, std::string& complaint) const {
  share_parts parts;
  std::unordered_set<std::string_view> seen;
  for (const auto& part : cut) {
    std::vector<item_no> numbers;
    for (const auto& id : part) {
      const auto no = items_.find(id);
      if (!seen.insert(id).second) {
        complaint = "item \"" + id + "\" is in two parts";
      } else if (no != no_item && items_[no].granted) {
        numbers.push_back(no);
      } else {
        // The share is the one that was asked about: every change of it asks anew.
        complaint = "item \"" + id + "\" is not in the share";
      }
    }
    if (!numbers.empty()) {
      parts.push_back(std::move(numbers));
    }
  }
  return parts;
}

share_parts cut_asker::in_one_piece() const {
  std::vector<item_no> all;
  items_.each([&](item_no no) {
    if (items_[no].granted) {
      all.push_back(no);
    }
  });
  share_parts parts;
  if (!all.empty()) {
    parts.push_back(std::move(all));
  }
  return parts;
}

void cut_asker::report(errc code, const std::string& complaint, step s, runner_effects::all& out) {
  const auto text = "running strategy: " + complaint;
  failures_.note_cut_failure(text, s.now);
  problems_.tell(about_job(running_strategy, cfg_.spec.id), {code, "job \"" + cfg_.spec.id + "\": " + text}, out);
}

/// Until the function comes back the share runs in one piece, as where it fails, and nobody calls it again: a second
/// call beside one that hangs helps nobody.
bool cut_asker::check(step s, runner_effects::all& out) {
  if (!hangs_at_ || s.now < *hangs_at_) {
    return false;
  }
  hangs_at_.reset();
  hangs_ = true;
  report(errc::user_code_hangs,
         "the function that cuts the share has not come back after " + format_duration(cfg_.spec.pool_timeout), s, out);
  return true;
}

} // namespace djm
