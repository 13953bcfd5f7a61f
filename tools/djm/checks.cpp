#include "tools/djm/checks.hpp"

#include <algorithm>

#include "tools/djm/rows.hpp"
#include "tools/djm/texts.hpp"

namespace djm::tool {

namespace {

/// A view that takes longer says that the store is loaded.
constexpr std::int64_t slow_ms = 3000;

check_row ready(const cluster_view& v) {
  const auto s = status_of(v);
  if (s.nodes_alive == 0) {
    return {"ready", verdict::err, "no node is alive"};
  }
  return {"ready", s.nodes_gone > 0 ? verdict::warn : verdict::ok,
          counted(s.nodes_alive, "node") + " alive" +
            (s.nodes_gone > 0 ? ", " + std::to_string(s.nodes_gone) + " gone without a goodbye" : "")};
}

check_row leader(const cluster_view& v) {
  if (v.leader.empty()) {
    return {"leader", verdict::err, "nobody leads"};
  }
  const auto w = std::find_if(v.workers.begin(), v.workers.end(), [&](const auto& x) { return x.id == v.leader; });
  if (w == v.workers.end() || w->state != worker_state::alive) {
    return {"leader", verdict::warn, v.leader + " leads and is not alive"};
  }
  return {"leader", verdict::ok, v.leader + " leads in epoch " + std::to_string(v.epoch)};
}

check_row coverage(const cluster_view& v) {
  const auto s = status_of(v);
  std::uint32_t on_gone = 0;
  for (const auto& w : v.workers) {
    on_gone += w.state != worker_state::alive ? w.items : 0;
  }
  if (s.unassigned > 0) {
    return {"coverage", verdict::err, counted(s.unassigned, "item") + " without an owner: djm items --unassigned"};
  }
  if (on_gone > 0) {
    return {"coverage", verdict::err, counted(on_gone, "item") + " of nodes that are not alive"};
  }
  if (v.all_disabled || s.jobs_disabled > 0) {
    return {"coverage", verdict::warn,
            v.all_disabled ? "all jobs are switched off" : counted(s.jobs_disabled, "job") + " switched off"};
  }
  if (s.jobs_paused > 0) {
    return {"coverage", verdict::warn, counted(s.jobs_paused, "job") + " paused"};
  }
  return {"coverage", verdict::ok, "all " + counted(s.items, "item") + " have an owner"};
}

check_row locks(const cluster_view& v) {
  std::uint32_t missing = 0;
  std::uint32_t foreign = 0;
  for (const auto& j : v.jobs) {
    for (const auto& i : j.items) {
      const bool wanted = !i.owner.empty() && j.enabled && !v.all_disabled;
      missing += wanted && i.token == 0 ? 1 : 0;
      foreign += wanted && i.token != 0 && i.holder != i.owner ? 1 : 0;
    }
  }
  const bool left_out = std::any_of(v.problems.begin(), v.problems.end(),
                                    [](const auto& p) { return p.find("lock holders are left out") == 0; });
  if (left_out) {
    return {"locks", verdict::warn, "there are too many to be looked at"};
  }
  if (missing + foreign > 0) {
    return {"locks", verdict::warn,
            counted(missing, "item") + " not locked, " + std::to_string(foreign) +
              " locked by another node than their owner: djm locks --stuck"};
  }
  return {"locks", verdict::ok, "every item is locked by its owner"};
}

check_row store(const cluster_view& v, std::int64_t answer_ms) {
  const auto took = "answered in " + std::to_string(answer_ms) + " ms";
  if (!v.problems.empty()) {
    return {"store", verdict::err, took + "; " + counted(v.problems.size(), "problem") + " in the tree: djm doctor"};
  }
  return {"store", answer_ms > slow_ms ? verdict::warn : verdict::ok, took};
}

} // namespace

const std::vector<std::string>& check_names() {
  static const std::vector<std::string> names{"ready", "leader", "coverage", "locks", "store"};
  return names;
}

check_row judge(const std::string& check, const cluster_view& view, std::int64_t answer_ms) {
  return check == "ready"      ? ready(view)
         : check == "leader"   ? leader(view)
         : check == "coverage" ? coverage(view)
         : check == "locks"    ? locks(view)
                               : store(view, answer_ms);
}

verdict worst(const std::vector<check_row>& rows) {
  auto w = verdict::ok;
  for (const auto& r : rows) {
    w = std::max(w, r.result);
  }
  return w;
}

} // namespace djm::tool
