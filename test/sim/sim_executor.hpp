#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulation/virtual_executor.hpp"
#include "test/sim/sim_job.hpp"
#include "test/sim/virtual_commands.hpp"

namespace djm::sim {

/// Runs that are virtual work: their length and manners are drawn from the seed. Each has a command outside of the
/// process, which goes on where the process is frozen or killed.
class sim_executor final : public virtual_executor {
public:
  /// Functions of the owners in `hanging` do not come back until they are released.
  sim_executor(timeline& t, process& p, run_observer& o, std::uint64_t seed, std::uint32_t max_threads,
               const std::set<std::string>& hanging)
    : virtual_executor(t, p, o, seed, max_threads),
      commands_(t, p, [&p, &o](run_id id) { o.command_ended(p, id); }),
      hanging_(hanging) {}

  void call(std::function<void()> f) override;
  /// Unfinished work stands still.
  void freeze() override;
  void thaw() override;
  void vanish() override;

  /// Of a run that has begun: it ignores its stop request for long.
  bool is_stubborn(run_id id) const { return work_.at(id).stubborn; }
  /// How long functions of the user take before they answer, from now on.
  void set_call_delay(duration most) { call_delay_ = most; }
  void release(const std::string& owner);

private:
  struct virtual_work {
    run_manner manner;
    bool stubborn = false;
    bool throws = false;
    /// Lets single items go when they are taken away.
    bool lets_go = false;
    time_point ends{};
    duration left{};
    process::pending_id event = 0;
    /// Of the hidden item: how far it is.
    enum class step : std::uint8_t { none, reading, working, saving, over } preparing = step::none;
    bool postponed = false;
  };

  void begin(accepted_run& r) override;
  void begin_watched(const accepted_run& r);
  void lease_told(time_point until) override { commands_.lease_told(until); }
  void prepare(accepted_run& r);
  void ask_preparation(run_id id, std::optional<std::string> save);
  void prepared(run_id id, const state_reply::answer& a);
  void decline_one(const accepted_run& r);
  void stop(accepted_run& r, stop_reason reason, std::vector<item_id> revoked) override;
  void take_away(accepted_run& r, std::vector<item_id> items) override;
  void begin_call(std::string owner, std::function<void()> f) override;
  void schedule_end(run_id id, time_point when);
  void ends(run_id id);
  void use_state(run_id id, const work_item& item, std::optional<std::string> save);

  /// Of the runs that have begun.
  std::map<run_id, virtual_work> work_;
  virtual_commands commands_;
  duration call_delay_{};
  const std::set<std::string>& hanging_;
  std::map<std::string, std::function<void()>> hung_;
  std::uint64_t questions_ = 0; ///< about states
  /// Answers that come after the end of this find nobody.
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

} // namespace djm::sim
