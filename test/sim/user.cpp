#include "test/sim/user.hpp"

#include <chrono>
#include <iterator>

namespace djm::sim {

using namespace std::chrono_literals;

user::user(world& w, fault_plan& c, std::uint64_t seed, bool wishes, time_point until)
  : world_(w), plan_(c), chance_(seed, "user"), wishes_(wishes), until_(until) {
  world_.on_phase = [this](world::handle h, node_phase phase) { met(h, phase); };
}

void user::met(world::handle h, node_phase phase) {
  phases_[h] = phase;
  const bool well = phase == node_phase::joined;
  // What is not well does not last.
  if (well ? chance_.one_in(4) : phase == node_phase::lost || chance_.one_in(3)) {
    come_back(h, world_.now() + (well ? chance_.between(0ms, 5s) : chance_.between(0ms, 40ms)), phase);
  }
}

void user::come_back(world::handle h, time_point when, node_phase phase) {
  world_.at(when, [this, h, phase] {
    if (world_.now() >= until_ || !world_.up(h) || phases_[h] != phase) {
      return;
    }
    act(h);
    if (phase != node_phase::joined && chance_.one_in(2)) {
      come_back(h, world_.now() + chance_.between(0ms, 200ms), phase);
    }
  });
}

void user::act(world::handle h) {
  if (wishes_ && chance_.one_in(2)) {
    wish(h);
  } else {
    ask(h);
  }
}

const fault_plan::job_entry& user::any_job() {
  auto i = plan_.jobs().begin();
  std::advance(i, static_cast<std::ptrdiff_t>(chance_.below(plan_.jobs().size())));
  return i->second;
}

void user::ask(world::handle h) {
  const auto& job = any_job();
  switch (chance_.below(6)) {
  case 0:
  case 1: world_.ask<node_status>(h, get_status{}, [](const node_status&) {}); break;
  case 2: world_.ask<cluster_view>(h, get_cluster{}, [](const cluster_view&) {}); break;
  case 3: world_.ask<runner_status>(h, get_job{job.spec.id}, [](const runner_status&) {}); break;
  case 4: {
    const auto& item = job.all_items[static_cast<std::size_t>(chance_.below(job.all_items.size()))];
    world_.ask<item_explanation>(h, explain_item{job.spec.id, item}, [](const item_explanation&) {});
    break;
  }
  case 5:
    if (chance_.one_in(2)) {
      world_.ask<caf::actor>(h, get_job_handle{job.spec.id}, [](const caf::actor&) {});
    } else {
      world_.listen(h, chance_.one_in(2));
    }
    break;
  }
}

void user::wish(world::handle h) {
  const auto& job = any_job();
  switch (chance_.below(8)) {
  case 0:
    if (!job.spec.schedule.lasting()) {
      world_.ask<std::uint64_t>(h, trigger_here{job.spec.id}, [](const std::uint64_t&) {});
    }
    break;
  case 1: world_.tell(h, reschedule_job{job.spec.id, job.spec.schedule}); break;
  case 2: world_.tell(h, switch_job{job.spec.id, true}); break;
  case 3: world_.tell(h, switch_all{true}); break;
  case 4: world_.tell(h, mark_worker{world_.process_of(h).node(), false, false}); break;
  case 5: take_away(h); break;
  case 6:
    if (phases_[h] == node_phase::stopping) {
      world_.stop(h, chance_.one_in(2));
    }
    break;
  case 7: use_state(h); break;
  }
}

void user::use_state(world::handle h) {
  const auto& job = any_job();
  const auto& item = job.all_items[static_cast<std::size_t>(chance_.below(job.all_items.size()))];
  if (chance_.one_in(3)) {
    world_.ask<item_state>(h, get_item_state{job.spec.id, item}, [](const item_state&) {});
  } else {
    const auto text = "order/" + std::to_string(chance_.next());
    world_.ask<item_state>(h, set_item_state{job.spec.id, item, bytes_of(text), {}}, [](const item_state&) {});
  }
}

void user::take_away(world::handle h) {
  const auto& job = any_job();
  const auto m = world_.process_of(h).machine();
  if (!plan_.knows(m, job.spec.id)) {
    return;
  }
  const auto again = [this, h, m, id = job.spec.id] { plan_.register_again(h, m, id); };
  world_.tell(h, unregister_job{job.spec.id});
  // At once it is refused, mostly: the job is on its way out.
  if (chance_.one_in(2)) {
    again();
  }
  world_.at(world_.now() + chance_.between(100ms, 2s), again);
}

} // namespace djm::sim
