#include <memory>
#include <string>

#include "test/sim/fault_plan.hpp"

namespace djm::sim {

using namespace std::chrono_literals;

void fault_plan::crash_again(std::size_t machine, std::uint64_t times) {
  if (healed_ || times == 0) {
    return;
  }
  if (const auto h = world_.on(machine)) {
    world_.crash(*h);
  }
  later(chance_.between(50ms, 1s), [this, machine, times] {
    if (healed_) {
      return;
    }
    if (!world_.on(machine)) {
      start(machine);
    }
    later(chance_.between(200ms, 4s), [this, machine, times] { crash_again(machine, times - 1); });
  });
}

/// What happens to processes and their parts, and what others write into what is theirs.
void fault_plan::add_node_faults() {
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
  actions_["crash loop"] = [this] { crash_again(any_machine(), 3 + chance_.below(4)); };
  actions_["pause"] = [this] {
    if (const auto h = any_node()) {
      world_.pause(*h);
      later(chance_.one_in(3) ? chance_.between(1ms, 300ms) : chance_.between(300ms, 8s),
            [this, h = *h] { world_.resume(h); });
    }
  };
  actions_["stall"] = [this] {
    if (const auto h = any_node()) {
      const auto lasts = chance_.between(1ms, 200ms);
      if (may_disturb(world_.process_of(*h).machine(), lasts)) {
        world_.pause(*h);
        later(lasts, [this, h = *h] { world_.resume(h); });
      }
    }
  };
  // Not while the registration may have been removed: who does that to a node that cannot notice is not covered.
  actions_["actors held"] = [this] {
    if (const auto h = any_node(); h && world_.now() >= removed_until_) {
      world_.hold(*h);
      later(chance_.one_in(3) ? chance_.between(1ms, 500ms) : chance_.between(500ms, 9s),
            [this, h = *h] { world_.release(h); });
    }
  };
  // The session goes on without its actors as long as the library reaches a server; so it is cut off as well.
  actions_["actors held and cut off"] = [this] {
    const auto h = any_node();
    if (!h || world_.now() < removed_until_) {
      return;
    }
    const auto m = world_.process_of(*h).machine();
    world_.hold(*h);
    later(chance_.between(0ms, 800ms), [this, m] {
      if (!healed_) {
        set_cut(m, true);
      }
    });
    later(chance_.between(4s, 9s), [this, h = *h, m] {
      set_cut(m, false);
      world_.release(h);
    });
  };
  actions_["wall clock set"] = [this] {
    if (const auto h = any_node()) {
      // By seconds, as when a clock is corrected, or by days.
      const auto far = chance_.one_in(4);
      const auto by = far ? chance_.between(least_far_, 240h) : chance_.between(0ms, 5s);
      world_.set_wall_clock(*h, chance_.one_in(2) ? by : -by);
      if (chance_.one_in(2)) {
        later(chance_.between(100ms, 5s), [this, h = *h] {
          if (world_.up(h)) {
            world_.set_wall_clock(h, duration::zero());
          }
        });
      }
    }
  };
  actions_["gentle stop"] = [this] {
    if (const auto h = any_node()) {
      world_.stop(*h, chance_.one_in(4));
      restart_later(world_.process_of(*h).machine(), chance_.between(500ms, 8s));
    }
  };
  actions_["part dies"] = [this] {
    const auto h = any_node();
    if (!h) {
      return;
    }
    const auto pick = chance_.next();
    if (const auto parts = world_.parts_of(*h); !parts.empty()) {
      world_.kill_part(*h, parts[static_cast<std::size_t>(pick % parts.size())]);
    }
  };
  actions_["twin"] = [this] {
    if (twin_ || world_.now() < removed_until_) {
      return;
    }
    // Another process with the id of one that may be running.
    const auto m = any_machine();
    twin_ = world_.start(m, node_id{"n" + std::to_string(any_machine())});
    register_jobs(*twin_, m);
    later(chance_.between(500ms, 6s), [this] {
      if (twin_) {
        world_.crash(*twin_);
      }
    });
  };
  // Of a node that can notice it, while no other process is about to take its id: what is not so, is not covered.
  actions_["registration removed"] = [this] {
    const auto h = any_node();
    if (!h || world_.is_held(*h) || (twin_ && world_.up(*twin_)) || world_.phase_of(*h) != node_phase::joined ||
        world_.net().is_cut(world_.process_of(*h).machine())) {
      return;
    }
    removed_until_ = world_.now() + 2s;
    some_stranger().write(
      store::remove_op{world_.options().config.store.root + "/alive/" + world_.process_of(*h).node()});
  };
  // Nodes of a candidate's or a life's name that no session holds: what a backup leaves behind that somebody restores.
  actions_["impostors"] = [this] {
    auto& writer = some_stranger();
    const auto root = world_.options().config.store.root;
    const auto m = any_machine();
    const node_id name{"n" + std::to_string(m)};
    writer.write(store::create_op{root + "/leader-latch/" + name + "-i0-" + std::to_string(1'000'000'000 + m), "",
                                  store::create_mode::persistent});
    writer.write(store::create_op{root + "/leader-latch/" + name + "-i0-000000000" + std::to_string(m % 10), "",
                                  store::create_mode::persistent});
    // Where the node is there this fails, as it has to. One whose own was removed a moment ago would take it for its
    // own; against somebody who does both nothing helps.
    if (!world_.on(m) || world_.verdict().image().alive().count(name) > 0) {
      writer.write(
        store::create_op{root + "/alive/" + name, R"({"v":1,"incarnation":"i0"})", store::create_mode::persistent});
    }
  };
  actions_["version removed"] = [this] {
    static constexpr const char* names[] = {"/worker-version", "/worker-assignment-version", "/work-pool-version"};
    some_stranger().write(store::remove_op{world_.options().config.store.root + names[chance_.below(3)]});
  };
  actions_["foreign writes"] = [this] {
    auto& writer = some_stranger();
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
    for (const auto& op : ops) {
      if (chance_.one_in(2)) {
        writer.write(op);
      }
    }
  };
}

} // namespace djm::sim
