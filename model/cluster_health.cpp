#include "djm/cluster_health.hpp"

#include <algorithm>
#include <utility>

namespace djm {

namespace {

struct census {
  std::size_t alive = 0;
  std::size_t gone = 0;
  std::size_t wanted = 0;     ///< items that should run
  std::size_t unassigned = 0; ///< of these
  std::size_t contested = 0;
};

census count(const cluster_view& view) {
  census n;
  for (const auto& w : view.workers) {
    n.alive += w.state == worker_state::alive ? 1 : 0;
    n.gone += w.state == worker_state::gone ? 1 : 0;
  }
  for (const auto& j : view.jobs) {
    if (view.all_disabled || !j.enabled) {
      continue;
    }
    for (const auto& i : j.items) {
      ++n.wanted;
      n.unassigned += i.owner.empty() ? 1 : 0;
      n.contested += !i.owner.empty() && !i.holder.empty() && i.holder != i.owner ? 1 : 0;
    }
  }
  return n;
}

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

/// Takes reasons from the worst on.
class judge {
public:
  void failing(std::string why) { add(health_state::failing, std::move(why)); }
  void degraded(std::string why) { add(health_state::degraded, std::move(why)); }
  cluster_health verdict() && { return std::move(health_); }

private:
  void add(health_state state, std::string why) {
    health_.state = std::max(health_.state, state);
    health_.reasons.push_back(std::move(why));
  }

  cluster_health health_;
};

bool leads_alive(const cluster_view& view) {
  return std::any_of(view.workers.begin(), view.workers.end(),
                     [&](const worker_view& w) { return w.id == view.leader && w.state == worker_state::alive; });
}

} // namespace

cluster_health health_of(const cluster_view& view) {
  const auto n = count(view);
  judge j;
  if (n.alive == 0 && n.wanted > 0) {
    j.failing("no node is alive");
  } else if (n.alive > 0 && view.leader.empty()) {
    j.failing("nobody leads");
  }
  if (n.unassigned > 0) {
    j.failing(counted(n.unassigned, "item") + " without an owner");
  }
  if (!view.leader.empty() && !leads_alive(view)) {
    j.degraded(view.leader + " leads and is not alive");
  }
  if (n.gone > 0) {
    j.degraded(counted(n.gone, "node") + " gone without a goodbye");
  }
  if (n.contested > 0) {
    j.degraded(counted(n.contested, "item") + " still held by somebody else");
  }
  if (!view.problems.empty()) {
    j.degraded(counted(view.problems.size(), "problem") + " in the tree");
  }
  return std::move(j).verdict();
}

} // namespace djm
