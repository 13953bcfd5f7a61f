#include <algorithm>
#include <cstdlib>
#include <utility>

#include "actors/worker/slot_book.hpp"

/// How what is to be remembered of slots is written.
namespace djm {

using store::rc;

namespace {

/// Transactions under way at a time; what is to be written beside them waits.
constexpr std::size_t most_slot_writes = 8;
/// Beyond this a transaction gets no more operations.
constexpr std::size_t most_slot_bytes = 200u << 10;

bool may_pass(errc code) {
  return code == errc::not_connected || code == errc::timed_out || code == errc::backlog_full;
}

/// Whoever wants this has not seen the record: slots only grow, and no attempt is claimed twice.
bool is_behind(const slot_note& note, const store::slot_payload& r) {
  using store::slot_mark;
  if (note.slot != r.slot || note.mark != slot_mark::claimed) {
    return note.slot < r.slot;
  }
  return r.mark == slot_mark::given_back ? note.attempt < r.attempt : note.attempt <= r.attempt;
}

} // namespace

// -- writing --------------------------------------------------------------------------

/// It can be written, unless the record says more already, or just that.
void slot_book::line_up(entries::iterator at, step s) {
  auto& e = at->second;
  e.at = stage::writing;
  const auto& note = *e.wishes.front().write;
  if (e.record && is_behind(note, *e.record)) {
    answer(at, slot_result::superseded);
  } else if (e.record && *e.record == next_record(e, at->first.job)) {
    answer(at, slot_result::written);
  } else if (e.wishes.front().patient) {
    patient_.insert(at->first);
    if (!patience_is_over_) {
      patience_ends_ = patience_ends_.value_or(s.now + cfg_.slot_patience);
    }
  } else {
    to_write_.insert(at->first);
  }
}

store::slot_payload slot_book::next_record(const entry& e, const job_id& job) const {
  const auto& n = *e.wishes.front().write;
  const auto facts = jobs_.find(job);
  const auto made = facts != jobs_.end() ? facts->second.made : 0;
  return {e.token, e.epoch, made, n.slot, n.mark, n.attempt, n.spared, n.failures, cfg_.node, cfg_.incarnation};
}

/// What nothing waits for goes with what something does, or when there is enough of it, or when its time is over.
void slot_book::write(step s, worker_effects& out) {
  look_at_patience(s);
  while (store_.writes() < most_slot_writes) {
    const bool enough = patience_is_over_ || patient_.size() + 1 >= batch_.now();
    if (to_write_.empty() && (patient_.empty() || !enough)) {
      break;
    }
    const auto most_ops = std::max<std::size_t>(batch_.now(), 3); // the check, a folder and a record
    txn_builder<item_ref> txn;
    txn.add(store::check_op{tree_.alive(cfg_.node)});
    std::vector<item_ref> items;
    std::size_t bytes = 0;
    bool sets = false;
    for (auto* from : {&to_write_, &patient_}) {
      while (!from->empty() && txn.size() + 2 <= most_ops && bytes < most_slot_bytes) {
        const auto item = *from->begin();
        from->erase(from->begin());
        const auto at = entries_.find(item);
        if (add(at, txn, bytes)) {
          items.push_back(item);
          sets = sets || at->second.version.has_value();
        }
      }
    }
    if (!items.empty()) {
      for (const auto& item : items) {
        entries_.at(item).sent = s.now;
      }
      if (!sets) { // which alone tells the store's time: claims are judged by it before they start
        txn.replace(0, store::set_op{tree_.alive(cfg_.node), member_.alive_data()});
      }
      store_.commit(slot_topic::write, member_.session(), std::move(txn), out, &slot_book::written, std::move(items),
                    s.now);
    }
  }
  if (patient_.empty()) {
    patience_ends_.reset();
    patience_is_over_ = false;
  }
}

/// Of ends that wait for the same write the last one says all: that the slots up to it are done.
void slot_book::merge_ends(entries::iterator at) {
  auto& e = at->second;
  const auto ends = [](const slot_wish& w) { return w.write && w.write->mark == store::slot_mark::done; };
  while (e.wishes.size() > 1 && ends(e.wishes[0]) && ends(e.wishes[1]) && e.wishes[0].token == e.wishes[1].token &&
         e.wishes[0].write->slot <= e.wishes[1].write->slot) {
    pass_on(at, slot_result::written, false);
  }
}

bool slot_book::add(entries::iterator at, txn_builder<item_ref>& txn, std::size_t& bytes) {
  if (at == entries_.end() || !is_ours(at)) {
    return false;
  }
  merge_ends(at);
  auto& e = at->second;
  const auto& item = at->first;
  auto data = store::encode(next_record(e, item.job), e.kept);
  bytes += data.size() + 200;
  if (e.version) {
    txn.add(item, store::set_op{tree_.slot_record(item), std::move(data), *e.version});
    return true;
  }
  if (!std::exchange(jobs_[item.job].folder, true)) {
    txn.add(item_ref{item.job, {}}, store::create_op{tree_.states(item.job), {}});
  }
  txn.add(item, store::create_op{tree_.slot_record(item), std::move(data)});
  return true;
}

bool slot_book::on_commit(std::uint64_t request, const store::commit_outcome& o, step s, worker_effects& out) {
  const auto q = store_.answered(request);
  if (q) {
    q->then(*this, o, s, out);
  }
  return q.has_value();
}

void slot_book::written(const std::vector<item_ref>& items, time_point sent, const txn_outcome<item_ref>& o, step s,
                        worker_effects& out) {
  if (o.committed() != nullptr) {
    clock_.heard(*o.committed(), sent, s.now);
    batch_.worked(s.now);
    store_.reset_backoff();
    committed(items);
  } else if (o.conflict() != nullptr) {
    met(items, o, s, out);
  } else if (const auto* no = o.rejected()) {
    batch_.refused(*no, s.now);
    const bool again = no->by_size || may_pass(no->why.code);
    for (const auto& item : items) {
      if (const auto at = entries_.find(item); at != entries_.end() && !again) {
        at->second.known = false; // perhaps something else than before is to be written
      }
      wait_for_retry(item, s);
    }
  } else {
    for (const auto& item : items) {
      if (const auto at = entries_.find(item); at != entries_.end()) {
        at->second.in_doubt = true;
        at->second.known = false;
        idle(at);
      }
    }
  }
}

void slot_book::committed(const std::vector<item_ref>& items) {
  for (const auto& item : items) {
    const auto at = entries_.find(item);
    if (at == entries_.end()) {
      continue;
    }
    auto& e = at->second;
    e.record = next_record(e, item.job);
    e.kept = store::encode(*e.record, e.kept);
    e.version = e.version ? *e.version + 1 : 0;
    e.anew = false;
    answer(at, slot_result::written);
  }
}

/// Where the store's time is another one than was told, those who start slots by it have to know. Each answer tells it,
/// too.
void slot_book::tell_time() {
  constexpr std::int64_t noticeable_ms = 100;
  const auto& now = clock_.time();
  if (!now || (told_time_ && std::abs(now->least - told_time_->least) < noticeable_ms &&
               std::abs(now->most - told_time_->most) < noticeable_ms)) {
    return;
  }
  told_time_ = now;
  for (const auto& [job, facts] : jobs_) {
    told_.try_emplace(job);
  }
}

/// Nothing of it was done. Only what met the conflict is looked at again.
void slot_book::met(const std::vector<item_ref>& items, const txn_outcome<item_ref>& o, step s, worker_effects& out) {
  const auto* what = o.failed();
  if (what == nullptr && o.conflict()->code == rc::no_node) {
    member_.lost(out); // not registered any more
  }
  const bool folder = what != nullptr && what->item.empty();
  const bool base_is_missing = folder && o.conflict()->code == rc::no_node;
  for (const auto& item : items) {
    const auto at = entries_.find(item);
    if (at == entries_.end()) {
      continue;
    }
    if (what == nullptr || *what == item) {
      at->second.known = false;
    }
    if (base_is_missing) {
      wait_for_retry(item, s);
    } else {
      idle(at);
    }
  }
  if (what != nullptr && (base_is_missing || !folder)) {
    if (const auto facts = jobs_.find(what->job); facts != jobs_.end()) {
      facts->second.folder = false; // whether it is there is looked up, or found when it is made
    }
  }
}

} // namespace djm
