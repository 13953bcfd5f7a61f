#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "djm/caf.hpp"
#include "simulation/chance.hpp"

#if DJM_CAF_1X
#  include "simulation/caf_1/scheduler_base.hpp"
#else
#  include "simulation/caf_0_17/scheduler_base.hpp"
#endif

namespace djm::sim {

/// Who watches which message meets which actor.
class message_observer {
public:
  virtual ~message_observer() = default;
  /// `type` is empty for CAF's own messages, otherwise for `message_name`.
  virtual void handles(std::uint32_t owner, const char* actor, std::string_view type) = 0;
};

/// Runs one message of one actor at a time, chosen by the seed. Every actor belongs to an owner: the one on whose
/// behalf it was spawned. Owners can be held (their actors wait) and killed.
class sim_coordinator final : public scheduler_base {
public:
  using owner = std::uint32_t;
  /// Owner of what no process has spawned.
  static constexpr owner nobody = 0;

  using scheduler_base::scheduler_base;

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

private:
  struct group {
    std::vector<caf::resumable*> runnable;
    std::vector<caf::weak_actor_ptr> actors;
    bool held = false;
  };

  void add(caf::resumable* job) override;
  void drain() override;
  void run(owner o, std::size_t index);

  message_observer* observer_ = nullptr;
  chance chance_{0, "scheduler"};
  std::vector<group> groups_{1};
  /// By actor id.
  std::vector<owner> owner_of_;
  std::vector<bool> known_;
  owner acting_ = nobody;
  std::size_t waiting_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t hash_ = 0;
};

using sim_config = config_for<sim_coordinator>;

/// An actor system that a `sim_coordinator` drives.
class sim_system final : public system_for<sim_coordinator> {
public:
  using system_for<sim_coordinator>::system_for;
  sim_coordinator& coordinator() { return static_cast<sim_coordinator&>(scheduler()); }
};

} // namespace djm::sim
