#include "slots_judge.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace djm::test {

namespace {

using kind = slot_line::kind;

struct told_range {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::string reason; ///< empty: a run stands for it
};

struct attempt_story {
  std::vector<std::int64_t> tokens; ///< of its starts
  bool ended = false;
  bool interrupted = false;
  bool dropped = false;

  bool known() const { return !tokens.empty() || interrupted || dropped; }
};

struct item_story {
  std::map<std::int64_t, std::map<std::uint32_t, attempt_story>> slots;
  std::vector<told_range> told;
};

void note(const slot_line& x, item_story& story) {
  auto& a = x.slot != 0 ? story.slots[x.slot][x.attempt] : story.slots[0][0];
  switch (x.what) {
  case kind::start:
    a.tokens.push_back(x.token);
    if (x.count > 0) {
      story.told.push_back({x.first, x.last, {}});
    }
    break;
  case kind::end: a.ended = true; break;
  case kind::dropped: a.dropped = true; break;
  case kind::interrupted: a.interrupted = true; break;
  case kind::skipped: story.told.push_back({x.first, x.last, x.text}); break;
  case kind::parked: break;
  }
}

class item_judge {
public:
  item_judge(std::string name, const item_story& story, slots_verdict& out)
    : name_(std::move(name)), story_(story), out_(out) {}

  void attempts() {
    std::int64_t highest = 0;
    for (const auto& [slot, all] : story_.slots) {
      for (const auto& [attempt, a] : all) {
        count(a, attempt);
        if (a.tokens.size() > 1) {
          ++out_.twice;
          find(slot,
               "attempt " + std::to_string(attempt) + " was started " + std::to_string(a.tokens.size()) + " times");
        }
        for (const auto token : a.tokens) {
          if (token < highest) {
            find(slot, "attempt " + std::to_string(attempt) + " was started by a turn that was over");
          }
          highest = std::max(highest, token);
        }
      }
      if (slot != 0 && !all.empty()) {
        gaps_between_attempts(slot, all);
      }
    }
  }

  void slot(std::int64_t slot) {
    ++out_.expected;
    const auto at = story_.slots.find(slot);
    const auto all = at != story_.slots.end() ? at->second : std::map<std::uint32_t, attempt_story>{};
    if (std::any_of(all.begin(), all.end(), [](const auto& x) { return !x.second.tokens.empty(); })) {
      ++out_.started;
      return;
    }
    for (const auto& t : story_.told) {
      if (t.first <= slot && slot <= t.last) {
        ++(t.reason.empty() ? out_.stood_for : out_.skipped);
        out_.reasons[t.reason.empty() ? "stood for" : t.reason] += 1;
        return;
      }
    }
    if (std::any_of(all.begin(), all.end(), [](const auto& x) { return x.second.known(); })) {
      ++out_.cut_off;
      return;
    }
    const auto next = story_.slots.upper_bound(slot);
    if (next != story_.slots.end() && never_started(next->second.begin()->second)) {
      ++out_.untold;
      return;
    }
    find(slot, "nobody knows of it");
  }

private:
  /// Whoever claimed it was killed before it could say anything of what it had passed by.
  static bool never_started(const attempt_story& a) { return a.tokens.empty() && a.interrupted; }

  void count(const attempt_story& a, std::uint32_t attempt) {
    out_.starts += a.tokens.empty() ? 0 : 1;
    out_.later_attempts += !a.tokens.empty() && attempt > 1 ? 1 : 0;
    out_.dropped += a.dropped ? 1 : 0;
    if (a.interrupted) {
      ++(a.tokens.empty() ? out_.before_start : a.ended ? out_.after_end : out_.in_run);
    }
  }

  /// Each attempt before the last one that is known was started, or somebody says why not.
  void gaps_between_attempts(std::int64_t slot, const std::map<std::uint32_t, attempt_story>& all) {
    for (std::uint32_t n = 1; n < all.rbegin()->first; ++n) {
      const auto at = all.find(n);
      if (at != all.end() && at->second.known()) {
        continue;
      }
      const auto next = all.find(n + 1);
      if (next == all.end() || never_started(next->second)) {
        ++out_.untold;
      } else {
        find(slot, "nobody knows of attempt " + std::to_string(n));
      }
    }
  }

  void find(std::int64_t slot, const std::string& what) {
    out_.findings.push_back(name_ + ", slot " + std::to_string(slot) + ": " + what);
  }

  std::string name_;
  const item_story& story_;
  slots_verdict& out_;
};

/// The first slot of the job that anybody knows of: from when on all have to be known.
std::optional<std::int64_t> first_slot(const std::map<item_id, item_story>& items) {
  std::optional<std::int64_t> first;
  for (const auto& [item, story] : items) {
    const auto at = story.slots.upper_bound(0);
    if (at != story.slots.end() && (!first || at->first < *first)) {
      first = at->first;
    }
  }
  return first;
}

} // namespace

slots_verdict judge_slots(const slots_story& story) {
  slots_verdict v;
  std::map<job_id, std::map<item_id, item_story>> all;
  for (const auto& [job, facts] : story.jobs) {
    for (const auto& item : facts.items) {
      all[job][item];
    }
  }
  for (const auto& x : story.lines) {
    note(x, all[x.job][x.item]);
    if (x.what == kind::start && x.attempt == 1) {
      v.delays.push_back(x.at_ms - x.slot);
    }
    if (x.what == kind::start && x.slot % story.gap_ms != story.jobs.at(x.job).phase_ms) {
      v.findings.push_back(x.job.str() + '/' + x.item.str() + ": " + std::to_string(x.slot) + " is no slot of it");
    }
    if (x.what == kind::start && x.at_ms < x.slot) {
      v.findings.push_back(x.job.str() + '/' + x.item.str() + ", slot " + std::to_string(x.slot) +
                           ": started before it had come");
    }
  }
  std::sort(v.delays.begin(), v.delays.end());
  for (const auto& [job, items] : all) {
    const auto from = first_slot(items);
    for (const auto& [item, known] : items) {
      item_judge judge{job.str() + '/' + item.str(), known, v};
      judge.attempts();
      for (auto slot = from.value_or(story.until_ms + 1); slot <= story.until_ms; slot += story.gap_ms) {
        judge.slot(slot);
      }
    }
    if (!from) {
      v.findings.push_back(job.str() + ": nothing of it has ever started");
    }
  }
  return v;
}

std::string to_string(const slots_verdict& v) {
  std::ostringstream out;
  out << v.expected << " slots of items: " << v.started << " started";
  for (const auto& [reason, count] : v.reasons) {
    out << ", " << count << ' ' << reason;
  }
  out << ", " << v.cut_off << " cut off before a start, " << v.untold << " untold by processes killed in that moment; "
      << v.starts << " starts of item, slot and attempt, " << v.twice << " of them twice, " << v.later_attempts
      << " of later attempts; cut off " << v.before_start << " between claim and start, " << v.in_run << " in the run, "
      << v.after_end << " between end and note, " << v.dropped << " dropped";
  if (!v.delays.empty()) {
    const auto at = [&](std::size_t percent) { return v.delays[(v.delays.size() - 1) * percent / 100]; };
    out << "; ms from slot to start: " << at(50) << " median, " << at(99) << " p99, " << v.delays.back() << " longest";
  }
  return out.str();
}

} // namespace djm::test
