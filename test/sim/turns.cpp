#include "test/sim/turns.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "djm/time.hpp"

namespace djm::sim {

namespace {

constexpr auto npos = std::string::npos;
/// As a part is named that serves one job, before the job's name and a quotation mark.
constexpr std::string_view runner = "runner of job \"";

} // namespace

void turns::expect_rhythm(const job_id& job, duration period, duration phase) {
  jobs_[job].period = period;
  jobs_[job].phase = phase;
}

void turns::told(host h, const event& what, time_point now, const complaint& say) {
  auto& n = nodes_[h];
  if (const auto* x = std::get_if<items_granted>(&what)) {
    for (const auto& item : x->items) {
      n.held.insert({x->job, item.id});
      begin_wait(n, {x->job, item.id}, now);
    }
  } else if (const auto* r = std::get_if<items_revoked>(&what)) {
    for (const auto& item : r->items) {
      n.held.erase({r->job, item});
      end_wait(h, {r->job, item}, now, say);
    }
  } else if (const auto* s = std::get_if<run_started>(&what)) {
    for (const auto& item : s->items) {
      end_wait(h, {s->job, item.id}, now, say);
      n.runs[s->run].emplace_back(s->job, item.id);
    }
  } else if (const auto* f = std::get_if<run_finished>(&what)) {
    ended(n, f->run, now);
  } else if (const auto* e = std::get_if<run_failed>(&what)) {
    ended(n, e->run, now);
  } else if (const auto* t = std::get_if<item_starved>(&what)) {
    for (const auto& item : t->items) {
      if (const auto w = n.waits.find({t->job, item}); w != n.waits.end()) {
        w->second.told = !t->over;
      }
    }
  } else if (const auto* c = std::get_if<job_changed>(&what)) {
    paused(n, *c, now);
  } else if (const auto* p = std::get_if<problem>(&what); p && p->why.text.find("failed and is rebuilt") != npos) {
    anew(h, now); // nothing could start
    if (p->component.compare(0, runner.size(), runner) == 0) {
      rebuilt(h, job_id{p->component.substr(runner.size(), p->component.size() - runner.size() - 1)});
    }
  }
}

/// What it held counts again when it is told anew, which a later life of the worker may not do. What runs goes on.
void turns::rebuilt(host h, const job_id& job) {
  auto& n = nodes_[h];
  for (auto i = n.held.begin(); i != n.held.end();) {
    if (i->first != job) {
      ++i;
      continue;
    }
    n.waits.erase(*i);
    i = n.held.erase(i);
  }
}

/// Nothing starts while operators have paused a job; what waits counts anew when they resume it.
void turns::paused(node& n, const job_changed& x, time_point now) {
  const bool was = x.paused ? !n.paused.insert(x.job).second : n.paused.erase(x.job) > 0;
  if (!was || x.paused) {
    return;
  }
  for (auto& [k, w] : n.waits) {
    if (k.first == x.job) {
      w.since = now;
    }
  }
}

/// An item that was taken away and came back may still be in the run that it was in.
void turns::begin_wait(node& n, const key& k, time_point now) {
  if (n.stopping) {
    return;
  }
  for (const auto& [run, keys] : n.runs) {
    if (std::find(keys.begin(), keys.end(), k) != keys.end()) {
      return;
    }
  }
  n.waits[k] = {now, false};
}

void turns::end_wait(host h, const key& k, time_point now, const complaint& say) {
  auto& waits = nodes_[h].waits;
  if (const auto w = waits.find(k); w != waits.end()) {
    look(h, k, w->second, now, say);
    waits.erase(w);
  }
}

void turns::ended(node& n, run_id run, time_point now) {
  const auto r = n.runs.extract(run);
  if (r.empty()) {
    return;
  }
  for (const auto& k : r.mapped()) {
    if (n.held.count(k) > 0) {
      begin_wait(n, k, now);
    }
  }
}

void turns::anew(host h, time_point now) {
  for (auto& [k, w] : nodes_[h].waits) {
    w.since = now;
  }
}

void turns::stops(host h) {
  auto& n = nodes_[h];
  n.stopping = true;
  n.waits.clear();
}

void turns::gone(host h) {
  nodes_.erase(h);
}

void turns::look(host h, const key& k, const wait& w, time_point now, const complaint& say) const {
  const auto j = jobs_.find(k.first);
  const auto n = nodes_.find(h);
  if (n != nodes_.end() && n->second.paused.count(k.first) > 0) {
    return;
  }
  if (j == jobs_.end() || j->second.most <= duration::zero() || w.told || now - w.since <= j->second.most) {
    return;
  }
  say(fmt::format("{}/{} is held by process {}, has been in no run for {}, and nobody has said that it starves",
                  k.first, k.second, h, format_duration(now - w.since)));
}

void turns::check(time_point now, const complaint& say) const {
  for (const auto& [h, n] : nodes_) {
    for (const auto& [k, w] : n.waits) {
      look(h, k, w, now, say);
    }
  }
}

void turns::began(host h, const job_id& job, const std::vector<work_item>& items, duration wall, duration error,
                  const complaint& say) {
  const auto j = jobs_.find(job);
  if (j == jobs_.end() || j->second.period <= duration::zero()) {
    return;
  }
  const std::int64_t moment = (wall - j->second.phase) / j->second.period;
  for (const auto& item : items) {
    const auto [s, is_first] = starts_.try_emplace({job, item.id}, start{moment, error, clocks_set_});
    // Where clocks differ, one's moment may be another's past.
    if (!is_first && s->second.error == error && s->second.clocks_set == clocks_set_ && moment <= s->second.moment) {
      say(fmt::format("process {} starts {}/{} for moment {} of its rhythm, which has had its start", h, job, item.id,
                      moment));
    }
    s->second = {moment, error, clocks_set_};
  }
}

} // namespace djm::sim
