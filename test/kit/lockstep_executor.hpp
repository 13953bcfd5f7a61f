#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/executor/call_lanes.hpp"
#include "actors/executor/executor.hpp"
#include "actors/executor/fair_queue.hpp"
#include "actors/executor/run_context.hpp"
#include "test/kit/lockstep.hpp"
#include "test/kit/virtual_clock.hpp"
#include "test/sim/chance.hpp"
#include "test/sim/lease_watch.hpp"
#include "test/sim/process.hpp"

namespace djm::test {

/// Who wants to know about the runs of a process.
class run_observer {
public:
  virtual ~run_observer() = default;
  virtual void run_began(const sim::process& p, const running_info& r) = 0;
  virtual void stop_asked(const sim::process& p, run_id run, stop_reason reason) = 0;
  virtual void item_released(const sim::process&, run_id, const item_id&) {}
  virtual void run_ended(const sim::process& p, const run_result& r) = 0;
};

/// Runs the user's own code on threads in lock step, within virtual time. The contract of `executor` with two
/// differences: everything happens on one thread at a time, and calls and stop callbacks find a thread whatever hangs.
class lockstep_executor final : public executor {
public:
  using report_fn = std::function<void(const std::string&)>;
  using overrun_fn = std::function<void(const running_info&)>;

  lockstep_executor(sim::timeline& t, sim::process& p, lockstep& l, run_observer& o, std::uint64_t seed,
                    std::uint32_t max_threads, report_fn report, overrun_fn overrun);

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
  executor_stats stats() const override;

  /// Nothing is called any more, but runs under way go on to their end.
  void shut();

private:
  struct entry {
    std::shared_ptr<run_context> run;
    done_fn done;
    bool started = false;
    bool stopping = false;
    duration grace = duration::zero();
    time_point accepted{}, began{};
  };

  std::string complaint(const run_order& order) const;
  run_services services();
  void released(run_id id, std::vector<item_id> items);
  void soon(std::string what, std::function<void()> f);
  void contain(const std::function<void()>& f);
  void begin_call(std::string owner, std::function<void()> f);
  void begin(run_id id);
  void finish(run_result r);
  void fill();
  void drop(run_id id);
  void end_lease(const lease_guard::verdict& v);

  sim::timeline& timeline_;
  sim::process& process_;
  lockstep& lockstep_;
  run_observer& observer_;
  sim::chance chance_;
  report_fn report_;
  overrun_fn overrun_;
  sim::lease_watch lease_;
  std::shared_ptr<virtual_clock> clock_;
  std::map<run_id, entry> runs_;
  fair_queue waiting_;
  call_lanes lanes_;
  bool shut_ = false;
  run_id last_ = 0;
  executor_stats stats_;
};

} // namespace djm::test
