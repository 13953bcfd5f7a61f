#include "fault_judge.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>

#include <fmt/format.h>

#include "test/sim/judge.hpp"

namespace djm::test {

namespace {

using kind = journal_line::kind;

time_point at(std::int64_t us) {
  return time_point{std::chrono::microseconds{us}};
}

std::vector<item_id> ids(const std::vector<work_item>& items) {
  std::vector<item_id> found;
  for (const auto& x : items) {
    found.push_back(x.id);
  }
  return found;
}

model_changed model_in(const journal_line& line) {
  model_changed m;
  m.epoch = static_cast<std::int64_t>(line.run);
  for (const auto part : {model_part::job_model, model_part::configuration, model_part::deployment}) {
    if (line.text.find(enum_text(part)) != std::string::npos) {
      m.what.push_back(part);
    }
  }
  return m;
}

/// Something that happened, in the order of time.
struct happening {
  std::int64_t us = 0;
  std::size_t process = 0;
  const journal_line* line = nullptr;
  const process_story::act* act = nullptr;
};

std::vector<happening> in_order(const cluster_story& story) {
  std::vector<happening> all;
  for (std::size_t p = 0; p < story.processes.size(); ++p) {
    for (const auto& line : story.processes[p].journal) {
      all.push_back({line.us, p, &line, nullptr});
    }
    for (const auto& act : story.processes[p].acts) {
      all.push_back({act.us, p, nullptr, &act});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const happening& a, const happening& b) { return a.us < b.us; });
  all.erase(std::find_if(all.begin(), all.end(), [&](const happening& x) { return x.us > story.end; }), all.end());
  return all;
}

/// Tells the judge one thing after the other.
class teller {
public:
  explicit teller(const cluster_story& story) : story_(story), judge_(story.root), next_(story.history.begin()) {
    for (const auto& p : story.processes) {
      processes_.push_back(std::make_unique<sim::process>(time_, static_cast<std::uint32_t>(processes_.size() + 1), 0,
                                                          p.node, sim::process::clock{}));
    }
  }

  std::vector<std::string> tell() {
    for (const auto& x : in_order(story_)) {
      commit_before(x.us);
      if (x.act != nullptr) {
        tell_act(*processes_[x.process], *x.act);
      } else {
        tell_line(*processes_[x.process], story_.processes[x.process].detach, *x.line);
      }
    }
    commit_before(story_.end);
    sim::judge::expectation e;
    e.jobs = story_.jobs;
    e.since = at(std::max(story_.begin, story_.end - 2'000'000));
    judge_.quiescent(e, at(story_.end));
    std::vector<std::string> findings;
    for (const auto& v : judge_.violations()) {
      findings.push_back(fmt::format("{} at {:.3f} s: {}", v.invariant, seconds(v.at), v.text));
    }
    return findings;
  }

private:
  double seconds(time_point t) const { return std::chrono::duration<double>(t - at(story_.begin)).count(); }

  void commit(time_point now) {
    judge_.committed(next_->second.txn, now);
    ++next_;
  }

  /// Whatever was committed by then. The leader's time stamps count whole milliseconds.
  void commit_before(std::int64_t us) {
    while (next_ != story_.history.end()) {
      const auto then = (next_->second.wall_ms + 1) * 1000 - story_.wall_minus_boot_us;
      if (then > us) {
        return;
      }
      commit(at(then));
    }
  }

  /// Whoever works under a token has seen the commit that made it, whatever the clocks say.
  void commit_up_to(const std::vector<work_item>& items, std::int64_t us) {
    fencing_token latest = 0;
    for (const auto& x : items) {
      latest = std::max(latest, x.token);
    }
    while (next_ != story_.history.end() && next_->first <= latest) {
      commit(at(us));
    }
  }

  void tell_act(sim::process& p, const process_story::act& act) {
    switch (act.what) {
    case process_story::act::kind::paused: judge_.paused(p, at(act.us)); break;
    case process_story::act::kind::resumed: judge_.resumed(p, at(act.us)); break;
    case process_story::act::kind::died: judge_.died(p); break;
    }
  }

  void tell_line(sim::process& p, duration detach, const journal_line& x) {
    const auto now = at(x.us);
    switch (x.what) {
    case kind::hello:
      p.known_as(x.text);
      judge_.started(p, detach, now);
      break;
    case kind::run:
      commit_up_to(x.items, x.us);
      judge_.run_began(p, x.run, x.job, x.items, false, now);
      break;
    case kind::done: judge_.run_ended(p, x.run, now); break;
    case kind::lease: judge_.leased(p, at(x.until)); break;
    case kind::granted:
      commit_up_to(x.items, x.us);
      judge_.told(p, items_granted{x.job, x.items}, now);
      break;
    case kind::revoked: judge_.told(p, items_revoked{x.job, ids(x.items), stop_reason::revoked}, now); break;
    case kind::started: judge_.told(p, run_started{x.job, x.run, x.items}, now); break;
    case kind::model: judge_.told(p, model_in(x), now); break;
    case kind::calm:
    case kind::busy:
    case kind::failed:
    case kind::problem: break;
    }
  }

  const cluster_story& story_;
  sim::timeline time_;
  std::deque<std::unique_ptr<sim::process>> processes_;
  sim::judge judge_;
  std::map<store::zxid_t, logged_transaction>::const_iterator next_;
};

/// Calls `f(item, former, start)` for every start of an item, and for `end` as if all started then; `former` is `begin`
/// at first.
void for_each_silence(const cluster_story& story,
                      const std::function<void(const std::string&, std::int64_t, std::int64_t)>& f) {
  std::map<std::string, std::int64_t> last;
  for (const auto& [job, items] : story.jobs) {
    for (const auto& item : items) {
      last[job + '/' + item] = story.begin;
    }
  }
  for (const auto& x : in_order(story)) {
    if (x.line == nullptr || x.line->what != kind::run || x.us < story.begin) {
      continue;
    }
    for (const auto& item : x.line->items) {
      const auto name = x.line->job + '/' + item.id;
      f(name, last[name], x.us);
      last[name] = x.us;
    }
  }
  for (const auto& [name, former] : last) {
    f(name, former, story.end);
  }
}

} // namespace

std::vector<std::string> judge_story(const cluster_story& story, std::int64_t limit_us) {
  auto findings = teller{story}.tell();
  auto edges = story.edges;
  std::sort(edges.begin(), edges.end());
  for_each_silence(story, [&](const std::string& item, std::int64_t former, std::int64_t start) {
    const auto next = std::upper_bound(edges.begin(), edges.end(), start);
    const auto since = next == edges.begin() ? former : std::max(former, *std::prev(next));
    if (start - since > limit_us) {
      findings.push_back(fmt::format("I3: {} was silent for {} ms after the latest cause or healing, until {:.3f} s",
                                     item, (start - since) / 1000, static_cast<double>(start - story.begin) / 1e6));
    }
  });
  return findings;
}

std::string silences(const cluster_story& story, std::int64_t limit_us) {
  std::string found;
  for_each_silence(story, [&](const std::string& item, std::int64_t former, std::int64_t start) {
    if (start - former > limit_us) {
      found += fmt::format("{}: {} to {} ms\n", item, (former - story.begin) / 1000, (start - story.begin) / 1000);
    }
  });
  return found;
}

std::int64_t longest_silence(const cluster_story& story) {
  std::int64_t longest = 0;
  for_each_silence(story, [&](const std::string&, std::int64_t former, std::int64_t start) {
    longest = std::max(longest, start - former);
  });
  return longest;
}

} // namespace djm::test
