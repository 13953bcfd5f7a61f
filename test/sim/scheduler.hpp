#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "djm/caf.hpp"
#include "test/sim/chance.hpp"

#if DJM_CAF_1X
#  include <map>

#  include <caf/action.hpp>
#  include <caf/actor_clock.hpp>
#  include <caf/disposable.hpp>
#  include <caf/resumable.hpp>
#  include <caf/scheduler.hpp>
#else
#  include <caf/execution_unit.hpp>
#  include <caf/scheduler/test_coordinator.hpp>
#endif

namespace djm::sim {

/// CAF's clock under the world's time.
#if DJM_CAF_1X
class sim_clock final : public caf::actor_clock {
public:
  using caf::actor_clock::schedule;

  time_point now() const noexcept override { return current_time; }
  caf::disposable schedule(time_point t, caf::action f) override;
  std::optional<time_point> next();
  void trigger_timeout();

  time_point current_time{duration_type{1}};

private:
  std::multimap<time_point, caf::action> actions_;
};
using coordinator_base = caf::scheduler;
#else
class sim_clock final : public caf::detail::test_actor_clock {
public:
  std::optional<time_point> next() const {
    return schedule_.empty() ? std::nullopt : std::optional{schedule_.begin()->first};
  }
};
using coordinator_base = caf::scheduler::test_coordinator;
#endif

/// Who watches which message meets which actor.
class message_observer {
public:
  virtual ~message_observer() = default;
  /// `type` is empty for CAF's own messages, otherwise for `message_name`.
  virtual void handles(std::uint32_t owner, const char* actor, std::string_view type) = 0;
};

/// Runs one message of one actor at a time, chosen by the seed. Every actor belongs to an owner: the one on whose
/// behalf it was spawned. Owners can be held (their actors wait) and killed.
class sim_coordinator final : public coordinator_base {
public:
  using owner = std::uint32_t;
  /// Owner of what no process has spawned.
  static constexpr owner nobody = 0;

#if DJM_CAF_1X
  explicit sim_coordinator(sim_clock& c) : clock_(c) {}

  sim_clock& clock() noexcept { return clock_; }
  void schedule(caf::resumable* job) override { add(job); }
  void delay(caf::resumable* job) override { add(job); }
  void start() override {}
  void stop() override;
#else
  explicit sim_coordinator(caf::actor_system& system);
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new sim_coordinator(system);
  }

  sim_clock& clock() noexcept override { return clock_; }
#endif

  void seed(std::uint64_t s) { chance_ = chance{s, "scheduler"}; }
  /// Actors spawned from now on outside of any actor belong to this owner.
  void act_for(owner o) { acting_ = o; }
  void hold(owner o, bool held);
  /// Ends every actor of the owner at once; none of them handles another message that matters.
  void kill(owner o);

  /// Handles one message; false when nobody who may run has one.
  bool step();
  void set_observer(message_observer* o) { observer_ = o; }
  /// Told of every message before it is handled: whose, which actor, what it says.
  std::function<void(owner, const char*, const std::string&)> on_step;
  std::uint64_t steps() const noexcept { return steps_; }
  /// Of the order in which actors ran.
  std::uint64_t hash() const noexcept { return hash_; }
  /// Messages waiting for actors of this owner, at most so many at once (I10).
  std::size_t living_actors(owner o) const;

#if !DJM_CAF_1X
protected:
  void stop() override;
  void enqueue(caf::resumable* job) override { add(job); }
#endif

private:
#if !DJM_CAF_1X
  struct unit final : caf::execution_unit {
    explicit unit(sim_coordinator* p) : caf::execution_unit(&p->system()), parent(p) {}
    void exec_later(caf::resumable* job) override { parent->add(job); }
    sim_coordinator* parent;
  };
#endif
  struct group {
    std::vector<caf::resumable*> runnable;
    std::vector<caf::weak_actor_ptr> actors;
    bool held = false;
  };

  void add(caf::resumable* job);
  void run(owner o, std::size_t index);

  message_observer* observer_ = nullptr;
  chance chance_{0, "scheduler"};
#if DJM_CAF_1X
  sim_clock& clock_; ///< the system's
#else
  sim_clock clock_;
  unit unit_;
#endif
  std::vector<group> groups_{1};
  /// By actor id.
  std::vector<owner> owner_of_;
  std::vector<bool> known_;
  owner acting_ = nobody;
  std::size_t waiting_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t hash_ = 0;
};

struct sim_config : caf::actor_system_config {
  sim_config();
};

/// An actor system that a `sim_coordinator` drives.
class sim_system final : public caf::actor_system {
public:
  explicit sim_system(sim_config& config);
  /// In this thread.
  static void forget_logger();
  sim_coordinator& coordinator() { return static_cast<sim_coordinator&>(scheduler()); }
};

} // namespace djm::sim
