#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/executor/run_context.hpp"
#include "simulation/virtual_executor.hpp"
#include "testkit/lockstep.hpp"
#include "testkit/virtual_clock.hpp"

namespace djm::test {

/// Runs the user's own code on threads in lock step, within virtual time. The contract of `executor` with two
/// differences: everything happens on one thread at a time, and calls and stop callbacks find a thread whatever hangs.
class lockstep_executor final : public sim::virtual_executor {
public:
  using report_fn = std::function<void(const std::string&)>;
  using overrun_fn = std::function<void(const running_info&)>;

  /// `overrun` may be empty.
  lockstep_executor(sim::timeline& t, sim::process& p, lockstep& l, sim::run_observer& o, std::uint64_t seed,
                    std::uint32_t max_threads, report_fn report, overrun_fn overrun);

  void call(std::function<void()> f) override;

private:
  void begin(accepted_run& r) override;
  void stop(accepted_run& r, stop_reason reason, std::vector<item_id> revoked) override;
  void take_away(accepted_run& r, std::vector<item_id> items) override;
  void overrun(const running_info& r) override;
  running_info info_of(const accepted_run& r) const override;
  void begin_call(std::string owner, std::function<void()> f) override;

  run_services services();
  void soon(std::string what, std::function<void()> f);
  void contain(const std::function<void()>& f);
  void execute(run_id id);

  lockstep& lockstep_;
  report_fn report_;
  overrun_fn overrun_;
  std::shared_ptr<virtual_clock> clock_;
  /// Of the runs that have a thread. Those of a dead process stay: their code stands still where it is.
  std::map<run_id, std::shared_ptr<run_context>> contexts_;
};

} // namespace djm::test
