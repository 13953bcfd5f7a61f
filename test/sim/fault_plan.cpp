#include "test/sim/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

namespace djm::sim {

using namespace std::chrono_literals;

fault_plan::fault_plan(world& w, std::uint64_t seed, std::shared_ptr<strategy_mood> mood)
  : world_(w),
    mood_(mood ? std::move(mood) : std::make_shared<strategy_mood>(strategy_mood::sound)),
    chance_(seed, "faults") {
  add_node_faults();
  add_network_faults();
  add_user_faults();
  add_order_faults();
  w.on_event = [this](world::handle h, const event& what) { heard(h, what); };
}

std::vector<std::pair<std::string, unsigned>> fault_plan::faults_of(profile kind) {
  // calm, chaos, churn, partition, scale, calendar
  static const std::vector<std::pair<std::string, std::array<unsigned, 6>>> table = {
    {"crash", {0, 4, 6, 1, 3, 3}},
    {"crash in mid-step", {0, 4, 4, 1, 2, 0}},
    {"crash loop", {0, 1, 3, 0, 0, 0}},
    {"pause", {0, 5, 1, 3, 1, 5}},
    {"stall", {3, 2, 2, 1, 1, 3}},
    {"actors held", {0, 3, 1, 3, 1, 2}},
    {"actors held and cut off", {0, 3, 0, 4, 0, 0}},
    {"cut", {0, 4, 0, 6, 1, 3}},
    {"short cut", {4, 1, 0, 3, 1, 2}},
    {"one-way loss", {0, 3, 0, 5, 1, 0}},
    {"cut from one server", {2, 2, 0, 4, 0, 0}},
    {"slow link", {0, 2, 0, 3, 0, 0}},
    {"connections break", {4, 2, 0, 3, 1, 0}},
    {"answers lost", {0, 3, 0, 4, 1, 1}},
    {"answers of a kind lost", {0, 4, 0, 5, 1, 0}},
    {"session expires", {0, 3, 0, 4, 1, 2}},
    {"part held over sessions", {0, 3, 0, 3, 0, 0}},
    {"ensemble outage", {0, 2, 0, 3, 0, 2}},
    {"server restarts", {0, 2, 0, 3, 1, 1}},
    {"leader restarts", {0, 2, 0, 3, 1, 0}},
    {"server cut from peers", {0, 3, 0, 5, 0, 0}},
    {"follower cut off for long", {0, 2, 0, 4, 0, 0}},
    {"server lags", {0, 2, 0, 3, 0, 0}},
    {"ensemble goes back", {0, 1, 1, 1, 0, 0}},
    {"small packets", {0, 1, 2, 1, 2, 0}},
    {"quota full", {0, 1, 2, 0, 1, 0}},
    {"server lags a little", {1, 1, 0, 1, 0, 0}},
    {"gentle stop", {0, 4, 6, 1, 3, 5}},
    {"pool changes", {0, 3, 5, 1, 1, 2}},
    {"pool empty", {0, 1, 2, 0, 0, 0}},
    {"pools disagree", {0, 1, 2, 0, 0, 0}},
    {"versions disagree", {0, 2, 3, 1, 0, 0}},
    {"pool throws", {0, 2, 3, 0, 1, 0}},
    {"share cannot be cut", {0, 1, 2, 0, 0, 0}},
    {"strategy in a mood", {0, 2, 3, 0, 1, 0}},
    {"user code slow", {0, 2, 3, 0, 1, 1}},
    {"user code hangs", {0, 2, 3, 0, 1, 0}},
    {"job switched", {0, 2, 4, 1, 0, 3}},
    {"all switched", {0, 1, 2, 0, 0, 1}},
    {"job taken away", {0, 2, 4, 1, 0, 2}},
    {"deployed anew", {0, 2, 4, 1, 1, 1}},
    {"order", {0, 2, 4, 1, 1, 1}},
    {"job paused", {0, 1, 2, 0, 0, 2}},
    {"triggered everywhere", {1, 1, 2, 1, 0, 0}},
    {"job removed", {0, 1, 2, 0, 0, 0}},
    {"job deleted", {0, 1, 2, 0, 0, 0}},
    {"job triggered", {1, 1, 2, 0, 1, 3}},
    {"job rescheduled", {0, 1, 2, 0, 0, 0}},
    {"worker marked", {0, 1, 3, 0, 0, 2}},
    {"part dies", {0, 2, 3, 1, 0, 2}},
    {"twin", {0, 1, 2, 1, 0, 0}},
    {"foreign writes", {0, 1, 1, 0, 0, 0}},
    {"impostors", {0, 1, 2, 0, 0, 0}},
    {"version removed", {0, 1, 2, 0, 0, 0}},
    {"registration removed", {0, 0, 2, 0, 0, 0}},
    {"wall clock set", {0, 2, 2, 1, 0, 10}},
    {"server clock set", {0, 0, 0, 0, 0, 4}},
  };
  std::vector<std::pair<std::string, unsigned>> result;
  for (const auto& [name, weights] : table) {
    result.emplace_back(name, weights[static_cast<std::size_t>(kind)]);
  }
  return result;
}

void fault_plan::add_job(job_spec spec, std::vector<item_id> items, run_manner manner) {
  auto& j = jobs_[spec.id];
  if (spec.attributes.strategy == "moody") {
    world_.verdict().owes_no_place(spec.id);
  }
  j.spec = std::move(spec);
  j.all_items = items;
  j.world = std::make_shared<job_world>();
  j.world->items = std::move(items);
  j.world->manner = manner;
}

world::handle fault_plan::start(std::size_t machine) {
  const auto h = world_.start(machine);
  register_jobs(h, machine);
  return h;
}

void fault_plan::register_jobs(world::handle h, std::size_t machine) {
  for (const auto& [id, j] : jobs_) {
    if (knows(machine, id)) {
      world_.tell(h, register_job{spec_of(id, machine), std::make_shared<sim_job>(j.world, machine)});
    }
  }
}

void fault_plan::inflict(const std::string& fault) {
  ++world_.covered().faults[fault];
  world_.note("fault: " + fault);
  actions_.at(fault)();
}

void fault_plan::restart_later(std::size_t machine, duration d) {
  later(d, [this, machine, d] {
    if (const auto h = world_.on(machine)) {
      // Still stopping, or the crash has not come about.
      if (!healed_) {
        return;
      }
    } else {
      start(machine);
    }
  });
}

std::optional<world::handle> fault_plan::any_node(bool running_only) {
  auto all = world_.processes();
  all.erase(
    std::remove_if(all.begin(), all.end(), [&](auto h) { return h == twin_ || (running_only && world_.is_paused(h)); }),
    all.end());
  if (all.empty()) {
    return std::nullopt;
  }
  return all[static_cast<std::size_t>(chance_.below(all.size()))];
}

fault_plan::job_entry& fault_plan::any_job() {
  auto i = jobs_.begin();
  std::advance(i, static_cast<std::ptrdiff_t>(chance_.below(jobs_.size())));
  return i->second;
}

stranger& fault_plan::some_stranger() {
  if (!stranger_) {
    stranger_ = std::make_unique<stranger>(world_);
  }
  return *stranger_;
}

void fault_plan::heal() {
  healed_ = true;
  world_.note("everything heals");
  losing_until_ = {};
  auto& e = world_.ensemble();
  e.set_packet_limit(0);
  e.set_quota(0);
  const auto& o = world_.options();
  for (std::size_t s = 0; s < e.servers(); ++s) {
    e.restart(s, world_.now());
    world_.set_server_clock(s, duration::zero());
    e.set_lag(s, duration::zero());
    for (std::size_t other = s + 1; other < e.servers(); ++other) {
      e.set_link(s, other, true, world_.now());
    }
  }
  world_.touched_ensemble();
  for (std::size_t m = 0; m < o.machines; ++m) {
    world_.net().set_delay(m, o.least_delay, o.most_delay);
    set_cut(m, false);
  }
  if (twin_) {
    world_.crash(*twin_);
  }
  twin_.reset();
  for (const auto h : world_.processes()) {
    world_.resume(h);
    world_.let_go(h);
    world_.release(h);
    world_.set_wall_clock(h, duration::zero());
    world_.executor_of(h).set_call_delay(duration::zero());
  }
  // Who was not refused goes on with what it knew of a history that is gone. There only the user can help, who ought to
  // have stopped the nodes before (README, "Restore the store").
  for (const auto h : world_.processes()) {
    if (world_.outlived_history(h)) {
      world_.crash(h);
    }
  }
  if (stranger_) {
    stranger_->close();
  }
  *mood_ = strategy_mood::sound;
  // A strategy may go on hanging: it must not keep the jobs of others from anything. Without functions of its own a job
  // has no pool, so those come back.
  if (chance_.one_in(2)) {
    world_.release("strategy moody");
  }
  for (auto& [id, j] : jobs_) {
    world_.release("pool " + id);
    world_.release("cut " + id);
    for (auto x = j.world->elsewhere.begin(); x != j.world->elsewhere.end();) {
      x = mixed_.count({id, x->first}) > 0 ? std::next(x) : j.world->elsewhere.erase(x);
    }
    j.world->pool_throws.clear();
    j.world->cut_throws.clear();
    // A run that would still ignore its stop request in the quiet time could give its lock back in it.
    j.world->manner.stubborn = 0;
    j.world->manner.saves = 0; // each writes something
    j.world->manner.declines = 0;
    if (j.world->items.empty()) {
      j.world->items = j.all_items;
    }
  }
  // Whoever is down comes back, now or while the others already settle; switches are thrown back when all are there.
  for (std::size_t m = 0; m < o.machines; ++m) {
    restart_later(m, chance_.between(0ms, 500ms));
  }
  // A stop that began before may last for longer than the world waits: who is still at it is not waited for.
  later(1s, [this] {
    for (std::size_t m = 0; m < world_.options().machines; ++m) {
      if (const auto h = world_.on(m); h && world_.phase_of(*h) == node_phase::stopping) {
        world_.crash(*h);
      }
      if (!world_.on(m)) {
        start(m);
      }
    }
  });
  // Where nobody was connected for long a user's wish of before may take as long to be written.
  for (const auto again : {10ms, 1500ms, 2500ms, 5000ms}) {
    later(again, [this] { resume_all(); });
  }
  for (const auto again : {1500ms, 2500ms, 5000ms}) {
    later(again, [this] {
      const auto h = any_node();
      if (!h) {
        return;
      }
      const auto& image = world_.verdict().image();
      if (image.all_disabled()) {
        world_.tell(*h, switch_all{true});
      }
      for (const auto& [id, j] : jobs_) {
        if (const auto i = image.jobs().find(id); i != image.jobs().end() && !i->second) {
          world_.tell(*h, switch_job{id, true});
        }
      }
      for (std::size_t m = 0; m < world_.options().machines; ++m) {
        world_.tell(*h, mark_worker{node_id{"n" + std::to_string(m)}, false, false});
      }
    });
  }
}

judge::expectation fault_plan::expected(time_point since) const {
  judge::expectation e;
  e.since = since;
  const auto& image = world_.verdict().image();
  for (const auto& [id, j] : jobs_) {
    if ((j.spec.attributes.strategy == "moody" && world_.hangs("strategy moody")) ||
        world_.verdict().of_room().has(id)) { // some of its items may have none
      continue;
    }
    std::set<item_id> there;
    for (auto i = image.pool().lower_bound(id + '/'); i != image.pool().end() && i->rfind(id + '/', 0) == 0; ++i) {
      there.emplace(i->substr(id.size() + 1));
    }
    e.jobs[id] = j.world->items;
    // Where versions stay mixed the pool is what one of them offers: which one, is the nodes' own affair.
    for (const auto& [m, items] : j.world->elsewhere) {
      if (knows(m, id) && there == std::set<item_id>{items.begin(), items.end()}) {
        e.jobs[id] = items;
      }
    }
  }
  return e;
}

} // namespace djm::sim
