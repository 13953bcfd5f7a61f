#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "actors/common/open_problems.hpp"
#include "actors/job_runner/item_table.hpp"
#include "actors/job_runner/runner_effects.hpp"
#include "actors/job_runner/runner_lease.hpp"

namespace djm {

/// How the code of a question has ended.
struct question_end {
  bool failed = false;
  bool dropped = false; ///< it was not called
  std::string failure;
};

/// The questions about items that the code of the job is asked: who waits for an answer until when, who is asked to
/// stop, and who does not come back. There are `max_questions_of_job` at most, and what a runner before has left, so an
/// event may look at all of them. Pure.
class question_table {
public:
  question_table(item_table& items, const runner_config& cfg, const runner_lease& lease)
    : items_(items), cfg_(cfg), lease_(lease) {}

  bool full() const;
  bool empty() const { return all_.empty(); }
  bool has(run_id id) const { return all_.count(id) > 0; }

  /// The item knows from now on that there is one about it. Whoever asks waits until then.
  void add(run_id id, item_no item, time_point answer_by);
  /// One of a runner before: nobody waits for its answer.
  void adopt(run_id id, item_no item, fencing_token token);
  /// The item was revoked.
  void revoked(item_no item, stop_reason reason, step s, runner_effects::all& out);
  /// All are asked to stop, and whoever waits is told at once.
  void stop(stop_reason reason, step s, runner_effects::all& out);
  /// Its code has come back: whoever waits is told. The item that it was about knows of one less.
  item_no end(run_id id, const question_end& end, step s, runner_effects::all& out);
  /// Sees to all that is due.
  void check(step s, runner_effects::all& out);
  std::optional<time_point> wake_at() const;

private:
  struct question {
    item_no item = no_item;
    work_item handed;                    ///< as its code got it
    std::optional<time_point> answer_by; ///< nothing: nobody waits any more
    stop_reason why = stop_reason::none; ///< it is asked to stop
    bool lock_lost = false;
    std::optional<time_point> hangs_at;
  };

  void ask_stop(run_id id, question& q, stop_reason reason, step s, runner_effects::all& out);
  std::optional<error> verdict(const question& q, const question_end& end, step s) const;
  std::string about(const question& q) const;

  item_table& items_;
  const runner_config& cfg_;
  const runner_lease& lease_;
  std::map<run_id, question> all_;
  open_problems problems_{"job_runner"};
};

} // namespace djm
