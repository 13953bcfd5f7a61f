#include "http/views.hpp"

#include <algorithm>
#include <set>

namespace djm::http {

item_state state_of(const item_view& x) {
  if (!x.holder.empty() && x.holder != x.owner) {
    return item_state::contested;
  }
  if (x.owner.empty()) {
    return item_state::unassigned;
  }
  return x.holder.empty() ? item_state::waiting : item_state::locked;
}

item_row row_of(const job_id& job, const item_view& x) {
  return {job,   x.item,   state_of(x),   x.owner, x.holder, x.token, std::to_string(x.token),
          x.why, x.reason, x.locked_at_ms};
}

item_counts count_items(const job_view& job) {
  item_counts n;
  n.items = job.items.size();
  for (const auto& x : job.items) {
    switch (state_of(x)) {
    case item_state::unassigned: ++n.unassigned; break;
    case item_state::waiting: ++n.waiting; break;
    case item_state::locked: ++n.locked; break;
    case item_state::contested: ++n.contested; break;
    }
  }
  return n;
}

std::vector<worker_row> worker_rows(const cluster_view& c) {
  std::map<node_id, std::uint64_t> locked;
  std::map<node_id, std::map<job_id, std::uint64_t>> owned;
  for (const auto& j : c.jobs) {
    for (const auto& x : j.items) {
      if (!x.holder.empty()) {
        ++locked[x.holder];
      }
      if (!x.owner.empty()) {
        ++owned[x.owner][j.id];
      }
    }
  }
  std::vector<worker_row> rows;
  for (const auto& w : c.workers) {
    rows.push_back({w.id, w.state, w.id == c.leader, w.zone, w.draining, w.cordoned, w.items, locked[w.id], w.host,
                    w.pid, w.software_version, w.incarnation, w.jobs, owned[w.id], w.started_at_ms, w.labels,
                    w.http_url});
  }
  return rows;
}

namespace {

bool offers(const worker_view& w, const job_id& job) {
  return w.state == worker_state::alive && std::find(w.jobs.begin(), w.jobs.end(), job) != w.jobs.end();
}

std::map<node_id, std::uint64_t> owners_of(const cluster_view& c, const job_view& job) {
  std::map<node_id, std::uint64_t> n;
  for (const auto& w : c.workers) {
    if (offers(w, job.id)) {
      n[w.id];
    }
  }
  for (const auto& x : job.items) {
    if (!x.owner.empty()) {
      ++n[x.owner];
    }
  }
  return n;
}

void add(item_counts& to, const item_counts& n) {
  to.items += n.items;
  to.unassigned += n.unassigned;
  to.waiting += n.waiting;
  to.locked += n.locked;
  to.contested += n.contested;
}

} // namespace

job_row row_of(const cluster_view& c, const job_view& job) {
  job_row row{job.id, job.enabled, job.strategy, job.last_writer, count_items(job), 0, 0, job.paused, job.rev};
  const auto owners = owners_of(c, job);
  std::uint64_t least = UINT64_MAX, most = 0;
  for (const auto& w : c.workers) {
    if (offers(w, job.id)) {
      ++row.workers;
    }
    if (offers(w, job.id) && !w.draining && !w.cordoned) {
      least = std::min(least, owners.at(w.id));
      most = std::max(most, owners.at(w.id));
    }
  }
  row.spread = most < least ? 0 : most - least;
  return row;
}

job_page page_of(const cluster_view& c, const job_view& job, const node_status* here) {
  job_page page{row_of(c, job), owners_of(c, job), {}};
  if (here != nullptr) {
    const auto j = std::find_if(here->jobs.begin(), here->jobs.end(), [&](const auto& x) { return x.job == job.id; });
    if (j != here->jobs.end()) {
      page.here = *j;
    }
  }
  return page;
}

cluster_row row_of(const cluster_view& c, const node_id& asked, bool writable) {
  cluster_row row;
  row.node = asked;
  row.leader = c.leader;
  row.epoch = c.epoch;
  row.epoch_text = std::to_string(c.epoch);
  row.candidates = c.candidates;
  row.health = health_of(c);
  row.model = c.model;
  row.all_disabled = c.all_disabled;
  row.writable = writable;
  for (const auto name : enum_names(worker_state{}).names) {
    row.workers[std::string{name}];
  }
  for (const auto& w : c.workers) {
    ++row.workers[to_string(w.state)];
  }
  row.jobs = c.jobs.size();
  for (const auto& j : c.jobs) {
    row.jobs_disabled += j.enabled ? 0 : 1;
    row.jobs_paused += j.paused ? 1 : 0;
    add(row.counts, count_items(j));
    for (const auto& x : j.items) {
      if (x.owner.empty()) {
        ++row.unassigned_because[to_string(x.why)];
      }
    }
  }
  row.problems = c.problems;
  return row;
}

plan_page plan_of(const node_status& s) {
  const auto& m = s.manager;
  const auto epoch = m.leading ? m.epoch : s.election.leader_epoch;
  return {m.leading,    s.election.leader,  epoch,    std::to_string(epoch), m.phase, m.last_plan, m.plan,
          m.unassigned, m.unassigned_items, m.waiting};
}

run_page runs_under_way(const node_status& s, const get_history& which) {
  run_page page;
  page.node = s.node;
  page.unanswered = s.unanswered;
  if (which.outcome) {
    return page;
  }
  for (const auto& j : s.jobs) {
    if (!which.job.empty() && j.job != which.job) {
      continue;
    }
    page.under_way_left_out += j.active_runs - std::min<std::uint64_t>(j.active_runs, j.runs.size());
    for (const auto& r : j.runs) {
      if (!which.item.empty() && !std::binary_search(r.holding.begin(), r.holding.end(), which.item)) {
        continue;
      }
      if (page.under_way.size() == which.limit) {
        ++page.under_way_left_out;
        continue;
      }
      page.under_way.push_back({s.node, j.job, r.run, r.holding, r.slot, r.attempt, r.since, r.stopping, r.progress});
    }
  }
  return page;
}

stoppable_answer judge_stops(const cluster_view& c, const std::vector<node_id>& nodes) {
  stoppable_answer page;
  std::set<node_id> stopped, seen;
  for (const auto& id : nodes) {
    if (!seen.insert(id).second) {
      continue; // named twice
    }
    const auto w = std::find_if(c.workers.begin(), c.workers.end(), [&](const auto& x) { return x.id == id; });
    if (w == c.workers.end()) {
      page.refused.push_back({id, {"no such node is in the tree"}});
      continue;
    }
    stop_refusal row{id, {}};
    for (const auto& j : c.jobs) {
      if (!offers(*w, j.id) || !j.enabled || j.items.empty()) {
        continue;
      }
      const bool others = std::any_of(c.workers.begin(), c.workers.end(), [&](const auto& x) {
        return x.id != id && stopped.count(x.id) == 0 && !x.draining && !x.cordoned && offers(x, j.id);
      });
      if (!others) {
        row.reasons.push_back("job \"" + j.id + "\" would have no other worker that is alive and takes new items");
      }
    }
    if (row.reasons.empty()) {
      stopped.insert(id);
      page.stoppable.push_back(id);
    } else {
      page.refused.push_back(std::move(row));
    }
  }
  return page;
}

} // namespace djm::http
