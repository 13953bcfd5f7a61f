#include <fmt/format.h>

#include "test/sim/fault_plan.hpp"

/// What operators and deployments do to jobs as the whole cluster sees them, at any moment.
namespace djm::sim {

using namespace std::chrono_literals;

job_spec fault_plan::spec_of(const job_id& job, std::size_t machine) const {
  const auto d = deployed_.find({job, machine});
  return d != deployed_.end() ? d->second : jobs_.at(job).spec;
}

/// Whoever is told that its job was removed, and wants it, registers it again.
void fault_plan::heard(world::handle h, const event& what) {
  if (const auto* removed = std::get_if<job_removed>(&what)) {
    const auto m = world_.process_of(h).machine();
    if (knows(m, removed->job)) {
      later(chance_.between(50ms, 500ms), [this, h, m, id = removed->job] { register_again(h, m, id); });
    }
  }
}

void fault_plan::paused_outside(const job_id& job) {
  paused_.insert(job);
  for (const auto d : {300ms, 3000ms}) {
    later(d, [this] { resume_all(); });
  }
}

/// Nobody forgets a pause.
void fault_plan::resume_all() {
  if (const auto h = any_node()) {
    for (const auto& id : paused_) {
      world_.ask<std::int64_t>(*h, resume_job{id}, [](const std::int64_t&) {});
    }
  }
}

void fault_plan::add_order_faults() {
  const auto taken = [](const std::int64_t&) {};
  actions_["deployed anew"] = [this] {
    auto& j = any_job();
    const auto m = any_machine();
    if (!knows(m, j.spec.id)) {
      return;
    }
    auto spec = j.spec;
    spec.deployment = fmt::format("d{}", chance_.below(3));
    spec.revision = chance_.one_in(2) ? static_cast<std::int64_t>(chance_.below(3)) : 0;
    deployed_[{spec.id, m}] = spec;
    if (const auto h = world_.on(m); h && !world_.is_paused(*h)) {
      world_.tell(*h, unregister_job{spec.id});
      later(chance_.between(100ms, 1s), [this, h = *h, m, id = spec.id] { register_again(h, m, id); });
    }
  };
  actions_["order"] = [this, taken] {
    const auto& id = any_job().spec.id;
    const auto h = any_node();
    if (!h) {
      return;
    }
    const auto value = static_cast<std::int64_t>(chance_.below(3));
    switch (chance_.below(3)) {
    case 0:
      world_.ask<std::int64_t>(
        *h, update_job{id, *user_config::parse(fmt::format(R"({{"attributes":{{"custom":{{"x":"{}"}}}}}})", value))},
        taken);
      break;
    case 1: world_.ask<std::int64_t>(*h, configure_job{id, *user_config{}.with("x", value)}, taken); break;
    case 2: world_.ask<std::int64_t>(*h, configure_job{id, *user_config{}.with("x", value), value + 1}, taken); break;
    }
  };
  actions_["job paused"] = [this, taken] {
    const auto& spec = any_job().spec;
    const auto h = any_node();
    if (!h || (spec.schedule.lasting() && spec.schedule.kind != schedule_kind::calendar)) { // its starts are counted
      return;
    }
    paused_.insert(spec.id);
    world_.ask<std::int64_t>(*h, pause_job{spec.id}, taken);
    // Shorter than anybody waits for a turn, unless the store keeps the order waiting.
    later(chance_.between(50ms, 400ms), [this] { resume_all(); });
  };
  actions_["triggered everywhere"] = [this, taken] {
    const auto& spec = any_job().spec;
    if (spec.schedule.lasting()) {
      return;
    }
    const auto name = fmt::format("t{}", chance_.below(4));
    for (int n = 0; n < 2; ++n) {
      if (const auto h = any_node()) {
        world_.ask<std::int64_t>(*h, trigger_job{spec.id, name}, taken);
      }
    }
  };
  actions_["job removed"] = [this, taken] {
    if (const auto h = any_node(); h && !healed_) {
      world_.ask<std::int64_t>(*h, remove_job{any_job().spec.id}, taken);
    }
  };
}

} // namespace djm::sim
