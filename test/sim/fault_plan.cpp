#include "test/sim/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

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
      if (p)
        for (auto& owner : p->owner)
          owner += 1000;
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
  if (!registry->add(std::make_shared<moody_strategy>(std::move(mood))))
    throw std::logic_error("the name is taken");
  return registry;
}

cluster::cluster(world& w, std::uint64_t seed, std::shared_ptr<strategy_mood> mood)
  : world_(w),
    mood_(mood ? std::move(mood) : std::make_shared<strategy_mood>(strategy_mood::sound)),
    chance_(seed, "faults") {
  using direction = network::direction;
  const auto cut = [this](std::size_t machine, direction d, bool on) {
    for (std::size_t s = 0; s < world_.options().servers; ++s)
      world_.net().set_cut(machine, s, d, on);
  };
  world_.decide_fate = [this](const process&, const store::transaction&, transaction_kind kind) {
    if (world_.now() >= losing_until_ || (losing_kind_ && *losing_kind_ != kind) || !chance_.permille(losing_permille_))
      return fate::arrives;
    return chance_.one_in(2) ? fate::lost_before : fate::lost_after;
  };

  actions_["crash"] = [this] {
    if (const auto h = any_node(false)) {
      const auto m = world_.process_of(*h).machine();
      world_.crash(*h);
      restart_later(m, chance_.between(50ms, 7s));
    }
  };
  actions_["crash in mid-step"] = [this] {
    if (const auto h = any_node()) {
      const auto m = world_.process_of(*h).machine();
      world_.crash_after(*h, chance_.below(400));
      restart_later(m, chance_.between(50ms, 7s));
    }
  };
  actions_["pause"] = [this] {
    if (const auto h = any_node()) {
      world_.pause(*h);
      later(chance_.one_in(3) ? chance_.between(1ms, 300ms) : chance_.between(300ms, 8s),
            [this, h = *h] { world_.resume(h); });
    }
  };
  actions_["stall"] = [this] {
    if (const auto h = any_node()) {
      world_.pause(*h);
      later(chance_.between(1ms, 200ms), [this, h = *h] { world_.resume(h); });
    }
  };
  actions_["cut"] = [this, cut] {
    const auto m = any_machine();
    cut(m, direction::up, true);
    cut(m, direction::down, true);
    later(chance_.between(100ms, 8s), [m, cut] {
      cut(m, direction::up, false);
      cut(m, direction::down, false);
    });
  };
  actions_["short cut"] = [this, cut] {
    const auto m = any_machine();
    cut(m, direction::up, true);
    cut(m, direction::down, true);
    later(chance_.between(10ms, 900ms), [m, cut] {
      cut(m, direction::up, false);
      cut(m, direction::down, false);
    });
  };
  actions_["one-way loss"] = [this, cut] {
    const auto m = any_machine();
    const auto d = chance_.one_in(2) ? direction::up : direction::down;
    cut(m, d, true);
    later(chance_.between(100ms, 6s), [m, d, cut] { cut(m, d, false); });
  };
  actions_["cut from one server"] = [this] {
    const auto m = any_machine();
    const auto s = any_server();
    for (const auto d : {direction::up, direction::down})
      world_.net().set_cut(m, s, d, true);
    later(chance_.between(100ms, 8s), [this, m, s] {
      for (const auto d : {direction::up, direction::down})
        world_.net().set_cut(m, s, d, false);
    });
  };
  actions_["slow link"] = [this] {
    const auto m = any_machine();
    world_.net().set_delay(m, 1ms, chance_.between(20ms, 600ms));
    later(chance_.between(500ms, 5s),
          [this, m] { world_.net().set_delay(m, world_.options().least_delay, world_.options().most_delay); });
  };
  actions_["connections break"] = [this] { world_.net().break_connections(any_machine()); };
  actions_["answers lost"] = [this] {
    losing_until_ = world_.now() + chance_.between(200ms, 3s);
    losing_permille_ = 20 + chance_.below(200);
    losing_kind_.reset();
  };
  // Of one kind of transaction, and many of them; with something to do for it.
  actions_["answers of a kind lost"] = [this] {
    losing_until_ = world_.now() + chance_.between(200ms, 4s);
    losing_permille_ = 400 + chance_.below(400);
    losing_kind_ = static_cast<transaction_kind>(1 + chance_.below(enum_names(transaction_kind{}).names.size() - 1));
    static constexpr const char* causes[] = {"crash", "gentle stop", "session expires", "job switched", "pool changes"};
    inflict(causes[chance_.below(5)]);
  };
  // Cut off until the ensemble has given the session up, and back at once.
  actions_["session expires"] = [this, cut] {
    const auto h = any_node(false);
    if (!h)
      return;
    const auto& p = world_.process_of(*h);
    const auto m = p.machine();
    cut(m, direction::up, true);
    cut(m, direction::down, true);
    const auto patience = world_.now() + 8s;
    const auto look = std::make_shared<std::function<void()>>();
    *look = [this, cut, m, &p, patience, weak = std::weak_ptr{look}] {
      const auto again = weak.lock();
      if (healed_ || world_.now() >= patience || world_.net().sessions_of(p).empty()) {
        cut(m, direction::up, false);
        cut(m, direction::down, false);
      } else {
        later(20ms, [again] { (*again)(); });
      }
    };
    later(20ms, [look] { (*look)(); });
  };
  actions_["ensemble outage"] = [this] {
    const auto lasts = chance_.between(200ms, 5s);
    for (std::size_t s = 0; s < world_.options().servers; ++s) {
      world_.ensemble().crash(s, world_.now());
      later(lasts + chance_.between(0ms, 300ms), [this, s] {
        world_.ensemble().restart(s, world_.now());
        world_.touched_ensemble();
      });
    }
    world_.touched_ensemble();
  };
  actions_["server restarts"] = [this] {
    const auto s = any_server();
    world_.ensemble().crash(s, world_.now());
    world_.touched_ensemble();
    later(chance_.between(50ms, 4s), [this, s] {
      world_.ensemble().restart(s, world_.now());
      world_.touched_ensemble();
    });
  };
  actions_["leader restarts"] = [this] {
    const auto s = world_.ensemble().leader();
    if (!s)
      return;
    world_.ensemble().crash(*s, world_.now());
    world_.touched_ensemble();
    later(chance_.between(50ms, 4s), [this, s = *s] {
      world_.ensemble().restart(s, world_.now());
      world_.touched_ensemble();
    });
  };
  actions_["server cut from peers"] = [this] {
    const auto s = any_server();
    const auto set = [this, s](bool up) {
      for (std::size_t other = 0; other < world_.options().servers; ++other)
        if (other != s)
          world_.ensemble().set_link(s, other, up, world_.now());
      world_.touched_ensemble();
    };
    set(false);
    later(chance_.between(200ms, 6s), [set] { set(true); });
  };
  // Longer than T + D: whoever goes by what this server says is taken for gone by all others.
  actions_["follower cut off for long"] = [this] {
    auto s = any_server();
    if (s == world_.ensemble().leader())
      s = (s + 1) % world_.options().servers;
    const auto set = [this, s](bool up) {
      for (std::size_t other = 0; other < world_.options().servers; ++other)
        if (other != s)
          world_.ensemble().set_link(s, other, up, world_.now());
      world_.touched_ensemble();
    };
    set(false);
    later(chance_.between(4500ms, 7s), [set] { set(true); });
  };
  actions_["server lags"] = [this] {
    const auto s = any_server();
    world_.ensemble().set_lag(s, chance_.between(20ms, 700ms));
    later(chance_.between(500ms, 6s), [this, s] {
      world_.ensemble().set_lag(s, duration::zero());
      world_.touched_ensemble();
    });
  };
  actions_["server lags a little"] = [this] {
    const auto s = any_server();
    world_.ensemble().set_lag(s, chance_.between(5ms, 100ms));
    later(chance_.between(500ms, 6s), [this, s] {
      world_.ensemble().set_lag(s, duration::zero());
      world_.touched_ensemble();
    });
  };
  actions_["gentle stop"] = [this] {
    if (const auto h = any_node()) {
      world_.stop(*h, chance_.one_in(4));
      restart_later(world_.process_of(*h).machine(), chance_.between(500ms, 8s));
    }
  };
  actions_["pool changes"] = [this] {
    auto& j = any_job();
    auto items = j.all_items;
    const auto keep = items.size() / 2 + chance_.below(items.size() / 2 + 1);
    while (items.size() > keep)
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(chance_.below(items.size())));
    if (chance_.one_in(3)) {
      items.push_back("x" + std::to_string(chance_.below(10)));
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
  actions_["job switched"] = [this] {
    auto& j = any_job();
    const auto id = j.spec.id;
    if (const auto h = any_node())
      world_.tell(*h, switch_job{id, false});
    later(chance_.between(200ms, 4s), [this, id] {
      if (const auto h = any_node())
        world_.tell(*h, switch_job{id, true});
    });
  };
  actions_["all switched"] = [this] {
    if (const auto h = any_node())
      world_.tell(*h, switch_all{true});
    later(chance_.between(200ms, 3s), [this] {
      if (const auto h = any_node())
        world_.tell(*h, switch_all{false});
    });
  };
  actions_["job taken away"] = [this] {
    auto& j = any_job();
    if (const auto h = any_node()) {
      const auto m = world_.process_of(*h).machine();
      if (!knows(m, j.spec.id))
        return;
      world_.tell(*h, unregister_job{j.spec.id});
      later(chance_.between(100ms, 4s), [this, h = *h, m, id = j.spec.id] {
        if (world_.up(h))
          world_.tell(h, register_job{jobs_.at(id).spec, std::make_shared<sim_job>(jobs_.at(id).world, m)});
      });
    }
  };
  actions_["job triggered"] = [this] {
    if (const auto h = any_node())
      world_.tell(*h, trigger_job{any_job().spec.id});
  };
  actions_["job rescheduled"] = [this] {
    auto& j = any_job();
    if (const auto h = any_node())
      world_.tell(*h, reschedule_job{j.spec.id, schedule::fixed_delay(chance_.between(50ms, 500ms))});
  };
  actions_["worker marked"] = [this] {
    const auto m = any_machine();
    const auto name = "n" + std::to_string(m);
    const bool drain = chance_.one_in(2);
    if (const auto h = any_node())
      world_.tell(*h, mark_worker{name, drain, !drain});
    later(chance_.between(300ms, 3s), [this, name] {
      if (const auto h = any_node())
        world_.tell(*h, mark_worker{name, false, false});
    });
  };
  actions_["part dies"] = [this] {
    const auto h = any_node();
    if (!h)
      return;
    const auto pick = chance_.next();
    if (const auto parts = world_.parts_of(*h); !parts.empty())
      world_.kill_part(*h, parts[static_cast<std::size_t>(pick % parts.size())]);
  };
  actions_["twin"] = [this] {
    if (twin_ || world_.now() < removed_until_)
      return;
    // Another process with the id of one that may be running.
    const auto m = any_machine();
    twin_ = world_.start(m, "n" + std::to_string(any_machine()));
    register_jobs(*twin_, m);
    later(chance_.between(500ms, 6s), [this] {
      if (twin_)
        world_.crash(*twin_);
    });
  };
  // Of a node that is there to notice it, while nobody else is about to take its id: what is not so, is not covered.
  actions_["registration removed"] = [this] {
    const auto h = any_node();
    if (!h || twin_ || world_.phase_of(*h) != node_phase::joined)
      return;
    removed_until_ = world_.now() + 2s;
    if (!stranger_)
      stranger_ = std::make_unique<stranger>(world_);
    stranger_->write(store::remove_op{world_.options().config.store.root + "/alive/" + world_.process_of(*h).node()});
  };
  actions_["foreign writes"] = [this] {
    if (!stranger_)
      stranger_ = std::make_unique<stranger>(world_);
    const auto root = world_.options().config.store.root;
    auto& j = any_job();
    const std::vector<store::write_op> ops = {
      store::create_op{root + "/locks/" + j.spec.id + "/notes.txt", "hello", store::create_mode::ephemeral},
      store::create_op{root + "/alive/ghost", "{not json", store::create_mode::ephemeral},
      store::create_op{root + "/alive/gh ost", "", store::create_mode::ephemeral},
      store::create_op{root + "/leader-latch/unreadable", "", store::create_mode::ephemeral},
      store::create_op{root + "/work-pool/gho$t", "[]", store::create_mode::ephemeral},
      store::create_op{root + "/surprise", "1", store::create_mode::ephemeral},
      store::create_op{root + "/workers/ghost2", "{\"v\":1}", store::create_mode::ephemeral},
    };
    for (const auto& op : ops)
      if (chance_.one_in(2))
        stranger_->write(op);
  };
}

std::vector<std::pair<std::string, unsigned>> cluster::faults_of(profile kind) {
  // calm, chaos, churn, partition, scale
  static const std::vector<std::pair<std::string, std::array<unsigned, 5>>> table = {
    {"crash", {0, 4, 6, 1, 3}},
    {"crash in mid-step", {0, 4, 4, 1, 2}},
    {"pause", {0, 5, 1, 3, 1}},
    {"stall", {3, 2, 2, 1, 1}},
    {"cut", {0, 4, 0, 6, 1}},
    {"short cut", {4, 1, 0, 3, 1}},
    {"one-way loss", {0, 3, 0, 5, 1}},
    {"cut from one server", {2, 2, 0, 4, 0}},
    {"slow link", {0, 2, 0, 3, 0}},
    {"connections break", {4, 2, 0, 3, 1}},
    {"answers lost", {0, 3, 0, 4, 1}},
    {"answers of a kind lost", {0, 4, 0, 5, 1}},
    {"session expires", {0, 3, 0, 4, 1}},
    {"ensemble outage", {0, 2, 0, 3, 0}},
    {"server restarts", {0, 2, 0, 3, 1}},
    {"leader restarts", {0, 2, 0, 3, 1}},
    {"server cut from peers", {0, 3, 0, 5, 0}},
    {"follower cut off for long", {0, 2, 0, 4, 0}},
    {"server lags", {0, 2, 0, 3, 0}},
    {"server lags a little", {1, 1, 0, 1, 0}},
    {"gentle stop", {0, 4, 6, 1, 3}},
    {"pool changes", {0, 3, 5, 1, 1}},
    {"pool empty", {0, 1, 2, 0, 0}},
    {"pools disagree", {0, 1, 2, 0, 0}},
    {"pool throws", {0, 2, 3, 0, 1}},
    {"share cannot be cut", {0, 1, 2, 0, 0}},
    {"strategy in a mood", {0, 2, 3, 0, 1}},
    {"user code slow", {0, 2, 3, 0, 1}},
    {"job switched", {0, 2, 4, 1, 0}},
    {"all switched", {0, 1, 2, 0, 0}},
    {"job taken away", {0, 2, 4, 1, 0}},
    {"job triggered", {1, 1, 2, 0, 1}},
    {"job rescheduled", {0, 1, 2, 0, 0}},
    {"worker marked", {0, 1, 3, 0, 0}},
    {"part dies", {0, 2, 3, 1, 0}},
    {"twin", {0, 1, 2, 1, 0}},
    {"foreign writes", {0, 1, 1, 0, 0}},
    {"registration removed", {0, 0, 2, 0, 0}},
  };
  std::vector<std::pair<std::string, unsigned>> result;
  for (const auto& [name, weights] : table)
    result.emplace_back(name, weights[static_cast<std::size_t>(kind)]);
  return result;
}

void cluster::add_job(job_spec spec, std::vector<item_id> items, run_manner manner) {
  auto& j = jobs_[spec.id];
  j.spec = std::move(spec);
  j.all_items = items;
  j.world = std::make_shared<job_world>();
  j.world->items = std::move(items);
  j.world->manner = manner;
}

world::handle cluster::start(std::size_t machine) {
  const auto h = world_.start(machine);
  register_jobs(h, machine);
  return h;
}

void cluster::register_jobs(world::handle h, std::size_t machine) {
  for (const auto& [id, j] : jobs_)
    if (knows(machine, id))
      world_.tell(h, register_job{j.spec, std::make_shared<sim_job>(j.world, machine)});
}

void cluster::inflict(const std::string& fault) {
  ++world_.covered().faults[fault];
  world_.note("fault: " + fault);
  actions_.at(fault)();
}

void cluster::restart_later(std::size_t machine, duration d) {
  later(d, [this, machine, d] {
    if (const auto h = world_.on(machine)) {
      // Still stopping, or the crash has not come about.
      if (!healed_)
        return;
    } else {
      start(machine);
    }
  });
}

std::optional<world::handle> cluster::any_node(bool running_only) {
  auto all = world_.processes();
  all.erase(
    std::remove_if(all.begin(), all.end(), [&](auto h) { return h == twin_ || (running_only && world_.is_paused(h)); }),
    all.end());
  if (all.empty())
    return std::nullopt;
  return all[static_cast<std::size_t>(chance_.below(all.size()))];
}

cluster::job_entry& cluster::any_job() {
  auto i = jobs_.begin();
  std::advance(i, static_cast<std::ptrdiff_t>(chance_.below(jobs_.size())));
  return i->second;
}

void cluster::heal() {
  healed_ = true;
  world_.note("everything heals");
  losing_until_ = {};
  auto& e = world_.ensemble();
  const auto& o = world_.options();
  for (std::size_t s = 0; s < o.servers; ++s) {
    e.restart(s, world_.now());
    e.set_lag(s, duration::zero());
    for (std::size_t other = s + 1; other < o.servers; ++other)
      e.set_link(s, other, true, world_.now());
  }
  world_.touched_ensemble();
  for (std::size_t m = 0; m < o.machines; ++m) {
    world_.net().set_delay(m, o.least_delay, o.most_delay);
    for (std::size_t s = 0; s < o.servers; ++s)
      for (const auto d : {network::direction::up, network::direction::down})
        world_.net().set_cut(m, s, d, false);
  }
  if (twin_)
    world_.crash(*twin_);
  twin_.reset();
  for (const auto h : world_.processes()) {
    world_.resume(h);
    world_.executor_of(h).set_call_delay(duration::zero());
  }
  if (stranger_)
    stranger_->close();
  *mood_ = strategy_mood::sound;
  for (auto& [id, j] : jobs_) {
    j.world->elsewhere.clear();
    j.world->pool_throws.clear();
    j.world->cut_throws.clear();
    // A run that would still ignore its stop request in the quiet time could give its lock back in it.
    j.world->manner.stubborn = 0;
    if (j.world->items.empty())
      j.world->items = j.all_items;
  }
  // Whoever is down comes back, now or while the others already settle; switches are thrown back when all are there.
  for (std::size_t m = 0; m < o.machines; ++m)
    restart_later(m, chance_.between(0ms, 500ms));
  // A stop that began before may last for longer than the world waits: who is still at it is not waited for.
  later(1s, [this] {
    for (std::size_t m = 0; m < world_.options().machines; ++m) {
      if (const auto h = world_.on(m); h && world_.phase_of(*h) == node_phase::stopping)
        world_.crash(*h);
      if (!world_.on(m))
        start(m);
    }
  });
  for (const auto again : {1500ms, 2500ms})
    later(again, [this] {
      const auto h = any_node();
      if (!h)
        return;
      const auto& image = world_.verdict().image();
      if (image.all_disabled())
        world_.tell(*h, switch_all{false});
      for (const auto& [id, j] : jobs_)
        if (const auto i = image.jobs().find(id); i != image.jobs().end() && !i->second)
          world_.tell(*h, switch_job{id, true});
      for (std::size_t m = 0; m < world_.options().machines; ++m)
        world_.tell(*h, mark_worker{"n" + std::to_string(m), false, false});
    });
}

judge::expectation cluster::expected(time_point since) const {
  judge::expectation e;
  e.since = since;
  for (const auto& [id, j] : jobs_)
    e.jobs[id] = j.world->items;
  return e;
}

} // namespace djm::sim
