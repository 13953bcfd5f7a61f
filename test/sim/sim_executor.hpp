#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "actors/executor/call_lanes.hpp"
#include "actors/executor/executor.hpp"
#include "actors/executor/fair_queue.hpp"
#include "simulation/chance.hpp"
#include "simulation/lease_watch.hpp"
#include "simulation/process.hpp"
#include "test/sim/sim_job.hpp"

namespace djm::sim {

/// Who watches the runs of all processes.
class run_observer {
public:
  virtual ~run_observer() = default;
  /// `stubborn`: the run will ignore its stop request for long.
  virtual void run_began(const process& p, run_id run, const job_id& job, const std::vector<work_item>& items,
                         bool stubborn) = 0;
  virtual void stop_asked(const process& p, run_id run, stop_reason reason) = 0;
  virtual void item_released(const process& p, run_id run, const item_id& item) = 0;
  virtual void run_ended(const process& p, run_id run) = 0;
};

/// Runs that take virtual time: their length and manners are drawn from the seed.
class sim_executor final : public executor {
public:
  sim_executor(timeline& t, process& p, run_observer& o, std::uint64_t seed, std::uint32_t max_threads);

  run_id next_run_id() override { return ++last_; }
  void start(run_order order, done_fn done) override;
  void request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) override;
  void renew_lease(const run_lease& l) override { lease_.renew(l); }
  void session_ends(std::uint64_t session, time_point at) override { lease_.session_ends(session, at); }
  void tell_revoked(run_id id, std::vector<item_id> items) override;
  void call(std::function<void()> f) override;
  void call_user(std::string owner, std::function<void()> f) override;
  std::vector<running_info> running(const job_id& job) const override;
  void adopt(const job_id& job, done_fn done) override;
  executor_stats stats() const override { return stats_; }

  /// The process stops or goes on; unfinished work stands still meanwhile.
  void freeze();
  void thaw();
  /// The process is gone: so are its runs.
  void vanish();
  /// Nothing is called any more, but runs under way go on to their end.
  void shut();
  /// How long functions of the user take before they answer, from now on.
  void set_call_delay(duration most) { call_delay_ = most; }
  /// Functions of these owners do not come back, here as everywhere else, until they are released.
  void share_hanging(const std::set<std::string>* owners) { hanging_ = owners; }
  void release(const std::string& owner);

private:
  struct job_run {
    run_order order;
    done_fn done;
    run_manner manner;
    bool started = false;
    bool stubborn = false;
    bool throws = false;
    bool stopping = false;
    /// Lets single items go when they are taken away.
    bool lets_go = false;
    time_point ends{};
    duration left{};
    time_point accepted{}, began{};
    process::pending_id event = 0;
  };

  void let_go(run_id id, std::vector<item_id> items);
  void begin(run_id id);
  void schedule_end(run_id id, time_point when);
  void finish(run_id id);
  void fill();
  void begin_call(std::string owner, std::function<void()> f);
  void drop(run_id id);

  timeline& timeline_;
  process& process_;
  run_observer& observer_;
  lease_watch lease_;
  chance chance_;
  std::map<run_id, job_run> runs_;
  fair_queue waiting_;
  duration call_delay_{};
  call_lanes lanes_;
  const std::set<std::string>* hanging_ = nullptr;
  std::map<std::string, std::function<void()>> hung_;
  bool shut_ = false;
  run_id last_ = 0;
  executor_stats stats_;
};

} // namespace djm::sim
