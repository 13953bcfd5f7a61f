#include "simulation/scheduler.hpp"

#include <utility>

#include <caf/all.hpp>

namespace djm::sim {

namespace {

caf::scheduled_actor* actor_of(caf::resumable* job) {
  return job->subtype() == caf::resumable::scheduled_actor ? static_cast<caf::scheduled_actor*>(job) : nullptr;
}

} // namespace

void sim_coordinator::hold(owner o, bool held) {
  if (groups_.size() <= o) {
    groups_.resize(o + 1);
  }
  auto& g = groups_[o];
  if (g.held == held) {
    return;
  }
  g.held = held;
  if (held) {
    waiting_ -= g.runnable.size();
  } else {
    waiting_ += g.runnable.size();
  }
}

void sim_coordinator::kill(owner o) {
  hold(o, false);
  for (auto& weak : std::exchange(groups_[o].actors, {})) {
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak)) {
      caf::anon_send_exit(caf::actor_cast<caf::actor>(strong), caf::exit_reason::kill);
    }
  }
  while (!groups_[o].runnable.empty()) {
    run(o, 0);
  }
  // What the dying have spawned.
  if (!groups_[o].actors.empty()) {
    kill(o);
  }
}

bool sim_coordinator::step() {
  if (waiting_ == 0) {
    return false;
  }
  auto pick = chance_.below(waiting_);
  for (owner o = 0; o < groups_.size(); ++o) {
    if (groups_[o].held) {
      continue;
    }
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

void sim_coordinator::drain() {
  for (auto& g : groups_) {
    if (g.held) {
      hold(static_cast<owner>(&g - groups_.data()), false);
    }
  }
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
      if (groups_.size() <= acting_) {
        groups_.resize(acting_ + 1);
      }
      groups_[acting_].actors.emplace_back(actor->ctrl());
    }
    o = owner_of_[id];
  }
  groups_[o].runnable.push_back(job);
  if (!groups_[o].held) {
    ++waiting_;
  }
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
  if (const auto* message = actor == nullptr ? nullptr : next_message(*actor)) {
    if (observer_ != nullptr) {
      observer_->handles(o, actor->name(), type_of(*message));
    }
    if (on_step) {
      on_step(o, actor->name(), caf::to_string(*message));
    }
  }
  const auto before = std::exchange(acting_, o);
  switch (resume(job)) {
  case caf::resumable::resume_later:
    groups_[o].runnable.push_back(job);
    if (!groups_[o].held) {
      ++waiting_;
    }
    break;
  case caf::resumable::done:
  case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
  case caf::resumable::shutdown_execution_unit: break;
  }
  acting_ = before;
}

} // namespace djm::sim
