#include "actors/manager/lock_sweep/gone_observer.hpp"

#include <utility>

namespace djm {

using store::rc;

std::string incarnation_of(const store::read_result& alive, const std::string& path) {
  if (!held_by_session(alive)) {
    return {};
  }
  auto p = store::decode<store::alive_payload>(alive.data, path);
  return p ? p->incarnation : std::string{"?"};
}

registration_seen registration_of(const store::read_result& worker, const std::string& path) {
  if (worker.code != rc::ok) {
    return {};
  }
  auto p = store::decode<store::worker_payload>(worker.data, path);
  return {worker.stat, p ? std::optional{std::move(*p)} : std::nullopt};
}

bool is_alive(const cluster_image& image, const incarnation_ref& who) {
  const auto w = image.workers.find(who.worker);
  return w != image.workers.end() && w->second.alive == who.incarnation;
}

std::set<incarnation_ref> gone_observer::unobserved(time_point now) const {
  auto whom = watchdog_.to_look_at();
  for (const auto& [id, w] : known_.image().workers) {
    if (!w.registration || w.is_alive() || w.registration->incarnation.empty()) {
      continue;
    }
    const incarnation_ref who{id, w.registration->incarnation};
    const auto* t = watchdog_.find(who);
    if (t == nullptr || t->seen.mzxid != w.mzxid ||
        (!w.has_left() && watchdog_.expired(who, now) && !watchdog_.stays_gone(who, now))) {
      whom.insert(who);
    }
  }
  return whom;
}

void gone_observer::start(const std::set<incarnation_ref>& whom, manager_effects& out) {
  watchdog_.looking();
  // The order matters: version nodes and `workers/<w>` first, then `alive/<w>`.
  const auto& tree = store_.tree();
  read_batch ask;
  ask.get(tree.worker_version());
  std::vector<observed_slots> observed;
  for (const auto& who : whom) {
    observed.push_back({who, ask.get(tree.worker(who.worker)), ask.get(tree.alive(who.worker))});
  }
  store_.read(activity::observing, ask, false, out, this, &gone_observer::apply_observation, std::move(observed));
}

void gone_observer::apply_observation(const std::vector<observed_slots>& observed, step s, manager_effects&) {
  const auto& tree = store_.tree();
  const auto& image = known_.image();
  std::vector<incarnation_ref> back;
  for (const auto& slots : observed) {
    const auto& who = slots.who;
    const auto w = image.workers.find(who.worker);
    duration tolerance = duration::zero();
    if (w != image.workers.end() && w->second.registration) {
      tolerance = std::chrono::milliseconds{w->second.registration->detach_ms};
    }
    const auto there = incarnation_of(*slots.alive, tree.alive(who.worker));
    const auto seen = registration_of(*slots.worker, tree.worker(who.worker));
    if (!watchdog_.observe(who, seen, there, tolerance, s.now)) {
      back.push_back(who);
      if (w != image.workers.end() && w->second.alive != there) {
        dirty_.members(); // back already: a watch tells it, or this where watches are refused
      }
      continue;
    }
    if (w != image.workers.end() && w->second.mzxid != seen.mzxid) {
      dirty_.members(); // the image is older than this
    }
    for (const auto& [job, item] : image.items_of(who.worker)) {
      watchdog_.suspect(who, {job, item}, tolerance);
    }
  }
  watchdog_.judge_locks([&](const incarnation_ref& who) { return is_alive(image, who); });
  for (const auto& who : back) {
    watchdog_.no_look_at(who); // just seen alive: the next sweep asks again
  }
}

} // namespace djm
