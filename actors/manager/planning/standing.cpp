#include "actors/manager/planning/standing.hpp"

#include <algorithm>
#include <iterator>

namespace djm {

std::set<node_id> frozen(const cluster_image& image, const lock_watchdog& watchdog, time_point now) {
  std::set<node_id> found;
  for (const auto& [id, w] : image.workers) {
    if (!w.is_alive() && !w.has_left() && !watchdog.stays_gone({id, w.registration->incarnation}, now)) {
      found.insert(id);
    }
  }
  return found;
}

std::set<node_id> shunned(const cluster_image& image, const member_history& history, time_point now) {
  auto found = history.shunned(now);
  if (found.empty()) {
    return found;
  }
  std::set<job_id> covered;
  for (const auto& [id, w] : image.workers) {
    const auto mark = image.mark_of(id, w);
    if (w.is_alive() && found.count(id) == 0 && !mark.draining && !mark.cordoned) {
      covered.insert(w.available.begin(), w.available.end());
    }
  }
  for (auto i = found.begin(); i != found.end();) {
    const auto w = image.workers.find(*i);
    const bool there = w != image.workers.end() && w->second.is_alive();
    const bool spared =
      there && std::includes(covered.begin(), covered.end(), w->second.available.begin(), w->second.available.end());
    i = spared ? std::next(i) : found.erase(i);
  }
  return found;
}

bool is_over(const node_id& id, const worker_image& w, const lock_watchdog& watchdog, time_point now) {
  return w.alive.empty() && (w.has_left() || watchdog.expired({id, w.registration->incarnation}, now));
}

} // namespace djm
