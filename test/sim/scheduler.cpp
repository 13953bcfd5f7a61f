#include "test/sim/scheduler.hpp"

#include <utility>

#include <caf/all.hpp>

#if DJM_CAF_1X
#  include <caf/detail/actor_system_access.hpp>
#endif

namespace djm::sim {

namespace {

caf::scheduled_actor* actor_of(caf::resumable* job) {
  return job->subtype() == caf::resumable::scheduled_actor ? static_cast<caf::scheduled_actor*>(job) : nullptr;
}

template <class Content> // a message, or in 0.17.6 what it is made of
std::string_view type_of(const Content& m) {
  if (m.size() == 0)
    return {};
#if DJM_CAF_1X
  return m.type_at(0) < caf::first_custom_type_id ? std::string_view{} : caf::query_type_name(m.type_at(0));
#else
  const auto* type = m.type(0).second;
  return type == nullptr ? std::string_view{} : std::string_view{type->name()};
#endif
}

} // namespace

#if DJM_CAF_1X
caf::disposable sim_clock::schedule(time_point t, caf::action f) {
  actions_.emplace(t, f);
  return std::move(f).as_disposable();
}

std::optional<sim_clock::time_point> sim_clock::next() {
  while (!actions_.empty() && actions_.begin()->second.disposed())
    actions_.erase(actions_.begin());
  return actions_.empty() ? std::nullopt : std::optional{actions_.begin()->first};
}

void sim_clock::trigger_timeout() {
  if (!next())
    return;
  auto f = std::move(actions_.begin()->second);
  actions_.erase(actions_.begin());
  f.run();
}
#else
sim_coordinator::sim_coordinator(caf::actor_system& system) : caf::scheduler::test_coordinator(system), unit_(this) {}
#endif

void sim_coordinator::hold(owner o, bool held) {
  if (groups_.size() <= o)
    groups_.resize(o + 1);
  auto& g = groups_[o];
  if (g.held == held)
    return;
  g.held = held;
  if (held)
    waiting_ -= g.runnable.size();
  else
    waiting_ += g.runnable.size();
}

void sim_coordinator::kill(owner o) {
  hold(o, false);
  for (auto& weak : std::exchange(groups_[o].actors, {}))
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send_exit(caf::actor_cast<caf::actor>(strong), caf::exit_reason::kill);
  while (!groups_[o].runnable.empty())
    run(o, 0);
  // What the dying have spawned.
  if (!groups_[o].actors.empty())
    kill(o);
}

bool sim_coordinator::step() {
  if (waiting_ == 0)
    return false;
  auto pick = chance_.below(waiting_);
  for (owner o = 0; o < groups_.size(); ++o) {
    if (groups_[o].held)
      continue;
    const auto n = groups_[o].runnable.size();
    if (pick < n) {
      run(o, static_cast<std::size_t>(pick));
      return true;
    }
    pick -= n;
  }
  return false;
}

std::size_t sim_coordinator::living_actors(owner o) const {
  return o < groups_.size() ? groups_[o].actors.size() : 0;
}

void sim_coordinator::stop() {
  for (auto& g : groups_)
    if (g.held)
      hold(static_cast<owner>(&g - groups_.data()), false);
  while (step()) {
  }
}

void sim_coordinator::add(caf::resumable* job) {
  owner o = nobody;
  if (auto* actor = actor_of(job)) {
    const auto id = static_cast<std::size_t>(actor->id());
    if (owner_of_.size() <= id) {
      owner_of_.resize(id + 64, nobody);
      known_.resize(id + 64, false);
    }
    if (!known_[id]) {
      known_[id] = true;
      owner_of_[id] = acting_;
      if (groups_.size() <= acting_)
        groups_.resize(acting_ + 1);
      groups_[acting_].actors.emplace_back(actor->ctrl());
    }
    o = owner_of_[id];
  }
  groups_[o].runnable.push_back(job);
  if (!groups_[o].held)
    ++waiting_;
}

void sim_coordinator::run(owner o, std::size_t index) {
  auto& list = groups_[o].runnable;
  auto* job = list[index];
  list[index] = list.back();
  list.pop_back();
  --waiting_;
  ++steps_;
  auto* actor = actor_of(job);
  hash_ = mix(hash_ ^ (actor != nullptr ? actor->id() : 0));
  if (actor != nullptr)
#if DJM_CAF_1X
    if (auto* next = actor->peek_at_next_mailbox_element()) {
#else
    if (auto* next = actor->mailbox().peek()) {
#endif
      const auto& content = next->content();
      if (observer_ != nullptr)
        observer_->handles(o, actor->name(), type_of(content));
      if (on_step)
        on_step(o, actor->name(), caf::to_string(content));
    }
  const auto before = std::exchange(acting_, o);
#if DJM_CAF_1X
  switch (job->resume(this, 1)) {
#else
  switch (job->resume(&unit_, 1)) {
#endif
  case caf::resumable::resume_later:
    groups_[o].runnable.push_back(job);
    if (!groups_[o].held)
      ++waiting_;
    break;
  case caf::resumable::done:
  case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
  case caf::resumable::shutdown_execution_unit: break;
  }
  acting_ = before;
}

#if DJM_CAF_1X
sim_config::sim_config() = default;

sim_system::sim_system(sim_config& config)
  : caf::actor_system(
      config,
      [](caf::actor_system& self, caf::actor_system_config&, void*) {
        caf::detail::actor_system_access access{self};
        auto clock = std::make_unique<sim_clock>();
        access.scheduler(std::make_unique<sim_coordinator>(*clock));
        access.clock(std::move(clock));
      },
      nullptr) {}
#else
sim_config::sim_config() {
  load<sim_coordinator>();
  add_error_renderer(*this);
}

sim_system::sim_system(sim_config& config) : caf::actor_system(config) {}
#endif

void sim_system::forget_logger() {
#if DJM_CAF_1X
  caf::logger::current_logger(nullptr);
#else
  caf::logger::set_current_actor_system(nullptr);
#endif
}

} // namespace djm::sim
