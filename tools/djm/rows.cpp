#include "tools/djm/rows.hpp"

#include <algorithm>
#include <map>

namespace djm::tool {

namespace {

std::string next_of(const cluster_view& view, const status_row& s) {
  if (s.nodes_alive == 0 && s.jobs > 0) {
    return "djm nodes";
  }
  if (s.leader.empty() && s.nodes_alive > 0) {
    return "djm leader";
  }
  if (s.nodes_gone > 0) {
    return "djm nodes";
  }
  if (s.unassigned > 0 && !view.all_disabled) {
    return "djm items --unassigned";
  }
  return view.problems.empty() ? "" : "djm doctor";
}

} // namespace

status_row status_of(const cluster_view& view) {
  status_row s;
  s.leader = view.leader;
  s.epoch = view.epoch;
  s.all_disabled = view.all_disabled;
  for (const auto& w : view.workers) {
    s.nodes_alive += w.state == worker_state::alive ? 1 : 0;
    s.nodes_gone += w.state == worker_state::gone ? 1 : 0;
    s.nodes_left += w.state == worker_state::left ? 1 : 0;
  }
  for (const auto& j : view.jobs) {
    ++s.jobs;
    s.jobs_disabled += j.enabled ? 0 : 1;
    s.jobs_paused += j.paused ? 1 : 0;
    for (const auto& i : j.items) {
      ++s.items;
      s.assigned += i.owner.empty() ? 0 : 1;
      s.locked += i.holder.empty() ? 0 : 1;
      // What is switched off needs no owner.
      s.unassigned += i.owner.empty() && j.enabled && !view.all_disabled ? 1 : 0;
    }
  }
  s.problems = view.problems;
  s.health = health_of(view);
  s.next = next_of(view, s);
  return s;
}

job_row job_row_of(const cluster_view& view, const job_view& job) {
  job_row r;
  r.id = job.id;
  r.enabled = job.enabled;
  r.paused = job.paused;
  r.strategy = job.strategy;
  std::map<node_id, std::uint32_t> share;
  for (const auto& w : view.workers) {
    if (w.state == worker_state::alive && std::binary_search(w.jobs.begin(), w.jobs.end(), job.id)) {
      share[w.id] = 0;
      ++r.offered_by;
    }
  }
  for (const auto& i : job.items) {
    ++r.items;
    r.locked += i.holder.empty() ? 0 : 1;
    if (i.owner.empty()) {
      ++r.unassigned;
      continue;
    }
    ++r.owned;
    if (const auto s = share.find(i.owner); s != share.end()) {
      ++s->second;
    }
  }
  for (const auto& [id, n] : share) {
    r.most = std::max(r.most, n);
    r.least = id == share.begin()->first ? n : std::min(r.least, n);
  }
  return r;
}

std::vector<item_row> held_by(const cluster_view& view, const node_id& node) {
  std::vector<item_row> rows;
  for (const auto& j : view.jobs) {
    for (const auto& i : j.items) {
      if (i.owner == node || i.holder == node) {
        rows.push_back({j.id, i.item, i.owner, i.holder, i.token, i.locked_at_ms, i.why, i.reason});
      }
    }
  }
  return rows;
}

} // namespace djm::tool
