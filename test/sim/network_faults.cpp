#include <algorithm>
#include <cstdint>

#include <memory>

#include "test/sim/fault_plan.hpp"

namespace djm::sim {

using namespace std::chrono_literals;

void fault_plan::set_cut(std::size_t machine, bool on) {
  for (std::size_t s = 0; s < world_.ensemble().servers(); ++s) {
    for (const auto d : {network::direction::up, network::direction::down}) {
      world_.net().set_cut(machine, s, d, on);
    }
  }
}

bool fault_plan::may_disturb(std::size_t machine, duration lasts) {
  if (!apart_) {
    return true;
  }
  auto& from = undisturbed_from_[machine];
  if (world_.now() < from) {
    return false;
  }
  from = world_.now() + lasts + *apart_;
  return true;
}

void fault_plan::when(std::function<bool()> condition, duration patience, std::function<void()> f) {
  const auto until = world_.now() + patience;
  const auto look = std::make_shared<std::function<void()>>();
  *look = [this, condition = std::move(condition), until, f = std::move(f), weak = std::weak_ptr{look}] {
    if (healed_ || world_.now() >= until || condition()) {
      f();
    } else {
      later(20ms, [again = weak.lock()] { (*again)(); });
    }
  };
  later(20ms, [look] { (*look)(); });
}

/// What happens to links, sessions and servers.
void fault_plan::add_network_faults() {
  using direction = network::direction;
  const auto cut = [this](std::size_t machine, std::vector<direction> ways, duration lasts) {
    const auto set = [this, machine, ways = std::move(ways)](bool on) {
      for (const auto d : ways) {
        world_.net().set_cut(machine, d, on);
      }
    };
    set(true);
    later(lasts, [set] { set(false); });
  };
  world_.decide_fate = [this](const process&, const store::transaction&, transaction_kind kind) {
    if (world_.now() >= losing_until_ || (losing_kind_ && *losing_kind_ != kind) ||
        !chance_.permille(losing_permille_)) {
      return fate::arrives;
    }
    return chance_.one_in(2) ? fate::lost_before : fate::lost_after;
  };

  actions_["cut"] = [this, cut] {
    const auto m = any_machine();
    cut(m, {direction::up, direction::down}, chance_.between(100ms, 8s));
  };
  actions_["short cut"] = [this, cut] {
    const auto m = any_machine();
    const auto lasts = chance_.between(10ms, 900ms);
    if (may_disturb(m, lasts)) {
      cut(m, {direction::up, direction::down}, lasts);
    }
  };
  actions_["server clock set"] = [this] {
    const auto leader = world_.ensemble().leader();
    const auto s = leader && chance_.one_in(2) ? *leader : any_server();
    const auto by = chance_.one_in(2) ? chance_.between(0ms, 5s) : chance_.between(5s, 60s);
    world_.set_server_clock(s, chance_.one_in(2) ? by : -by);
    if (chance_.one_in(2)) {
      later(chance_.between(100ms, 5s), [this, s] { world_.set_server_clock(s, duration::zero()); });
    }
  };
  actions_["one-way loss"] = [this, cut] {
    const auto m = any_machine();
    const auto d = chance_.one_in(2) ? direction::up : direction::down;
    cut(m, {d}, chance_.between(100ms, 6s));
  };
  actions_["cut from one server"] = [this] {
    const auto m = any_machine();
    const auto s = any_server();
    const auto lasts = chance_.between(100ms, 8s);
    if (!may_disturb(m, lasts)) {
      return;
    }
    for (const auto d : {direction::up, direction::down}) {
      world_.net().set_cut(m, s, d, true);
    }
    later(lasts, [this, m, s] {
      for (const auto d : {direction::up, direction::down}) {
        world_.net().set_cut(m, s, d, false);
      }
    });
  };
  actions_["slow link"] = [this] {
    const auto m = any_machine();
    world_.net().set_delay(m, 1ms, chance_.between(20ms, 600ms));
    later(chance_.between(500ms, 5s),
          [this, m] { world_.net().set_delay(m, world_.options().least_delay, world_.options().most_delay); });
  };
  actions_["connections break"] = [this] {
    if (const auto m = any_machine(); may_disturb(m, duration::zero())) {
      world_.net().break_connections(m);
    }
  };
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
  // Cut off until the ensemble has given the session up, and back at once. Not while the registration may have been
  // removed: a node that is cut off cannot notice that, which is not covered.
  actions_["session expires"] = [this] {
    const auto h = any_node(false);
    if (!h || world_.now() < removed_until_) {
      return;
    }
    const auto& p = world_.process_of(*h);
    set_cut(p.machine(), true);
    when([this, &p] { return world_.net().sessions_of(p).empty(); }, 8s,
         [this, m = p.machine()] { set_cut(m, false); });
  };
  // A part has decided and is preempted before it sends; its session ends, what it held is broken and taken by others
  // perhaps, the node joins again, and then the part goes on.
  actions_["part held over sessions"] = [this] {
    const auto h = any_node();
    if (!h) {
      return;
    }
    static constexpr const char* parts[] = {"djm.worker", "djm.worker",   "djm.worker",
                                            "djm.keeper", "djm.election", "djm.manager"};
    const auto& p = world_.process_of(*h);
    const auto away = chance_.between(0ms, 5s);
    const auto on = chance_.between(0ms, 800ms);
    world_.hold_part(*h, parts[chance_.below(6)], [this, h = *h, &p, away, on] {
      set_cut(p.machine(), true);
      when([this, &p] { return world_.net().sessions_of(p).empty(); }, 8s,
           [this, h, &p, away, on] {
             later(away, [this, h, &p, on] {
               set_cut(p.machine(), false);
               when([this, &p] { return !world_.net().sessions_of(p).empty(); }, 4s,
                    [this, h, on] { later(on, [this, h] { world_.let_go(h); }); });
             });
           });
    });
    static constexpr const char* causes[] = {"job switched", "pool changes", "worker marked"};
    inflict(causes[chance_.below(3)]);
  };
  actions_["ensemble outage"] = [this] {
    const auto lasts = chance_.between(200ms, 5s);
    for (std::size_t s = 0; s < world_.ensemble().servers(); ++s) {
      world_.ensemble().crash(s, world_.now());
      later(lasts + chance_.between(0ms, 300ms), [this, s] {
        world_.ensemble().restart(s, world_.now());
        world_.touched_ensemble();
      });
    }
    world_.touched_ensemble();
  };
  const auto restart = [this](std::size_t s) {
    world_.ensemble().crash(s, world_.now());
    world_.touched_ensemble();
    later(chance_.between(50ms, 4s), [this, s] {
      world_.ensemble().restart(s, world_.now());
      world_.touched_ensemble();
    });
  };
  actions_["server restarts"] = [this, restart] { restart(any_server()); };
  actions_["leader restarts"] = [this, restart] {
    if (const auto s = world_.ensemble().leader()) {
      restart(*s);
    }
  };
  const auto isolate = [this](std::size_t s, duration lasts) {
    const auto set = [this, s](bool up) {
      for (std::size_t other = 0; other < world_.ensemble().servers(); ++other) {
        if (other != s) {
          world_.ensemble().set_link(s, other, up, world_.now());
        }
      }
      world_.touched_ensemble();
    };
    set(false);
    later(lasts, [set] { set(true); });
  };
  actions_["server cut from peers"] = [this, isolate] {
    const auto s = any_server();
    isolate(s, chance_.between(200ms, 6s));
  };
  // Longer than T + D: whoever goes by what this server says is taken for gone by all others.
  actions_["follower cut off for long"] = [this, isolate] {
    auto s = any_server();
    if (s == world_.ensemble().leader()) {
      s = (s + 1) % world_.ensemble().servers();
    }
    isolate(s, chance_.between(4500ms, 7s));
  };
  actions_["ensemble goes back"] = [this] {
    const auto backup = std::make_shared<store::embedded_ensemble::backup>(world_.ensemble().keep());
    later(chance_.between(500ms, 6s), [this, backup] {
      if (healed_) {
        return;
      }
      using numbers = store::embedded_ensemble::numbers;
      world_.go_back(*backup, chance_.one_in(2) ? numbers::repeat : numbers::grow);
      // Runs that go on after the lease: no new life may begin before they have ended.
      for (auto& [id, j] : jobs_) {
        j.world->manner.stubborn = std::max<std::uint64_t>(j.world->manner.stubborn, 300);
      }
    });
  };
  // Of the transactions of these clusters the largest do not fit then.
  actions_["small packets"] = [this] {
    world_.verdict().plans_are_cut();
    world_.verdict().hinders(true);
    world_.ensemble().set_packet_limit(static_cast<std::size_t>(1000 + chance_.below(5000)));
    later(chance_.between(1s, 8s), [this] {
      world_.ensemble().set_packet_limit(0);
      world_.verdict().hinders(false);
    });
  };
  actions_["quota full"] = [this] {
    world_.verdict().plans_are_cut();
    world_.ensemble().set_quota(world_.ensemble().committed().tree().size() +
                                static_cast<std::size_t>(chance_.below(20)));
    world_.verdict().hinders(true);
    later(chance_.between(500ms, 6s), [this] {
      world_.ensemble().set_quota(0);
      world_.verdict().hinders(false);
    });
  };
  const auto lag = [this](duration least, duration most) {
    const auto s = any_server();
    world_.ensemble().set_lag(s, chance_.between(least, most));
    later(chance_.between(500ms, 6s), [this, s] {
      world_.ensemble().set_lag(s, duration::zero());
      world_.touched_ensemble();
    });
  };
  actions_["server lags"] = [lag] { lag(20ms, 700ms); };
  actions_["server lags a little"] = [lag] { lag(5ms, 100ms); };
}

} // namespace djm::sim
