#include "actors/worker/slot_book.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

slot_book::slot_book(const worker_config& cfg, const store::tree_schema& tree, worker_session& member,
                     const lock_table& locks, clock_desk& clock, request_numbers numbers)
  : cfg_(cfg),
    tree_(tree),
    member_(member),
    locks_(locks),
    clock_(clock),
    store_(open_problems{"worker"}, backoff{cfg.backoff_min, cfg.backoff_max}, std::move(numbers), cfg.read_batch),
    batch_(cfg.max_transaction_ops) {}

// -- what is asked --------------------------------------------------------------------

void slot_book::ask(const job_id& job, std::vector<slot_wish> wishes) {
  for (auto& w : wishes) {
    if (closed_) {
      lose({job, w.item}, w, false);
      continue;
    }
    const auto [at, is_new] = entries_.try_emplace({job, w.item});
    jobs_[job].entries += is_new ? 1 : 0;
    at->second.wishes.push_back(std::move(w));
    at->second.given_back = false;
    if (at->second.at == stage::idle && at->second.wishes.size() == 1) {
      ready_.insert(at->first);
    }
  }
}

/// What is under way goes on, and what has not begun is not begun any more.
void slot_book::runner_rebuilt(const job_id& job) {
  for (auto at = entries_.lower_bound({job, {}}); at != entries_.end() && at->first.job == job; ++at) {
    auto& e = at->second;
    const bool begun = e.at != stage::idle || e.in_doubt;
    e.wishes.resize(begun ? std::min<std::size_t>(e.wishes.size(), 1) : 0);
    e.orphans = e.wishes.size();
  }
}

void slot_book::lose(const item_ref& item, const slot_wish& w, bool unsure) {
  slot_answer a{w.item, w.token, slot_result::lost, w.write.has_value(), {}, false, false, w.number};
  a.unsure = unsure && a.of_write;
  told_[item.job].push_back(std::move(a));
}

/// To whoever has asked first.
void slot_book::answer(entries::iterator at, slot_result what, bool writer_gone) {
  auto& e = at->second;
  e.known = e.known && what != slot_result::lost;
  e.told = what != slot_result::lost;
  pass_on(at, what, writer_gone);
  e.in_doubt = false;
  idle(at);
}

void slot_book::pass_on(entries::iterator at, slot_result what, bool writer_gone) {
  auto& e = at->second;
  const auto& w = e.wishes.front();
  if (e.orphans > 0) {
    --e.orphans;
  } else if (what == slot_result::lost) {
    lose(at->first, w, e.in_doubt);
  } else {
    told_[at->first.job].push_back(
      {w.item, w.token, what, w.write.has_value(), e.record, writer_gone, e.anew, w.number});
  }
  e.wishes.pop_front();
}

/// Nothing is under way for it.
void slot_book::idle(entries::iterator at) {
  at->second.at = stage::idle;
  if (!at->second.wishes.empty()) {
    ready_.insert(at->first);
  } else if (at->second.given_back) {
    ready_.erase(at->first);
    blocked_.erase(at->first);
    if (const auto job = jobs_.find(at->first.job); --job->second.entries == 0) {
      jobs_.erase(job);
    }
    entries_.erase(at);
  }
}

void slot_book::released(const item_ref& item) {
  if (const auto at = entries_.find(item); at != entries_.end()) {
    at->second.given_back = true;
    if (at->second.at == stage::idle) {
      idle(at);
    }
  }
}

void slot_book::close() {
  closed_ = true;
  for (const auto& [item, e] : std::exchange(entries_, {})) {
    bool unsure = e.in_doubt || (e.at == stage::writing && to_write_.count(item) + patient_.count(item) == 0);
    for (const auto& w : e.wishes) {
      lose(item, w, std::exchange(unsure, false));
    }
  }
  jobs_.clear();
  ready_.clear();
  blocked_.clear();
  to_write_.clear();
  patient_.clear();
  patience_ends_.reset();
  patience_is_over_ = false;
  store_.drop();
}

// -- what has changed -----------------------------------------------------------------

void slot_book::session_is_over() {
  clock_.session_is_over();
  store_.drop();
  const auto unsent = std::exchange(to_write_, {});
  const auto patient = std::exchange(patient_, {});
  patience_ends_.reset();
  patience_is_over_ = false;
  for (auto& [item, e] : entries_) { // as many as this node holds of jobs that remember, once per session
    e.in_doubt = e.in_doubt || (e.at == stage::writing && unsent.count(item) + patient.count(item) == 0);
    e.known = false;
    e.at = stage::idle;
    if (!e.wishes.empty()) {
      ready_.insert(item);
    }
  }
}

void slot_book::locks_changed() {
  if (!store_.retry_at()) {
    ready_.merge(blocked_);
    blocked_.clear();
  }
}

/// That moment has passed. What is to be written waits for nothing but the store from then on: were the moment kept, a
/// worker that may write nothing for now would be woken for it again and again.
void slot_book::look_at_patience(step s) {
  if (patience_ends_ && s.now >= *patience_ends_) {
    patience_ends_.reset();
    patience_is_over_ = true;
  }
}

void slot_book::on_wake(step s) {
  look_at_patience(s);
  if (store_.on_wake(s)) {
    locks_changed();
  }
}

std::optional<time_point> slot_book::wake_at() const {
  return earliest(patience_ends_, store_.retry_at());
}

void slot_book::wait_for_retry(const item_ref& item, step s) {
  if (!store_.retry_at()) {
    store_.retry(s);
  }
  if (const auto at = entries_.find(item); at != entries_.end()) {
    at->second.at = stage::idle;
    if (at->second.wishes.empty()) {
      idle(at);
    } else {
      blocked_.insert(item);
    }
  }
}

// -- what can begin -------------------------------------------------------------------

void slot_book::go_on(bool may_ask, step s, worker_effects& out) {
  if (may_ask && member_.online()) {
    std::vector<item_ref> plain;
    std::vector<item_ref> doubtful;
    while (!ready_.empty()) {
      const auto item = *ready_.begin();
      ready_.erase(ready_.begin());
      take_up(item, plain, doubtful, s);
    }
    look(plain, false, out);
    look(doubtful, true, out);
    write(s, out);
  }
  tell_time();
  for (auto& [job, answers] : std::exchange(told_, {})) {
    out.push_back(slots_told{job, std::move(answers), clock_.time()});
  }
}

void slot_book::take_up(const item_ref& item, std::vector<item_ref>& plain, std::vector<item_ref>& doubtful, step s) {
  const auto at = entries_.find(item);
  if (at == entries_.end() || at->second.at != stage::idle || at->second.wishes.empty()) {
    return;
  }
  auto& e = at->second;
  if (e.wishes.front().token != e.token) { // another turn: nothing of the one before counts
    auto wishes = std::move(e.wishes);
    const auto orphans = e.orphans;
    e = entry{};
    e.wishes = std::move(wishes);
    e.orphans = orphans;
    e.token = e.wishes.front().token;
  }
  if (!is_ours(at)) {
    return;
  }
  if (!e.wishes.front().write || !e.known || e.in_doubt) {
    e.at = stage::looking;
    (e.in_doubt ? doubtful : plain).push_back(item);
  } else {
    line_up(at, s);
  }
}

/// An item is ours while this session lives, and its lock was read or made in it, and nothing about that is uncertain,
/// and the lock is still the one of that turn. The first wish is answered when it is not.
bool slot_book::is_ours(entries::iterator at) {
  const auto holds = locks_.holds(at->first, at->second.token);
  if (holds == lock_table::certainty::unsure) {
    at->second.at = stage::idle;
    blocked_.insert(at->first);
  } else if (holds == lock_table::certainty::no) {
    answer(at, slot_result::lost);
  }
  return holds == lock_table::certainty::yes;
}

// -- looking --------------------------------------------------------------------------

/// `fresh`: behind a barrier, so that a write whose outcome is not known is either there or will never be. Without one
/// a read shows all that was committed before the lock, on whose session it is asked.
void slot_book::look(const std::vector<item_ref>& items, bool fresh, worker_effects& out) {
  if (items.empty()) {
    return;
  }
  read_batch ask;
  std::vector<job_look> jobs;
  std::vector<item_look> looks;
  for (const auto& item : items) { // sorted, and so by job
    if (jobs.empty() || jobs.back().job != item.job) {
      jobs.push_back({item.job, ask.exists(tree_.job(item.job)), ask.exists(tree_.states(item.job))});
    }
    looks.push_back({item, ask.get(tree_.slot_record(item)), {}});
  }
  store_.read(slot_topic::look, ask, fresh, out, &slot_book::found, std::move(looks), std::move(jobs));
}

void slot_book::found(const std::vector<item_look>& looks, const std::vector<job_look>& jobs, step s,
                      worker_effects& out) {
  for (const auto& j : jobs) {
    if (const auto facts = jobs_.find(j.job); facts != jobs_.end()) {
      facts->second.made = j.record->code == rc::ok ? j.record->stat.czxid : 0;
      facts->second.folder = j.folder->code == rc::ok;
    }
  }
  std::vector<item_look> writers;
  for (const auto& l : looks) {
    if (const auto at = entries_.find(l.item); at != entries_.end() && at->second.at == stage::looking) {
      conclude(at, l, s, writers);
    }
  }
  if (!writers.empty()) {
    read_batch ask;
    for (auto& w : writers) {
      const auto& by = entries_.at(w.item).record->by;
      w.record = ask.get(tree_.slot_record(w.item));
      w.writer = ask.get(tree_.alive(by));
    }
    store_.read(slot_topic::look, ask, false, out, &slot_book::found_writers, std::move(writers));
  }
}

/// What the store says of an item has been read.
void slot_book::conclude(entries::iterator at, const item_look& l, step s, std::vector<item_look>& writers) {
  auto& e = at->second;
  e.at = stage::idle;
  if (!is_ours(at)) {
    return;
  }
  const auto before = std::pair{e.version, e.record};
  const auto meant = e.wishes.front().write ? std::optional{next_record(e, at->first.job)} : std::nullopt;
  if (!note(e, l, jobs_[at->first.job].made, s)) {
    answer(at, slot_result::lost); // a later turn has written
  } else if (!meant) {
    const auto& r = e.record;
    if (r && r->mark == store::slot_mark::claimed && r->incarnation != cfg_.incarnation && !r->by.empty()) {
      e.at = stage::looking; // the life that has claimed it may be over
      writers.push_back({l.item, {}, {}});
    } else {
      answer(at, slot_result::known);
    }
  } else if (e.in_doubt && e.record == meant && e.version != before.first) {
    clock_.heard(l.record->stat.mtime_ms, e.sent, s.now); // as its answer would have told
    answer(at, slot_result::written);
  } else if (e.told && e.record == before.second && (!e.in_doubt || e.version == before.first)) {
    e.in_doubt = false;
    line_up(at, s);
  } else {
    answer(at, slot_result::superseded);
  }
}

/// What is known of it from now on. False: a later turn has written.
bool slot_book::note(entry& e, const item_look& l, std::int64_t made, step s) {
  auto read = store::read_payload<store::slot_payload>(*l.record, tree_.slot_record(l.item));
  if (read.value && read.value->token > e.token) {
    return false;
  }
  e.known = true;
  e.version = l.record->code == rc::ok ? std::optional{l.record->stat.version} : std::nullopt;
  // What makes no sense, is about another job of this name, or about a slot of a time that comes in days, is written
  // over: that is another beginning. One wrong clock must not stop a job for ever; but what is parked stays.
  const bool ours = read.value && read.value->job == made;
  e.anew = ours && read.value->mark != store::slot_mark::parked && clock_.time() &&
           clock_.time()->is_too_far(read.value->slot, s.now, s.wall_ms);
  const bool counts = ours && !e.anew;
  e.epoch = counts ? read.value->epoch : read.value ? read.value->epoch + 1 : read.problem ? e.token : 0;
  e.kept = counts ? l.record->data : std::string{};
  e.record = counts ? std::move(read.value) : std::nullopt;
  return true;
}

void slot_book::found_writers(const std::vector<item_look>& looks, step s, worker_effects&) {
  for (const auto& l : looks) {
    const auto at = entries_.find(l.item);
    if (at == entries_.end() || at->second.at != stage::looking) {
      continue;
    }
    at->second.at = stage::idle;
    if (!is_ours(at)) {
      continue;
    }
    const auto before = at->second.record;
    if (!note(at->second, l, jobs_[at->first.job].made, s)) {
      answer(at, slot_result::lost);
    } else if (!(at->second.record == before)) {
      wait_for_retry(l.item, s); // somebody has written in between: from the beginning
    } else {
      const auto& path = tree_.alive(before->by);
      const auto life = store::read_payload<store::alive_payload>(*l.writer, path).value;
      answer(at, slot_result::known, !life || life->incarnation != before->incarnation);
    }
  }
}

bool slot_book::on_read(std::uint64_t request, const store::read_outcome& r, step s, worker_effects& out) {
  if (!store_.knows(request)) {
    return false;
  }
  if (const auto q = store_.answered(request, r, out); q && q->ok()) {
    store_.reset_backoff();
    q->then(*this, s, out);
  } else if (q) {
    for (const auto& [op, answer] : q->asked) {
      if (const auto item = store::item_of_slot_name(store::name_of(op.path))) {
        const auto folder = std::string_view{op.path}.substr(0, op.path.rfind('/'));
        wait_for_retry({job_id{store::name_of(folder)}, *item}, s);
      }
    }
  }
  return true;
}

} // namespace djm
