#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <typeinfo>
#include <vector>

#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "test/sim/chance.hpp"

namespace djm::sim {

/// CAF's clock under the world's time.
class sim_clock final : public caf::detail::test_actor_clock {
public:
  std::optional<time_point> next() const {
    return schedule_.empty() ? std::nullopt : std::optional{schedule_.begin()->first};
  }
};

/// Who watches which message meets which actor.
class message_observer {
public:
  virtual ~message_observer() = default;
  /// `type` is null for CAF's own messages.
  virtual void handles(std::uint32_t owner, const char* actor, const std::type_info* type) = 0;
};

/// Runs one message of one actor at a time, chosen by the seed. Every actor belongs to an owner: the one on whose
/// behalf it was spawned. Owners can be held (their actors wait) and killed.
class sim_coordinator final : public caf::scheduler::test_coordinator {
public:
  using owner = std::uint32_t;
  /// Owner of what no process has spawned.
  static constexpr owner nobody = 0;

  explicit sim_coordinator(caf::actor_system& system);
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new sim_coordinator(system);
  }

  sim_clock& clock() noexcept override { return clock_; }

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

protected:
  void stop() override;
  void enqueue(caf::resumable* job) override { add(job); }

private:
  struct unit final : caf::execution_unit {
    explicit unit(sim_coordinator* p) : caf::execution_unit(&p->system()), parent(p) {}
    void exec_later(caf::resumable* job) override { parent->add(job); }
    sim_coordinator* parent;
  };
  struct group {
    std::vector<caf::resumable*> runnable;
    std::vector<caf::weak_actor_ptr> actors;
    bool held = false;
  };

  void add(caf::resumable* job);
  void run(owner o, std::size_t index);

  message_observer* observer_ = nullptr;
  chance chance_{0, "scheduler"};
  sim_clock clock_;
  unit unit_;
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

} // namespace djm::sim
