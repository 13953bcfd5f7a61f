#include "test/sim/memory_rules.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "djm/time.hpp"
#include "zkstore/payloads.hpp"

namespace djm::sim {

namespace {

using change_kind = store::node_change::kind;

std::string when(std::int64_t ms) {
  return format_time(wall_time{std::chrono::milliseconds{ms}});
}

/// What is still under way when all is settled: a start, its retries, its end.
constexpr std::int64_t under_way_ms = 4'000;
constexpr std::int64_t day_ms = 24 * 3'600'000;
constexpr std::int64_t window_ms = day_ms;
/// What clocks may differ by, and what the boot clock of a node may have drifted since it has heard the store's time.
constexpr std::int64_t max_skew_ms = 3'000;
constexpr std::int64_t ahead_ms = max_skew_ms + 2'000;
/// A slot takes a few writes, and what fails is tried again after a pause.
constexpr std::size_t most_writes = 200;
constexpr std::int64_t writes_within_ms = 10'000;

/// How long a node may work with a record that has been written again: T + D.
constexpr std::int64_t unread_ms = 4'000;

} // namespace

std::int64_t memory_rules::job_memory::since_read_by(std::int64_t right_ms) const {
  auto least = since.empty() ? 0 : since.back().second;
  for (std::size_t n = since.size(); n > 1 && since[n - 1].first > right_ms - unread_ms; --n) {
    least = std::min(least, since[n - 2].second);
  }
  return least;
}

void memory_rules::sees(const store::node_change& change, const tree_event& e, store::zxid_t zxid, bool lawless,
                        const complaint& say) {
  if (e.what == tree_event::kind::lock_made) {
    last_lock_[e.key] = zxid;
  }
  const auto jobs = tree_.jobs() + "/";
  if (change.path.compare(0, jobs.size(), jobs) == 0 && change.what != change_kind::remove) {
    const auto j = jobs_.find(job_id{change.path.substr(jobs.size())});
    if (const auto p = store::decode<store::job_payload>(change.data, change.path); j != jobs_.end() && p) {
      // Who reads the record takes nothing for it that is later than it was written, and may not have read it anew.
      auto& m = j->second;
      const auto bound = change.mtime_ms > 0 ? change.mtime_ms + max_skew_ms : p->slots_since_ms;
      const auto right_ms = change.mtime_ms > 0 ? change.mtime_ms - store_error_ms_ : 0;
      if (m.written_since <= right_ms) {
        m.counted_from = std::max(m.counted_from, m.written_since);
      }
      const bool same = std::exchange(m.written_since, p->slots_since_ms) == p->slots_since_ms;
      m.bound = std::min(p->slots_since_ms, bound);
      const auto since = same && !m.since.empty() ? std::min(m.since.back().second, m.bound) : m.bound;
      m.since.emplace_back(right_ms, since);
      while (m.since.size() > 1 && m.since[1].first <= right_ms - unread_ms) {
        m.since.pop_front();
      }
      if (change.what == change_kind::create) {
        j->second.started.clear(); // it is another job
      }
    }
    return;
  }
  const auto folder = tree_.states() + "/";
  const auto item = store::item_of_slot_name(store::name_of(change.path));
  if (change.path.compare(0, folder.size(), folder) != 0 || !item || change.what == change_kind::access) {
    return;
  }
  const key k{job_id{change.path.substr(folder.size(), change.path.rfind('/') - folder.size())}, *item};
  const auto j = jobs_.find(k.first);
  if (j == jobs_.end()) {
    return;
  }
  auto& m = items_[k];
  if (change.what == change_kind::remove) {
    m.record.reset();
    return;
  }
  const auto next = store::decode<store::slot_payload>(change.data, change.path);
  m.spoiled = lawless || !next;
  if (!m.spoiled) {
    changed(k, j->second, m, *next, change.mtime_ms, say);
  }
  m.record = next ? std::optional{*next} : std::nullopt;
}

void memory_rules::changed(const key& k, job_memory& j, item_memory& m, const store::slot_payload& next,
                           std::int64_t mtime_ms, const complaint& say) {
  using store::slot_mark;
  ++counts_.writes;
  const auto name = k.first + "/" + k.second;
  if (m.record && next.epoch != m.record->epoch && next.job == m.record->job) { // it counts for nothing any more
    m.claims.clear();
    for (auto i = j.started.begin(); i != j.started.end();) {
      i = std::get<0>(*i) == k.second ? j.started.erase(i) : std::next(i);
    }
  }
  if (m.record && m.record->epoch == next.epoch && m.record->job == next.job) {
    if (next.slot < m.record->slot) {
      say("S1", fmt::format("the record of {} falls from slot {} to {}", name, when(m.record->slot), when(next.slot)));
    }
    if (next.token < m.record->token) {
      say("S1", fmt::format("turn {} writes of {} after turn {}", next.token, name, m.record->token));
    }
  }
  if (const auto lock = last_lock_.find(name); lock != last_lock_.end() && next.token < lock->second) {
    say("S1", fmt::format("turn {} writes of {}, which turn {} has locked since", next.token, name, lock->second));
  }
  const auto right_ms = mtime_ms - store_error_ms_;
  if (mtime_ms > 0 && next.slot > right_ms + most_store_error_ms_ + ahead_ms) {
    say("S6", fmt::format("slot {} of {} is written ({}) at {} of the store's time", when(next.slot), name,
                          enum_text(next.mark), when(mtime_ms)));
  }
  if (j.rule == slots::forget) {
    say("S5", fmt::format("slot {} of {} is written, and is to be forgotten", when(next.slot), name));
  }
  const bool ends = next.mark == slot_mark::done;
  if (ends && m.record && m.record->mark == slot_mark::done && m.record->slot == next.slot &&
      m.record->token == next.token && m.record->failures == next.failures) {
    say("S5", fmt::format("the end of slot {} of {} is written twice", when(next.slot), name));
  }
  if (j.rule == slots::finished && (next.mark == slot_mark::claimed || next.mark == slot_mark::given_back)) {
    say("S5", fmt::format("slot {} of {} is {}, and only ends are to be written", when(next.slot), name,
                          enum_text(next.mark)));
  }
  if (mtime_ms > 0) {
    m.writes.push_back(right_ms);
    while (right_ms - m.writes.front() > writes_within_ms) {
      m.writes.pop_front();
    }
    if (m.writes.size() == most_writes) {
      say("S5", fmt::format("the record of {} is written {} times within seconds", name, most_writes));
    }
  }
  if (next.mark == slot_mark::claimed) {
    m.claims[{next.slot, next.attempt, next.token}] = {mtime_ms, right_ms};
  }
  // Who gives an item back while its claim is under way says at once that nothing starts; the claim may still get
  // there.
  const bool to_come = next.mark == slot_mark::claimed && m.told.count(next.slot) == 0 && answers_for(j, m, next.token);
  if (m.begun.count(next.slot) == 0 && (next.mark == slot_mark::given_back || to_come)) {
    m.covered.erase(next.slot); // it is still to start, or to be told
    m.told.erase(next.slot);
  } else {
    m.covered.insert(next.slot);
  }
}

bool memory_rules::answers_for(const job_memory& j, const item_memory& m, fencing_token turn) const {
  const auto host = m.turns.find(turn);
  return j.rule == slots::claimed && host != m.turns.end() && excused_.count(host->second) == 0;
}

void memory_rules::excuse(std::uint32_t host) {
  excused_.insert(host);
  for (auto& [k, m] : items_) {
    for (const auto& [c, when] : m.claims) {
      if (const auto by = m.turns.find(std::get<2>(c)); by != m.turns.end() && by->second == host) {
        m.covered.insert(std::get<0>(c));
      }
    }
  }
}

void memory_rules::began(std::uint32_t host, run_id run, const job_id& job, const std::vector<work_item>& items,
                         std::int64_t slot) {
  to_begin_.erase({host, run});
  for (const auto& item : items) {
    if (jobs_.count(job) > 0) {
      auto& m = items_[{job, item.id}];
      m.begun.insert(slot);
      m.covered.insert(slot);
    }
  }
}

void memory_rules::told(std::uint32_t host, const event& what, std::int64_t wall_ms, std::int64_t store_ms,
                        const complaint& say) {
  if (const auto* g = std::get_if<items_granted>(&what); g != nullptr && jobs_.count(g->job) > 0) {
    for (const auto& item : g->items) {
      auto& m = items_[{g->job, item.id}];
      m.holders.insert(host);
      m.turns[item.token] = host;
    }
  } else if (const auto* v = std::get_if<items_revoked>(&what); v != nullptr && jobs_.count(v->job) > 0) {
    for (const auto& item : v->items) {
      items_[{v->job, item}].holders.erase(host);
    }
  } else if (const auto* s = std::get_if<run_started>(&what); s != nullptr && s->slot && jobs_.count(s->job) > 0) {
    started(*s, wall_ms, store_ms, say);
    for (const auto& item : s->items) {
      if (items_[{s->job, item.id}].begun.count(*s->slot) == 0) {
        to_begin_[{host, s->run}] = {{s->job, item.id}, *s->slot};
      }
    }
  } else if (const auto* f = std::get_if<run_finished>(&what); f != nullptr) {
    if (const auto i = to_begin_.find({host, f->run}); i != to_begin_.end()) { // it was dropped
      auto& m = items_[i->second.first];
      if (m.begun.count(i->second.second) == 0) {
        m.covered.erase(i->second.second);
      }
      to_begin_.erase(i);
    }
  } else if (const auto* k = std::get_if<slots_skipped>(&what)) {
    const auto j = jobs_.find(k->job);
    if (j == jobs_.end()) {
      return;
    }
    auto& m = items_[{k->job, k->item}];
    std::optional<wall_time> slot = wall_time{std::chrono::milliseconds{k->first}};
    for (; slot && slot_id(*slot) <= k->last; slot = j->second.table.next(*slot)) {
      m.covered.insert(slot_id(*slot));
      m.told.insert(slot_id(*slot));
    }
  } else if (const auto* i = std::get_if<slot_interrupted>(&what)) {
    ++counts_.interruptions;
    items_[{i->job, i->item}].covered.insert(i->slot);
  }
}

void memory_rules::started(const run_started& s, std::int64_t wall_ms, std::int64_t store_ms, const complaint& say) {
  auto& j = jobs_.at(s.job);
  for (const auto& item : s.items) {
    ++counts_.starts;
    auto& m = items_[{s.job, item.id}];
    const auto name = fmt::format("attempt {} of slot {} of {}/{}", s.attempt, when(*s.slot), s.job, item.id);
    if (j.rule != slots::claimed) {
      m.covered.insert(*s.slot); // `claimed` starts it no more, so its code has to be called
    }
    const auto right_ms = store_ms - store_error_ms_;
    const auto claim = m.claims.find({*s.slot, s.attempt, item.token});
    const bool dated = claim != m.claims.end() && claim->second.mtime_ms > 0;
    const auto heard_ms = dated                       ? claim->second.mtime_ms + right_ms - claim->second.right_ms
                          : j.rule == slots::finished ? right_ms + most_store_error_ms_
                                                      : store_ms;
    if (j.rule != slots::forget && *s.slot > std::max(heard_ms, store_ms) + ahead_ms) {
      say("S6", fmt::format("{} starts at {} of the store's time", name, when(store_ms)));
    }
    const auto since = j.since_read_by(right_ms);
    // Who has read a moment that is days ahead while its own clock was, too, takes it for wrong as soon as that is
    // right.
    const auto furthest = std::max(since, j.written_since);
    if (*s.slot <= since && furthest - std::max(wall_ms, store_ms) <= day_ms) {
      say("S7", fmt::format("{} starts, and slots count from {} on", name, when(since)));
    }
    if (j.rule != slots::claimed && j.rule != slots::tracked) {
      continue;
    }
    if (!j.started.insert({item.id, *s.slot, s.attempt}).second) {
      say("S2", name + " starts twice");
    }
    if (!m.spoiled && claim == m.claims.end()) {
      say("S3", fmt::format("{} starts, and turn {} has not claimed it", name, item.token));
    }
  }
}

void memory_rules::gone(std::uint32_t host) {
  excuse(host);
  to_begin_.erase(to_begin_.lower_bound({host, 0}), to_begin_.lower_bound({host + 1, 0}));
  for (auto& [k, m] : items_) {
    m.holders.erase(host);
  }
}

void memory_rules::history_begins() {
  items_.clear();
  last_lock_.clear();
  to_begin_.clear();
  for (auto& [id, j] : jobs_) {
    j.started.clear();
  }
}

void memory_rules::settled(std::int64_t wall_ms, const complaint& say) const {
  for (const auto& [k, m] : items_) {
    const auto& j = jobs_.at(k.first);
    if (j.rule == slots::forget || m.holders.empty() || m.spoiled) {
      continue;
    }
    if (m.record && m.record->slot > wall_ms + 1'000) {
      continue; // a clock that was ahead has claimed it: nothing starts before it has come
    }
    // Where that moment has come nobody doubts it.
    const auto since = j.written_since <= wall_ms ? j.written_since : j.bound;
    const auto from = std::max({since, j.counted_from, wall_ms - window_ms});
    // Who catches up on many slots does so one after the other: those behind the latest one have their turn to come.
    const bool goes_on = m.record && !m.writes.empty() && wall_ms - m.writes.back() < under_way_ms;
    const auto upto = goes_on ? std::min(m.record->slot, wall_ms - under_way_ms) : wall_ms - under_way_ms;
    auto slot = j.table.next(wall_time{std::chrono::milliseconds{from}});
    for (; slot && slot_id(*slot) < upto; slot = j.table.next(*slot)) {
      if (m.covered.count(slot_id(*slot)) == 0) {
        say("S4", fmt::format("slot {} of {}/{} has not started, and nobody was told", when(slot_id(*slot)), k.first,
                              k.second));
        break;
      }
    }
  }
}

bool is_of_slots(const store::committed_transaction& txn) {
  using kind = store::node_change::kind;
  const auto is_slot = [](const store::node_change& c) {
    return store::item_of_slot_name(store::name_of(c.path)).has_value();
  };
  const auto beside = [](const store::node_change& c) {
    const auto folder = c.path.find("/states/");
    return (c.what == kind::set && c.path.find("/alive/") != std::string::npos) ||
           (c.what == kind::create && folder != std::string::npos && c.path.find('/', folder + 8) == std::string::npos);
  };
  return std::any_of(txn.changes.begin(), txn.changes.end(), is_slot) &&
         std::all_of(txn.changes.begin(), txn.changes.end(), [&](const auto& c) { return is_slot(c) || beside(c); });
}

} // namespace djm::sim
