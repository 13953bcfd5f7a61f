#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "test/sim/small_cluster.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

namespace {

/// Watches what a cluster owes its users while one machine crashes again and again.
struct owed {
  explicit owed(small_cluster& cluster) : s(cluster) {}

  small_cluster& s;
  std::set<std::string> items;
  duration longest_without_holder{};
  duration longest_lock_of_the_dead{};
  std::size_t looks = 0, held = 0;

  void look(bool counts) {
    const auto& image = s.w.verdict().image();
    const auto now = s.w.now();
    if (const auto leader = image.lowest_latch(); leader != leader_ || !lives(leader)) {
      leader_ = leader; // a new leader counts from what it has seen itself
      gone_.clear();
    }
    for (const auto& [key, lock] : image.locks()) {
      const auto a = image.alive().find(lock.worker);
      if (a != image.alive().end() && a->second.incarnation == lock.incarnation) {
        gone_.erase(lock.incarnation);
      } else {
        longest_lock_of_the_dead =
          std::max<duration>(longest_lock_of_the_dead, now - gone_.try_emplace(lock.incarnation, now).first->second);
      }
    }
    for (const auto& item : items) {
      const auto l = image.locks().find(item);
      const auto runs = l != image.locks().end() && s.w.up_as(l->second.incarnation);
      if (runs) {
        held_.insert_or_assign(item, now);
      } else {
        longest_without_holder =
          std::max<duration>(longest_without_holder, now - held_.try_emplace(item, now).first->second);
      }
      if (counts) {
        ++looks;
        held += runs ? 1 : 0;
      }
    }
  }

private:
  bool lives(store::session_id_t session) const {
    const auto& alive = s.w.verdict().image().alive();
    return std::any_of(alive.begin(), alive.end(),
                       [&](const auto& x) { return x.second.session == session && s.w.up_as(x.second.incarnation); });
  }

  store::session_id_t leader_ = 0;
  std::map<std::string, time_point> gone_, held_;
};

/// Lets a machine crash, stop and start again, at any moment, as often as it likes.
class restless {
public:
  restless(small_cluster& cluster, std::size_t machine, std::uint64_t seed)
    : s_(cluster), machine_(machine), chance_(seed, "restless" + std::to_string(machine)) {}

  void pass() {
    if (s_.w.now() < next_) {
      return;
    }
    const auto h = s_.w.on(machine_);
    if (!h) {
      s_.c.start(machine_);
    } else if (chance_.one_in(3)) {
      s_.w.stop(*h, chance_.one_in(2));
    } else {
      s_.w.crash(*h);
    }
    // One that is asked to stop while it stops already goes in a hurry; it may take its time as well.
    next_ = s_.w.now() + (h ? chance_.between(100ms, 3s) : chance_.between(300ms, 9s));
  }

private:
  small_cluster& s_;
  std::size_t machine_;
  chance chance_;
  time_point next_{};
};

} // namespace

TEST_CASE("a node that crashes again and again takes its items down with it twice at most") {
  for (const duration life : {duration{1200ms}, duration{3s}, duration{6s}}) {
    CAPTURE(life.count());
    small_cluster s{7, 5};
    s.settle();
    owed o{s};
    for (const auto& [key, lock] : s.w.verdict().image().locks()) {
      if (lock.incarnation == s.w.process_of(s.nodes[4]).incarnation()) {
        o.items.insert(key);
      }
    }
    REQUIRE(o.items.size() > 2);
    const auto began = s.w.now();
    while (s.w.now() < began + 90s) {
      if (const auto h = s.w.on(4)) {
        s.w.crash(*h);
      }
      for (auto until = s.w.now() + 500ms; s.w.now() < until; s.w.run_for(100ms)) {
        o.look(s.w.now() > began + 9s);
      }
      s.c.start(4);
      for (auto until = s.w.now() + life; s.w.now() < until; s.w.run_for(100ms)) {
        o.look(s.w.now() > began + 9s);
      }
    }
    s.good();
    const auto percent = o.held * 100 / o.looks;
    std::printf("figure: items of a node that crashes every %lld ms: held by somebody who lives %zu %% of the time, "
                "at most %s without; locks of the dead at most %s old\n",
                static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(life).count()), percent,
                format_duration(o.longest_without_holder).c_str(), format_duration(o.longest_lock_of_the_dead).c_str());
    CHECK(percent >= 95);
    CHECK(o.longest_without_holder <= 9s);             // T + D + 5 s
    CHECK(o.longest_lock_of_the_dead <= 2s + 2s + 1s); // D and a sweep
  }
}

TEST_CASE("however other nodes come and go, what two that stay can serve is served, and the locks of the dead go") {
  duration without{}, of_the_dead{};
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    CAPTURE(seed);
    small_cluster s{seed, 5};
    s.settle();
    owed o{s};
    for (const auto& [key, lock] : s.w.verdict().image().locks()) {
      o.items.insert(key);
    }
    std::vector<restless> others{{s, 2, seed}, {s, 3, seed}, {s, 4, seed}};
    for (const auto until = s.w.now() + 60s; s.w.now() < until; s.w.run_for(50ms)) {
      for (auto& x : others) {
        x.pass();
      }
      o.look(true);
    }
    s.good();
    // 2 (T + D) + 5 s: what leaves one that crashes may go to another one just before its crash.
    CHECK(o.longest_without_holder <= 13s);
    CHECK(o.longest_lock_of_the_dead <= 2s + 2s + 1s);
    without = std::max(without, o.longest_without_holder);
    of_the_dead = std::max(of_the_dead, o.longest_lock_of_the_dead);
  }
  std::printf("figure: three of five nodes come and go: an item was at most %s without one that lives, the lock of one "
              "that is dead at most %s old\n",
              format_duration(without).c_str(), format_duration(of_the_dead).c_str());
}
