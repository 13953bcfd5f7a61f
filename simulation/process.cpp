#include "simulation/process.hpp"

#include <utility>

namespace djm::sim {

process::process(timeline& t, std::uint32_t number, std::size_t machine, node_id node, clock c)
  : timeline_(t),
    number_(number),
    machine_(machine),
    node_(std::move(node)),
    incarnation_("i" + std::to_string(number)),
    clock_(c) {}

time_point process::to_local(time_point world) const {
  const auto d = world.time_since_epoch();
  return time_point{clock_.offset + d + duration{d.count() / 1'000'000 * clock_.ppm}};
}

time_point process::to_world(time_point local) const {
  const auto d = local.time_since_epoch() - clock_.offset;
  auto guess = time_point{to_world(d)};
  // The local clock moves in whole microseconds of skew: step over the rounding.
  while (to_local(guess) < local) {
    guess += local - to_local(guess);
  }
  return guess;
}

duration process::to_world(duration local) const {
  return duration{local.count() / (1'000'000 + clock_.ppm) * 1'000'000 +
                  local.count() % (1'000'000 + clock_.ppm) * 1'000'000 / (1'000'000 + clock_.ppm)};
}

void process::resume(const std::function<std::uint64_t(std::uint64_t)>& below) {
  paused_ = false;
  auto missed = std::exchange(missed_, {});
  std::array<std::size_t, 3> next{};
  for (;;) {
    std::size_t left = 0;
    for (std::size_t k = 0; k < missed.size(); ++k) {
      left += missed[k].size() - next[k];
    }
    if (left == 0 || dead_) {
      return;
    }
    auto pick = below(left);
    for (std::size_t k = 0; k < missed.size(); ++k) {
      const auto n = missed[k].size() - next[k];
      if (pick < n) {
        fire(missed[k][next[k]++]);
        break;
      }
      pick -= n;
    }
  }
}

void process::die() {
  dead_ = true;
  paused_ = false;
  for (auto& [id, p] : pending_) {
    timeline_.events.cancel(p.event);
  }
  pending_.clear();
  missed_ = {};
}

process::pending_id process::later(time_point when, kind k, std::function<void()> f) {
  if (dead_) {
    return ++last_;
  }
  const auto id = ++last_;
  auto& p = pending_[id];
  p.f = std::move(f);
  p.of = k;
  p.event = timeline_.events.at(when < timeline_.now ? timeline_.now : when, [this, id] { fire(id); });
  return id;
}

void process::cancel(pending_id id) {
  const auto i = pending_.find(id);
  if (i == pending_.end()) {
    return;
  }
  timeline_.events.cancel(i->second.event);
  const auto f = std::move(i->second.f);
  pending_.erase(i);
}

void process::fire(pending_id id) {
  const auto i = pending_.find(id);
  if (i == pending_.end() || dead_) {
    return;
  }
  if (paused_) {
    missed_[static_cast<std::size_t>(i->second.of)].push_back(id);
    return;
  }
  const auto f = std::move(i->second.f);
  pending_.erase(i);
  f();
}

} // namespace djm::sim
