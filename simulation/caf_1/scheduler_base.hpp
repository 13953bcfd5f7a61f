#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/actor_system_access.hpp>
#include <caf/disposable.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler.hpp>

/// How the simulator takes the place of the scheduler and the clock of CAF 1.1.
namespace djm::sim {

/// CAF's clock under the world's time.
class sim_clock final : public caf::actor_clock {
public:
  using caf::actor_clock::schedule;

  time_point now() const noexcept override { return current_time; }
  caf::disposable schedule(time_point t, caf::action f) override {
    actions_.emplace(t, f);
    return std::move(f).as_disposable();
  }
  std::optional<time_point> next() {
    while (!actions_.empty() && actions_.begin()->second.disposed()) {
      actions_.erase(actions_.begin());
    }
    return actions_.empty() ? std::nullopt : std::optional{actions_.begin()->first};
  }
  void trigger_timeout() {
    if (!next()) {
      return;
    }
    auto f = std::move(actions_.begin()->second);
    actions_.erase(actions_.begin());
    f.run();
  }

  time_point current_time{duration_type{1}};

private:
  std::multimap<time_point, caf::action> actions_;
};

class scheduler_base : public caf::scheduler {
public:
  explicit scheduler_base(sim_clock& c) : clock_(c) {}

  sim_clock& clock() noexcept { return clock_; }
  void schedule(caf::resumable* job) override { add(job); }
  void delay(caf::resumable* job) override { add(job); }
  void start() override {}
  void stop() override { drain(); }

protected:
  /// A job has become ready.
  virtual void add(caf::resumable* job) = 0;
  /// Runs all that is ready, also what is held.
  virtual void drain() = 0;

  caf::resumable::resume_result resume(caf::resumable* job) { return job->resume(this, 1); }
  /// The message that the actor handles next; null when there is none.
  static const caf::message* next_message(caf::scheduled_actor& actor) {
    auto* next = actor.peek_at_next_mailbox_element();
    return next == nullptr ? nullptr : &next->content();
  }
  /// Empty for CAF's own messages, otherwise for `message_name`.
  static std::string_view type_of(const caf::message& m) {
    return m.size() == 0 || m.type_at(0) < caf::first_custom_type_id ? std::string_view{}
                                                                     : caf::query_type_name(m.type_at(0));
  }

private:
  sim_clock& clock_; ///< the system's
};

template <class Coordinator>
struct config_for : caf::actor_system_config {};

/// An actor system that a `Coordinator` drives.
template <class Coordinator>
class system_for : public caf::actor_system {
public:
  explicit system_for(caf::actor_system_config& config)
    : caf::actor_system(
        config,
        [](caf::actor_system& self, caf::actor_system_config&, void*) {
          caf::detail::actor_system_access access{self};
          auto clock = std::make_unique<sim_clock>();
          access.scheduler(std::make_unique<Coordinator>(*clock));
          access.clock(std::move(clock));
        },
        nullptr) {}
};

/// CAF's own logger, which books every actor that runs: in this thread.
inline void forget_logger() {
  caf::logger::current_logger(nullptr);
}

} // namespace djm::sim
