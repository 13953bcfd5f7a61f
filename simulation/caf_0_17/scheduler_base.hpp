#pragma once

#include <optional>
#include <string_view>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "djm/caf.hpp"

/// How the simulator takes the place of the scheduler and the clock of CAF 0.17.6.
namespace djm::sim {

/// CAF's clock under the world's time.
class sim_clock final : public caf::detail::test_actor_clock {
public:
  std::optional<time_point> next() const {
    return schedule_.empty() ? std::nullopt : std::optional{schedule_.begin()->first};
  }
};

class scheduler_base : public caf::scheduler::test_coordinator {
public:
  explicit scheduler_base(caf::actor_system& system) : caf::scheduler::test_coordinator(system), unit_(this) {}

  sim_clock& clock() noexcept override { return clock_; }

protected:
  /// A job has become ready.
  virtual void add(caf::resumable* job) = 0;
  /// Runs all that is ready, also what is held.
  virtual void drain() = 0;

  void stop() override { drain(); }
  void enqueue(caf::resumable* job) override { add(job); }

  caf::resumable::resume_result resume(caf::resumable* job) { return job->resume(&unit_, 1); }
  /// The message that the actor handles next; null when there is none.
  static const caf::type_erased_tuple* next_message(caf::scheduled_actor& actor) {
    auto* next = actor.mailbox().peek();
    return next == nullptr ? nullptr : &next->content();
  }
  /// Empty for CAF's own messages, otherwise for `message_name`.
  static std::string_view type_of(const caf::type_erased_tuple& m) {
    const auto* type = m.size() == 0 ? nullptr : m.type(0).second; // NOLINT(readability-container-size-empty)
    return type == nullptr ? std::string_view{} : std::string_view{type->name()};
  }

private:
  struct unit final : caf::execution_unit {
    explicit unit(scheduler_base* p) : caf::execution_unit(&p->system()), parent(p) {}
    void exec_later(caf::resumable* job) override { parent->add(job); }
    scheduler_base* parent;
  };

  sim_clock clock_;
  unit unit_;
};

template <class Coordinator>
struct config_for : caf::actor_system_config {
  config_for() {
    module_factories.push_back(
      [](caf::actor_system& system) -> caf::actor_system::module* { return new Coordinator(system); });
    add_error_renderer(*this);
  }
};

/// An actor system that a `Coordinator` drives.
template <class Coordinator>
class system_for : public caf::actor_system {
public:
  explicit system_for(caf::actor_system_config& config) : caf::actor_system(config) {}
};

/// CAF's own logger, which books every actor that runs: in this thread.
inline void forget_logger() {
  caf::logger::set_current_actor_system(nullptr);
}

} // namespace djm::sim
