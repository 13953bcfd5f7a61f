#include "test/sim/turns.hpp"

#include <fmt/format.h>

#include "djm/time.hpp"

namespace djm::sim {

void turns::expect_rhythm(const job_id& job, duration period, duration phase) {
  jobs_[job].period = period;
  jobs_[job].phase = phase;
}

void turns::told(host h, const event& what, time_point now, const complaint& say) {
  auto& n = nodes_[h];
  const auto waits = [&](const key& k) { n.waits[k] = {now, false}; };
  const auto waits_no_more = [&](const key& k) {
    if (const auto w = n.waits.find(k); w != n.waits.end()) {
      look(h, k, w->second, now, say);
      n.waits.erase(w);
    }
  };
  const auto ended = [&](run_id run) {
    const auto r = n.runs.find(run);
    if (r == n.runs.end())
      return;
    for (const auto& k : r->second)
      waits(k);
    n.runs.erase(r);
  };
  const auto leaves_runs = [&](const key& k) {
    for (auto& [run, keys] : n.runs)
      for (auto i = keys.begin(); i != keys.end(); ++i)
        if (*i == k) {
          keys.erase(i);
          break;
        }
  };
  if (const auto* x = std::get_if<items_granted>(&what)) {
    for (const auto& item : x->items)
      waits({x->job, item.id});
  } else if (const auto* r = std::get_if<items_revoked>(&what)) {
    for (const auto& item : r->items) {
      waits_no_more({r->job, item});
      leaves_runs({r->job, item});
    }
  } else if (const auto* s = std::get_if<run_started>(&what)) {
    for (const auto& item : s->items) {
      waits_no_more({s->job, item.id});
      n.runs[s->run].emplace_back(s->job, item.id);
    }
  } else if (const auto* f = std::get_if<run_finished>(&what)) {
    ended(f->run);
  } else if (const auto* e = std::get_if<run_failed>(&what)) {
    ended(e->run);
  } else if (const auto* t = std::get_if<item_starved>(&what)) {
    for (const auto& item : t->items)
      if (const auto w = n.waits.find({t->job, item}); w != n.waits.end())
        w->second.told = !t->over;
  }
}

void turns::anew(host h, time_point now) {
  for (auto& [k, w] : nodes_[h].waits)
    w.since = now;
}

void turns::gone(host h) {
  nodes_.erase(h);
}

void turns::look(host h, const key& k, const wait& w, time_point now, const complaint& say) const {
  const auto j = jobs_.find(k.first);
  if (j == jobs_.end() || j->second.most <= duration::zero() || w.told || now - w.since <= j->second.most)
    return;
  say(fmt::format("{}/{} is held by process {}, has been in no run for {}, and nobody has said that it starves",
                  k.first, k.second, h, format_duration(now - w.since)));
}

void turns::check(time_point now, const complaint& say) const {
  for (const auto& [h, n] : nodes_)
    for (const auto& [k, w] : n.waits)
      look(h, k, w, now, say);
}

void turns::began(host h, const job_id& job, const std::vector<work_item>& items, duration wall, duration error,
                  const complaint& say) {
  const auto j = jobs_.find(job);
  if (j == jobs_.end() || j->second.period <= duration::zero())
    return;
  const std::int64_t moment = (wall - j->second.phase) / j->second.period;
  for (const auto& item : items) {
    const auto [s, is_first] = starts_.try_emplace({job, item.id}, start{moment, error, clocks_set_});
    // Where clocks differ, one's moment may be another's past.
    if (!is_first && s->second.error == error && s->second.clocks_set == clocks_set_ && moment <= s->second.moment)
      say(fmt::format("process {} starts {}/{} for moment {} of its rhythm, which has had its start", h, job, item.id,
                      moment));
    s->second = {moment, error, clocks_set_};
  }
}

} // namespace djm::sim
