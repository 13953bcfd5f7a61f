#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/executor/call_lanes.hpp"
#include "actors/executor/executor.hpp"
#include "actors/executor/fair_queue.hpp"
#include "simulation/chance.hpp"
#include "simulation/lease_watch.hpp"
#include "simulation/process.hpp"

namespace djm::sim {

/// Who watches the runs of all processes.
class run_observer {
public:
  virtual ~run_observer() = default;
  virtual void run_began(const process&, const running_info&) {}
  virtual void stop_asked(const process&, run_id, stop_reason) {}
  /// The run goes on without this item.
  /// Before it is released.
  virtual void item_declined(const process&, run_id, const item_id&) {}
  virtual void item_released(const process&, run_id, const item_id&) {}
  virtual void run_ended(const process&, const run_result&) {}
  /// The last process of what the run had started is dead.
  virtual void command_ended(const process&, run_id) {}
  /// The run loads or saves the state of an item; the number is one that no other question has.
  virtual void state_asked(const process&, run_id, std::uint64_t, const state_request&) {}
  virtual void state_told(const process&, run_id, std::uint64_t, const state_reply::answer&) {}
};

/// What executors in virtual time have in common: which runs wait for a thread, which have one, what the end of the
/// lease does to them, and who is told. How a run or a call goes, and how long it takes, is the derived class's affair.
/// One process, one thread.
class virtual_executor : public executor {
public:
  run_id next_run_id() final { return ++last_; }
  void start(run_order order, done_fn done) final;
  void request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) final;
  void renew_lease(const run_lease& l) final;
  void session_ends(std::uint64_t session, time_point at) final;
  void tell_revoked(run_id id, std::vector<item_id> items) final;
  void call_user(std::string owner, std::function<void()> f) final;
  std::vector<running_info> running(const job_id& job) const final;
  std::optional<running_info> look(run_id id) const final;
  void adopt(const job_id& job, done_fn done) final;
  void keep_states(state_keeper k) final { states_ = std::move(k); }
  executor_stats stats() const final;

  /// The process stands still, or goes on.
  virtual void freeze() {}
  virtual void thaw() {}
  /// The process is gone, and with it its runs.
  virtual void vanish() { shut(); }
  /// Nothing is called any more, but runs under way go on to their end.
  void shut();

protected:
  virtual_executor(timeline& t, process& p, run_observer& o, std::uint64_t seed, std::uint32_t max_threads);

  struct accepted_run {
    /// Its items are those that it has not released.
    run_order order;
    done_fn done;
    bool started = false;
    bool stopping = false;
    time_point accepted{}, began{};
  };

  /// What is shown of it.
  virtual running_info info_of(const accepted_run& r) const {
    return {r.order.id, r.order.job, r.order.items, r.started, r.began, r.began, {}, r.order.purpose, r.order.question};
  }

  /// It has a thread from now on; `finish` gives that back.
  virtual void begin(accepted_run& r) = 0;
  /// Of a run that has a thread: it is asked to stop, or hears that items are taken away.
  virtual void stop(accepted_run& r, stop_reason reason, std::vector<item_id> revoked) = 0;
  virtual void take_away(accepted_run& r, std::vector<item_id> items) = 0;
  /// How long the lease lasts, by the clock of the process: for what works for its runs outside of it. When this
  /// returns, all of that goes by it.
  virtual void lease_told(time_point) {}
  /// A run has not ended at its deadline.
  virtual void overrun(const running_info&) {}
  /// Calls `f` soon, and says `call_ended` after that.
  virtual void begin_call(std::string owner, std::function<void()> f) = 0;

  /// The run goes on without these items; unknown ids are ignored.
  void let_go(run_id id, const std::vector<item_id>& items, const std::optional<std::string>& declined = {});
  void finish(run_result r);
  void call_ended(const std::string& owner);
  /// At this moment, but not within this call.
  void later(std::function<void()> f) { process_.later(timeline_.now, process::kind::code, std::move(f)); }

  timeline& timeline_;
  process& process_;
  run_observer& observer_;
  chance chance_;
  std::map<run_id, accepted_run> runs_;
  /// Not asked any more by a process that is gone.
  state_keeper states_;
  executor_stats stats_;
  bool shut_ = false;

private:
  std::string complaint(const run_order& order) const;
  void tell_lease();
  void fill();
  void give_thread(run_id id);
  void drop(run_id id);
  void end_lease(const lease_guard::verdict& v);

  lease_watch lease_;
  fair_queue waiting_;
  call_lanes lanes_;
  run_id last_ = 0;
};

} // namespace djm::sim
