#include "test/sim/judge.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "djm/node_config.hpp"
#include "zkstore/payloads.hpp"

namespace djm::sim {

std::string judge::name_of(const process& p) {
  return fmt::format("{}#{}", p.node(), p.number());
}

void judge::started(const process& p, duration detach, time_point) {
  auto& h = hosts_[p.number()];
  h.p = &p;
  h.incarnation = p.incarnation();
  h.detach = detach;
}

void judge::paused(const process& p, time_point) {
  hosts_[p.number()].paused = true;
}

void judge::resumed(const process& p, time_point now) {
  auto& h = hosts_[p.number()];
  h.paused = false;
  turns_.anew(p.number(), now);
  if (h.deadline && now < *h.deadline) {
    return;
  }
  for (auto i = runs_.lower_bound({p.number(), 0}); i != runs_.end() && i->first.first == p.number(); ++i) {
    if (!std::exchange(i->second.stale, true)) {
      ++counts_.stale_runs;
    }
    i->second.resumed_at = now;
  }
}

void judge::died(const process& p) {
  model_.died(hosts_[p.number()].epoch);
  hosts_[p.number()].dead = true;
  turns_.gone(p.number());
  slots_.gone(p.number());
  room_.gone(p.number());
  memory_.gone(p.number());
}

void judge::run_began(const process& p, run_id run, const job_id& job, const std::vector<work_item>& items,
                      bool stubborn, time_point now, std::int64_t generation, bool has_command) {
  ++counts_.runs;
  const run_key key{p.number(), run};
  auto& r = runs_[key];
  r.stubborn = stubborn;
  r.former = hosts_[p.number()].former;
  if (!r.former) {
    if (old_lives_.count(p.incarnation()) == 0) {
      preparations_.run_began(job, items, generation,
                              [&](std::string text) { say("P1", now, name_of(p) + ": " + text); });
    }
    turns_.began(p.number(), job, items, p.wall(), p.wall_error(),
                 [&](std::string text) { say("I3", now, std::move(text)); });
  }
  std::vector<std::string> promised;
  for (const auto& item : items) {
    const auto name = job + '/' + item.id;
    const auto n = number_of(name);
    auto& record = items_[n];
    r.items.emplace_back(n, item.token);
    refusals_.run_began(p.incarnation(), name, now, [&](std::string text) { say("I3", now, std::move(text)); });
    if (of_lost_history(hosts_[p.number()], name, item.token, now)) {
      continue;
    }
    if (excused_.count(name) == 0 && !r.former) {
      const auto l = image_.locks().find(name);
      if (l == image_.locks().end() || l->second.incarnation != p.incarnation() || l->second.token != item.token) {
        say("I1", now,
            fmt::format("{} starts run {} with {} (token {}) but {}", name_of(p), run, name, item.token,
                        l == image_.locks().end()
                          ? "there is no such lock"
                          : fmt::format("the lock is {}'s, token {}", l->second.incarnation, l->second.token)));
      }
      for (const auto& other : record.runs) {
        if (const auto o = runs_.find(other); o != runs_.end() && effective(other, o->second, now)) {
          say("I1", now,
              fmt::format("{} starts run {} with {} while run {} of process {} works on it", name_of(p), run, name,
                          other.second, other.first));
        }
      }
      promised.push_back(name);
      if (item.token < record.highest || (item.token == record.highest && p.number() != record.holder)) {
        say("I2", now,
            fmt::format("{} starts run {} with {} and token {}, but process {} has had token {}", name_of(p), run, name,
                        item.token, record.holder, record.highest));
      }
    }
    if (item.token > record.highest && !r.former) {
      record.highest = item.token;
      record.holder = p.number();
    }
    record.runs.push_back(key);
    record.last_active = now;
  }
  commands_.run_began(p.number(), run, promised, [&](std::string text) { say("I1", now, std::move(text)); });
  if (has_command) {
    commands_.began(p.number(), run, promised, r.former);
  }
}

void judge::stop_asked(const process& p, run_id run) {
  if (const auto i = runs_.find({p.number(), run}); i != runs_.end()) {
    i->second.stop_asked = true;
  }
}

void judge::item_released(const process& p, run_id run, const item_id& item, time_point now) {
  commands_.released(p.number(), run, item);
  const run_key key{p.number(), run};
  const auto i = runs_.find(key);
  if (i == runs_.end()) {
    return;
  }
  auto& held = i->second.items;
  for (auto h = held.begin(); h != held.end(); ++h) {
    auto& record = items_[h->first];
    if (record.key.size() > item.size() &&
        record.key.compare(record.key.size() - item.size() - 1, std::string::npos, '/' + item) == 0) {
      record.runs.erase(std::remove(record.runs.begin(), record.runs.end(), key), record.runs.end());
      record.last_active = now;
      held.erase(h);
      return;
    }
  }
}

void judge::run_ended(const process& p, run_id run, time_point now) {
  const run_key key{p.number(), run};
  const auto i = runs_.find(key);
  if (i == runs_.end()) {
    return;
  }
  for (const auto& [n, token] : i->second.items) {
    auto& list = items_[n].runs;
    list.erase(std::remove(list.begin(), list.end(), key), list.end());
    items_[n].last_active = now;
  }
  runs_.erase(i);
}

void judge::probe_answered(const process& p, store::session_id_t session, time_point sent, duration timeout) {
  auto& h = hosts_[p.number()];
  const auto a = image_.alive().find(p.node());
  if (a == image_.alive().end() || a->second.session != session) {
    return;
  }
  auto& probes = h.probes[session];
  h.timeouts[session] = timeout;
  // The latest successful one that another followed T/3 or more later; a millisecond for rounding between clocks.
  std::optional<time_point> contact;
  const auto apart = p.to_world(timeout / 3) - std::chrono::milliseconds{1};
  while (!probes.empty() && probes.front() + apart <= sent) {
    contact = probes.front();
    probes.pop_front();
  }
  probes.push_back(sent);
  if (!contact) {
    return;
  }
  extend(p, *contact + p.to_world(timeout + h.detach - lease_margin(timeout, h.detach)));
}

void judge::leased(const process& p, time_point until) {
  extend(p, until);
}

void judge::extend(const process& p, time_point until) {
  auto& h = hosts_[p.number()];
  // A run that went on past its deadline stays past it, whatever its node may do from now on.
  if (h.deadline && p.to_world(p.local_now()) >= *h.deadline) {
    for (auto i = runs_.lower_bound({p.number(), 0}); i != runs_.end() && i->first.first == p.number(); ++i) {
      i->second.stale = i->second.stale || i->second.stubborn;
    }
  }
  // A node starts nothing in the last part of its lease, the grace of its runs.
  if (const auto now = p.to_world(p.local_now()); !h.deadline || *h.deadline - now < start_margin) {
    turns_.anew(p.number(), now);
  }
  if (!h.deadline || *h.deadline < until) {
    h.deadline = until;
  }
  if (h.former) { // the answer was on its way when the ensemble went back
    h.former_deadline = h.deadline;
  }
}

void judge::committed(const store::committed_transaction& txn, time_point now) {
  check_debts(now);
  if (txn.changes.empty()) {
    return;
  }
  const bool stranger = foreign_.count(txn.session) > 0;
  // What it decides may rest on a history that is gone.
  const bool lawless = stranger || is_of_before(txn.session, now);
  if (quiet_ && !is_of_slots(txn)) {
    say("I5", now,
        fmt::format("zxid {} of session {} changes {} nodes in a quiet time, the first is {}", txn.zxid, txn.session,
                    txn.changes.size(), txn.changes.front().path));
  }
  const auto leader = image_.lowest_latch();
  if (leader != last_leader_ && leader != 0) {
    last_leader_ = leader;
    ++counts_.leaderships;
  }
  using kind = tree_event::kind;
  for (const auto& change : txn.changes) {
    const auto e = image_.read(change);
    const bool plan = e.what == kind::assigned || e.what == kind::unassigned || e.what == kind::assignment_bumped;
    if (plan && !lawless && txn.session != leader) {
      say("I6", now,
          fmt::format("zxid {}: session {} changes {}, but the lowest latch is session {}'s", txn.zxid, txn.session,
                      change.path, leader));
    }
    if (e.what == kind::lock_gone && !lawless) {
      check_lock_gone(e.key, txn.session, leader, now);
    }
    if (e.what == kind::lock_gone && lawless && (stranger || !is_own_lock(e.key, txn.session))) {
      excuse(e.key);
    }
    if (e.what == kind::lock_made) {
      ++counts_.locks;
    }
    if (e.what == kind::alive_made) {
      ++counts_.joins;
    }
    if (e.what == kind::alive_gone) {
      if (const auto a = image_.alive().find(node_id{e.key}); a != image_.alive().end()) {
        gone_since_[a->second.incarnation] = now;
        if (stranger || (txn.session == a->second.session && !txn.ends_session)) {
          for (auto& [number, h] : hosts_) {
            if (h.incarnation == a->second.incarnation) {
              gave_up(h, now);
              if (stranger) {
                commands_.meddled_with(number);
              }
            }
          }
        }
      }
    }
    if (e.what == kind::pool_changed && !e.key.empty() && !lawless) {
      check_wish(change, job_id{e.key}, now);
    }
    records_.sees(change, txn.session, txn.session == leader, lawless, image_,
                  [&](std::string text) { say("I9", now, fmt::format("zxid {}: {}", txn.zxid, text)); });
    preparations_.sees(change, lawless,
                       [&](std::string text) { say("P1", now, fmt::format("zxid {}: {}", txn.zxid, text)); });
    model_.sees(change, txn.session == leader, lawless, [&](const char* invariant, std::string text) {
      say(invariant, now, fmt::format("zxid {}: {}", txn.zxid, text));
    });
    note_model_writer(txn.session);
    states_.sees(change, e, txn.zxid, lawless,
                 [&](std::string text) { say("I2", now, fmt::format("zxid {}: {}", txn.zxid, text)); });
    memory_.sees(change, e, txn.zxid, lawless, [&](const char* invariant, std::string text) {
      say(invariant, now, fmt::format("zxid {}: {}", txn.zxid, text));
    });
    refusals_.sees(
      change, e, image_, [this](const std::string& life, duration length) { return in_world(life, length); },
      is_of_life(e, txn.session), lawless, now,
      [&](std::string text) { say("I3", now, fmt::format("zxid {}: {}", txn.zxid, text)); });
    moves_.sees(change, e, image_, now);
    room_.sees(e, image_, now);
    image_.apply(change, e, txn.zxid);
    if (e.what == kind::alive_made) {
      if (const auto a = image_.alive().find(node_id{e.key}); a != image_.alive().end()) {
        gone_since_.erase(a->second.incarnation);
        for (auto& [number, h] : hosts_) {
          h.former = h.former && h.incarnation != a->second.incarnation;
          if (h.incarnation == a->second.incarnation) {
            commands_.joined(number);
          }
        }
      }
    }
    if (e.what == kind::assigned) {
      ++counts_.assignments;
    }
  }
  moves_.transaction_ends(image_, now, [&](std::string text) {
    if (!lawless) {
      say("I4", now, fmt::format("zxid {}: {}", txn.zxid, text));
    }
  });
  for (const auto& change : txn.changes) {
    const auto e = image_.read(change);
    if (e.what != kind::assigned) {
      continue;
    }
    if (const auto a = image_.assigned().find(e.key); a != image_.assigned().end() && a->second.size() > 1) {
      say(
        "I1", now,
        fmt::format("zxid {}: {} is assigned to {} and {}", txn.zxid, e.key, *a->second.begin(), *a->second.rbegin()));
    }
  }
}

void judge::check_lock_gone(const std::string& key, store::session_id_t by, store::session_id_t leader,
                            time_point now) {
  const auto l = image_.locks().find(key);
  if (l == image_.locks().end() || excused_.count(key) > 0) {
    return;
  }
  const auto& lock = l->second;
  const auto a = image_.alive().find(lock.worker);
  if (is_own_lock(key, by)) {
    ++counts_.unlocks;
  } else {
    ++counts_.breaks;
    if (by != leader) {
      say("I6", now,
          fmt::format("session {} removes the lock {} of {}, but the lowest latch is session {}'s", by, key,
                      lock.incarnation, leader));
    }
    if (a != image_.alive().end() && a->second.incarnation == lock.incarnation) {
      say("I1", now, fmt::format("the lock {} is broken although {} is alive", key, lock.incarnation));
    } else if (const auto g = gone_since_.find(lock.incarnation); g != gone_since_.end()) {
      const auto gone = now - g->second;
      if (gone * 100 < lock.detach * (100 - clock_slack_percent)) {
        say("I1", now,
            fmt::format("the lock {} is broken {} after {} has gone, its D is {}", key, format_duration(gone),
                        lock.incarnation, format_duration(lock.detach)));
      }
    }
  }
  const auto n = numbers_.find(key);
  if (n == numbers_.end()) {
    return;
  }
  for (const auto& k : items_[n->second].runs) {
    if (const auto r = runs_.find(k); r != runs_.end() && effective(k, r->second, now)) {
      for (const auto& [item, token] : r->second.items) {
        if (item == n->second && token == lock.token) {
          say("I1", now,
              fmt::format("the lock {} goes while run {} of process {} works on it", key, k.second, k.first));
        }
      }
    }
  }
}

/// A node's deadline is T + D after its latest contact, less a margin. Where more than D is left of that, the contact
/// is younger than T: the node is well.
void judge::check_debts(time_point now) {
  constexpr auto interval = std::chrono::milliseconds{250};
  if (looked_at_debts_ && now - *looked_at_debts_ < interval) {
    return;
  }
  looked_at_debts_ = now;
  if (hindrances_ > 0) {
    debts_.hindered(now);
  }
  std::vector<debts::node> nodes;
  for (const auto& [number, h] : hosts_) {
    nodes.push_back({h.incarnation, !h.dead && !h.paused && !h.former && h.deadline &&
                                      *h.deadline - now > h.detach * (100 - clock_slack_percent) / 100});
  }
  debts_.look(image_, nodes, now,
              [&](const char* invariant, std::string text) { say(invariant, now, std::move(text)); });
}

void judge::quiescent(const expectation& e, time_point now) {
  model_.quiescent(image_, [&](const char* invariant, std::string text) { say(invariant, now, std::move(text)); });
  for (const auto& [number, h] : hosts_) {
    if (!h.deadline || *h.deadline - now < start_margin) {
      turns_.anew(number, now);
    }
  }
  turns_.check(now, [&](std::string text) { say("I3", now, std::move(text)); });
  check_that_all_found_out(now);
  // Where a run of the job is under way the next one takes the items that wait for it.
  std::set<std::string> busy;
  for (const auto& [key, r] : runs_) {
    for (const auto& [n, token] : r.items) {
      busy.insert(hosts_.at(key.first).incarnation + ' ' + items_[n].key.substr(0, items_[n].key.find('/')));
    }
  }
  for (const auto& [job, items] : e.jobs) {
    records_.quiescent(job, image_, [&](std::string text) { say("I9", now, std::move(text)); });
    preparations_.quiescent(job, [&](std::string text) { say("P1", now, std::move(text)); });
    if (image_.jobs().count(job) == 0) {
      say("I9", now, fmt::format("job {} is gone from the pool", job));
    }
    for (const auto& item : items) {
      const auto key = job + '/' + item;
      if (image_.pool().count(key) == 0) {
        say("I9", now, fmt::format("{} is gone from the pool", key));
        continue;
      }
      const auto l = image_.locks().find(key);
      const auto a = image_.assigned().find(key);
      const auto n = numbers_.find(key);
      if (a == image_.assigned().end()) {
        say("I3", now, fmt::format("{} has no owner", key));
      } else if (l == image_.locks().end()) {
        say("I3", now, fmt::format("{} is assigned to {} but not locked", key, *a->second.begin()));
      } else if (busy.count(l->second.incarnation + ' ' + job) > 0 || old_lives_.count(l->second.incarnation) > 0 ||
                 memory_.knows(job)) { // what it owes is S4
        continue;
      } else if (n == numbers_.end() ||
                 (items_[n->second].runs.empty() &&
                  (!items_[n->second].last_active || *items_[n->second].last_active < e.since))) {
        say("I3", now, fmt::format("{} is locked by {} but does not run", key, l->second.worker));
      }
    }
  }
  room_.quiescent(image_, [&](std::string text) { say("I3", now, std::move(text)); });
  for (const auto& key : image_.pool()) {
    const auto slash = key.find('/');
    const auto job = e.jobs.find(job_id{key.substr(0, slash)});
    if (job != e.jobs.end() && std::count(job->second.begin(), job->second.end(), key.substr(slash + 1)) == 0) {
      say("I9", now, fmt::format("{} is in the pool, but nobody who lives offers it", key));
    }
  }
  for (const auto& [key, lock] : image_.locks()) {
    const auto a = image_.alive().find(lock.worker);
    const auto owner = image_.assigned().find(key);
    if (a == image_.alive().end() || a->second.incarnation != lock.incarnation) {
      say("I8", now, fmt::format("the lock {} is {}'s, who is gone", key, lock.incarnation));
    } else if (old_lives_.count(lock.incarnation) == 0 &&
               (owner == image_.assigned().end() || owner->second.count(lock.worker) == 0)) {
      say("I8", now, fmt::format("the lock {} is {}'s, who is alive but has no such item", key, lock.incarnation));
    }
  }
}

void judge::report(std::string invariant, std::string text, time_point now) {
  violations_.push_back({std::move(invariant), now, std::move(text)});
}

judge::item_number judge::number_of(const std::string& key) {
  const auto [i, is_new] = numbers_.emplace(key, static_cast<item_number>(items_.size()));
  if (is_new) {
    items_.emplace_back();
    items_.back().key = key;
  }
  return i->second;
}

bool judge::effective(const run_key& key, const held_run& r, time_point now) const {
  const auto& h = hosts_.at(key.first);
  if (h.dead || r.stale || r.former) {
    return false;
  }
  // A paused process, or a run that ignores its stop request, is on its own from its deadline on.
  if (h.paused || r.stubborn) {
    return h.deadline && now < *h.deadline;
  }
  return true;
}

void judge::say(const char* invariant, time_point now, std::string text) {
  violations_.push_back({invariant, now, std::move(text)});
}

} // namespace djm::sim
