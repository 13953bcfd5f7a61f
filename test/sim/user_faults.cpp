#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "test/sim/fault_plan.hpp"

namespace djm::sim {

using namespace std::chrono_literals;

namespace {

/// The custom strategy of a careless user.
class moody_strategy final : public strategy {
public:
  explicit moody_strategy(std::shared_ptr<strategy_mood> mood) : mood_(std::move(mood)) {}
  std::string_view name() const noexcept override { return "moody"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override {
    switch (*mood_) {
    case strategy_mood::throws: throw std::runtime_error("the strategy is in a mood");
    case strategy_mood::fails: return fail(errc::internal, "the strategy does not feel like it");
    case strategy_mood::nonsense: {
      auto p = sound_.find("evenly_spread")->assign(problem, options);
      if (p) {
        for (auto& owner : p->owner) {
          owner += 1000;
        }
      }
      return p;
    }
    case strategy_mood::sound: break;
    }
    return sound_.find("evenly_spread")->assign(problem, options);
  }

private:
  std::shared_ptr<strategy_mood> mood_;
  strategy_registry sound_;
};

} // namespace

std::shared_ptr<const strategy_registry> make_strategies(std::shared_ptr<strategy_mood> mood) {
  auto registry = std::make_shared<strategy_registry>();
  if (!registry->add(std::make_shared<moody_strategy>(std::move(mood)))) {
    throw std::logic_error("the name is taken");
  }
  return registry;
}

void fault_plan::register_again(world::handle h, std::size_t machine, const job_id& id) {
  if (!world_.up(h)) {
    return;
  }
  world_.tell(h, register_job{spec_of(id, machine), std::make_shared<sim_job>(jobs_.at(id).world, machine)},
              [this, h, machine, id](const error& why) {
                if (why.text.find("on its way out") != std::string::npos) {
                  later(500ms, [this, h, machine, id] { register_again(h, machine, id); });
                }
              });
}

/// What users do: pools, strategies and code that misbehave, switches and wishes at any time.
void fault_plan::add_user_faults() {
  actions_["pool changes"] = [this] {
    auto& j = any_job();
    auto items = j.all_items;
    const auto keep = items.size() / 2 + chance_.below(items.size() / 2 + 1);
    while (items.size() > keep) {
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(chance_.below(items.size())));
    }
    if (chance_.one_in(3)) {
      items.emplace_back("x" + std::to_string(chance_.below(10)));
      std::sort(items.begin(), items.end());
    }
    j.world->items = items;
  };
  actions_["pool empty"] = [this] {
    auto& j = any_job();
    auto items = std::exchange(j.world->items, {});
    later(chance_.between(200ms, 4s), [w = j.world, items] { w->items = items; });
  };
  actions_["pools disagree"] = [this] {
    auto& j = any_job();
    auto items = j.all_items;
    items.pop_back();
    const auto m = any_machine();
    j.world->elsewhere[m] = items;
    later(chance_.between(200ms, 4s), [w = j.world, m] { w->elsewhere.erase(m); });
  };
  // A deployment that stays mixed: this machine has a version with other items, whatever becomes of the rest.
  actions_["versions disagree"] = [this] {
    auto& j = any_job();
    auto items = j.all_items;
    items.erase(items.begin());
    items.emplace_back("v" + std::to_string(chance_.below(10)));
    std::sort(items.begin(), items.end());
    const auto m = any_machine();
    j.world->elsewhere[m] = items;
    mixed_.insert({j.spec.id, m});
    // What makes the others join again.
    later(chance_.between(300ms, 4s), [this] {
      if (!healed_) {
        actions_.at(chance_.one_in(2) ? "session expires" : "gentle stop")();
      }
    });
  };
  actions_["pool throws"] = [this] {
    auto& j = any_job();
    const auto m = any_machine();
    j.world->pool_throws.insert(m);
    later(chance_.between(200ms, 5s), [w = j.world, m] { w->pool_throws.erase(m); });
  };
  actions_["share cannot be cut"] = [this] {
    auto& j = any_job();
    const auto m = any_machine();
    j.world->cut_throws.insert(m);
    later(chance_.between(200ms, 5s), [w = j.world, m] { w->cut_throws.erase(m); });
  };
  actions_["strategy in a mood"] = [this] {
    *mood_ = static_cast<strategy_mood>(1 + chance_.below(3));
    later(chance_.between(200ms, 4s), [this] { *mood_ = strategy_mood::sound; });
  };
  actions_["user code slow"] = [this] {
    if (const auto h = any_node()) {
      world_.executor_of(*h).set_call_delay(chance_.between(50ms, 3s));
      later(chance_.between(200ms, 4s), [this, h = *h] { world_.executor_of(h).set_call_delay(duration::zero()); });
    }
  };
  actions_["user code hangs"] = [this] {
    static constexpr const char* functions[] = {"pool ", "cut "};
    const auto owner =
      chance_.one_in(2) ? std::string{"strategy moody"} : functions[chance_.below(2)] + any_job().spec.id;
    world_.hang(owner);
    later(chance_.between(200ms, 10s), [this, owner] {
      if (!healed_) {
        world_.release(owner);
      }
    });
  };
  actions_["job switched"] = [this] {
    auto& j = any_job();
    const auto id = j.spec.id;
    if (const auto h = any_node()) {
      world_.tell(*h, switch_job{id, false});
    }
    later(chance_.between(200ms, 4s), [this, id] {
      if (const auto h = any_node()) {
        world_.tell(*h, switch_job{id, true});
      }
    });
  };
  actions_["all switched"] = [this] {
    if (const auto h = any_node()) {
      world_.tell(*h, switch_all{false});
    }
    later(chance_.between(200ms, 3s), [this] {
      if (const auto h = any_node()) {
        world_.tell(*h, switch_all{true});
      }
    });
  };
  actions_["job taken away"] = [this] {
    auto& j = any_job();
    if (const auto h = any_node()) {
      const auto m = world_.process_of(*h).machine();
      if (!knows(m, j.spec.id)) {
        return;
      }
      world_.tell(*h, unregister_job{j.spec.id});
      later(chance_.between(100ms, 4s), [this, h = *h, m, id = j.spec.id] { register_again(h, m, id); });
    }
  };
  actions_["job deleted"] = [this] {
    const auto id = any_job().spec.id;
    for (const auto h : world_.processes()) {
      const auto m = world_.process_of(h).machine();
      if (!knows(m, id)) {
        continue;
      }
      world_.tell(h, unregister_job{id});
      later(chance_.between(300ms, 5s), [this, h, m, id] { register_again(h, m, id); });
    }
    for (int n = 0; n < 3; ++n) {
      later(chance_.between(100ms, 3s), [this, id] {
        if (const auto h = any_node()) {
          world_.tell(*h, delete_job{id});
        }
      });
    }
  };
  actions_["job triggered"] = [this] {
    const auto& j = any_job();
    if (const auto h = any_node(); h && !j.spec.schedule.lasting()) { // its starts are counted
      world_.ask<std::uint64_t>(*h, trigger_here{j.spec.id}, [](const std::uint64_t&) {});
    }
  };
  actions_["job rescheduled"] = [this] {
    auto& j = any_job();
    if (const auto h = any_node(); h && !j.spec.schedule.lasting()) {
      world_.tell(*h, reschedule_job{j.spec.id, schedule::fixed_delay(chance_.between(50ms, 500ms))});
    }
  };
  actions_["worker marked"] = [this] {
    const auto m = any_machine();
    const node_id name{"n" + std::to_string(m)};
    const bool drain = chance_.one_in(2);
    if (const auto h = any_node()) {
      world_.tell(*h, mark_worker{name, drain, !drain});
    }
    later(chance_.between(300ms, 3s), [this, name] {
      if (const auto h = any_node()) {
        world_.tell(*h, mark_worker{name, false, false});
      }
    });
  };
}

} // namespace djm::sim
