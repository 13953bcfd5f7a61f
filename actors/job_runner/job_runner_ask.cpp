#include <algorithm>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"
#include "djm/ask_context.hpp"

/// Questions to the code of the job about items that this node holds.
namespace djm {

/// A question is put under the conditions under which a run begins, but for those that are about the rhythm: it has
/// its item from then on as a run has, and beside one.
expected<job_runner_core::effects> job_runner_core::on_ask(const item_id& item, duration timeout, step s) {
  const auto job = "job \"" + cfg_.spec.id + "\": ";
  if (stopping_) {
    return fail(errc::shutting_down, job + "it has been told to stop on this node");
  }
  const auto no = items_.find(item);
  if (no == no_item || !items_[no].granted) {
    return fail(errc::not_owner, job + "item \"" + item + "\" is not held by node \"" + cfg_.node + "\"");
  }
  if (!lease_.in_force(s.now)) {
    return fail(errc::not_connected,
                job + "node \"" + cfg_.node + "\" has no lease: it may have lost item \"" + item + "\" already");
  }
  if (!config_.usable()) {
    return fail(errc::invalid_state, job + "its code has not accepted a configuration yet");
  }
  if (questions_.full()) {
    return fail(errc::backlog_full, job + std::to_string(max_questions_of_job) +
                                      " questions are under way on this node, and there may not be more");
  }
  const auto id = (cfg_.run_base << 40) | ++last_run_;
  const auto deadline = s.now + timeout;
  questions_.add(id, no, deadline);
  return effects{start_question{id, items_.handed_out(no), deadline}};
}

job_runner_core::effects job_runner_core::on_adopted_question(run_id id, const work_item& item, step) {
  std::vector<item_no> moved;
  const auto no = items_.find_or_add(item.id, moved);
  questions_.adopt(id, no, item.token);
  last_run_ = std::max(last_run_, id & 0xffffffffffu);
  return {};
}

job_runner_core::effects job_runner_core::on_answered(run_id id, const run_end& end, step s) {
  effects out;
  const auto no = questions_.end(id, {end.failed, end.dropped, end.failure}, s, out);
  if (!items_[no].granted && !items_.in_use(no)) {
    std::vector<item_id> fed;
    std::vector<item_id> free;
    if (!items_[no].declined) {
      free.push_back(*items_[no].name);
    }
    forget(no, fed);
    give_back(std::move(free), out);
  } else if (!items_.in_use(no)) {
    decline_failed(s, out);
  }
  return out;
}

} // namespace djm
