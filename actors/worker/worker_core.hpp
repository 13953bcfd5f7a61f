#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/worker/assignment_reader.hpp"
#include "actors/worker/clock_desk.hpp"
#include "actors/worker/lease.hpp"
#include "actors/worker/lock_reader.hpp"
#include "actors/worker/lock_table.hpp"
#include "actors/worker/lock_writer.hpp"
#include "actors/worker/predecessor_locks.hpp"
#include "actors/worker/refusal_book.hpp"
#include "actors/worker/slot_book.hpp"
#include "actors/worker/state_book.hpp"
#include "actors/worker/worker_effects.hpp"
#include "actors/worker/worker_session.hpp"
#include "actors/worker/worker_store.hpp"
#include "djm/status.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Compares what this node is assigned with what it holds, takes and gives back the item locks, and tells the job
/// runners what they may run and until when: the order of the worker's activities. What is assigned is read beside all
/// else; of locks, what is uncertain is read first, then what others hold, then locks are changed.
class worker_core {
public:
  using grant = item_grant;
  using revoke = item_revocation;
  using renew_lease = lease_renewal;
  using not_alive = registration_lost;
  using drained = worker_drained;
  using settled_changed = worker_settled;
  using effect = worker_effect;
  using effects = worker_effects;
  using settings = worker_config;

  explicit worker_core(settings s);
  /// The activities know each other, so the core stays where it is.
  worker_core(const worker_core&) = delete;
  worker_core& operator=(const worker_core&) = delete;

  effects on_session(const store::session_view& view, step s);
  /// The keeper has joined in session `number`; `alive_data` is what it wrote into `alive/<worker>`.
  effects on_joined(std::uint64_t number, std::string alive_data, step s);
  /// The registration is gone although the session lives: somebody removed it. The others may count from the last
  /// contact.
  effects on_unjoined(step s);
  effects on_contact(std::uint64_t number, time_point contact, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  effects on_released(const job_id& job, const std::vector<item_id>& items, step s);
  /// The same, and this node does not want these for so long.
  effects on_declined(const job_id& job, const std::vector<item_id>& items, duration length, const std::string& why,
                      step s);
  effects on_job_added(const job_id& job, step s);
  /// The job's runner was replaced: it is told again what it may run.
  effects on_runner_rebuilt(const job_id& job, step s);
  /// The job's items are revoked; its runner stays until they are released (`take_free_jobs`).
  effects on_job_removed(const job_id& job, step s);
  /// Give everything back; `drained` follows.
  effects on_drain(step s);
  /// Stop waiting for runs: what is still held is left for the leader to break.
  effects on_hurry(step s);
  effects on_wake(step s);
  /// A run loads or saves the state of an item; answered by a `state_answer`.
  effects on_state_wish(state_wish w, step s);
  /// The runner of a job wants to know what is remembered of items, or something written; answered by `slots_told`.
  effects on_slot_wishes(const job_id& job, std::vector<slot_wish> wishes, step s);

  std::optional<time_point> wake_at() const {
    return earliest(earliest(earliest(store_.retry_at(), slots_.wake_at()), clock_.wake_at()),
                    earliest(states_.wake_at(), refusals_.next_end()));
  }
  /// Jobs that were removed and are free now, each told once: no item of theirs is locked, being locked or being given
  /// back, and nothing of theirs runs. `runs(job)` asks the executor: a core that was rebuilt may not know yet what
  /// does.
  template <class F>
  std::vector<job_id> take_free_jobs(F runs) {
    std::vector<job_id> free;
    for (auto j = leaving_.begin(); j != leaving_.end();) {
      if (locks_.holds_items_of(*j) || runs(*j)) {
        ++j;
      } else {
        free.push_back(*j);
        j = leaving_.erase(j);
      }
    }
    return free;
  }
  worker_status status(time_point now) const;
  duration state_patience() const { return cfg_.state_patience; }
  /// How many items the events so far have looked at: what tests of the cost count.
  std::uint64_t looks() const { return locks_.looks(); }

private:
  void everything_unproved();
  void progress(step s, effects& out);
  void next(step s, effects& out);
  void reading_failed(const worker_dialogue::answered_read& q, step s, effects& out);
  void renew(step s, effects& out);
  void forget_problems(effects& out);
  void check_settled(effects& out);
  void check_drained(step s, effects& out);

  worker_config cfg_;
  store::tree_schema tree_;
  worker_store store_;
  worker_session member_;
  lock_table locks_;
  lease lease_;

  // the activities
  assignment_reader assigned_;
  predecessor_locks predecessor_;
  lock_reader reader_;
  refusal_book refusals_;
  clock_desk clock_;
  lock_writer writer_;
  state_book states_;
  slot_book slots_;

  std::set<job_id> leaving_; ///< removed, and not free yet
  bool verified_ = false;    ///< no lock is uncertain since the latest connect
  bool hurry_ = false;
  bool drained_ = false;
  bool settled_ = false;
  bool changed_ = true; ///< something that `settled_` depends on
};

} // namespace djm
