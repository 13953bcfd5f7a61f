#include "actors/worker/lock_writer.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

namespace {

/// Beyond this a transaction gets no more operations: servers refuse requests above a megabyte, some sooner.
constexpr std::size_t max_bytes = 254u << 10;
/// So often may conflicts in a row be about what another one of them was about. Each that is about something else has
/// taught something.
constexpr std::uint32_t instructive_conflicts = 5;

std::string name_of(const lock_label& what) {
  const auto* item = std::get_if<item_ref>(&what);
  return item != nullptr ? item->job + "/" + item->item : std::get<refusal_ref>(what).name;
}

} // namespace

struct lock_writer::draft {
  using ops = std::vector<std::pair<item_ref, store::write_op>>;
  ops creates, removes;
  std::set<job_id> new_folders;
  std::string payload; ///< of every lock that is made; empty: none is yet
  std::size_t bytes = 0;

  void add(ops& to, item_ref ref, store::write_op op) {
    bytes += store::wire_size(op);
    to.emplace_back(std::move(ref), std::move(op));
  }
  std::size_t size() const { return creates.size() + removes.size(); }
};

void lock_writer::start(step s, worker_effects& out) {
  draft next;
  std::vector<item_ref> idle;
  const auto beside = refusals_.idle() ? std::size_t{0} : std::min<std::size_t>(8, batch_.now() / 2);
  const auto most = std::max<std::size_t>(batch_.now() - beside, 2);
  for (const auto* pending : locks_.all_certain()) {
    const auto& ref = *pending;
    // An item adds two operations at most: its lock and the folder of that.
    if (next.size() + 2 > most || next.bytes > max_bytes) {
      break;
    }
    if (const auto what = locks_.due(ref); what != lock_table::change::none) {
      add(ref, what, s, next);
      locks_.begin(ref, what);
    } else {
      idle.push_back(ref);
    }
  }
  for (const auto& ref : idle) {
    locks_.nothing_to_do(ref);
  }
  if (next.size() == 0 && beside == 0) {
    return;
  }
  txn_builder<lock_label> txn;
  // Every multi of a worker checks its registration. Setting it to what it is does the same and, where locks are
  // created, also tells the zxid of the transaction: the fencing token, without another read.
  if (next.creates.empty()) {
    txn.add(store::check_op{tree_.alive(cfg_.node)});
  } else {
    txn.add(store::set_op{tree_.alive(cfg_.node), member_.alive_data()});
  }
  changing_.clear();
  std::vector<item_ref> unlocked;
  for (const auto& [ref, op] : next.removes) {
    unlocked.push_back(ref);
  }
  for (auto* part : {&next.removes, &next.creates}) {
    for (auto& [ref, op] : *part) {
      changing_.push_back(ref);
      txn.add(ref, std::move(op));
    }
  }
  refusals_.add_to(txn, unlocked, beside);
  if (txn.size() == 1) {
    return; // nothing but the check
  }
  sent_ = s.now;
  store_.commit(member_.session(), std::move(txn), out, this, &lock_writer::take);
}

void lock_writer::add(const item_ref& ref, lock_table::change what, step s, draft& to) const {
  if (what == lock_table::change::remove) {
    to.add(to.removes, ref, store::remove_op{tree_.lock(ref), 0});
    return;
  }
  if (!reader_.folder_exists(ref.job) && to.new_folders.insert(ref.job).second) {
    to.add(to.creates, {ref.job, {}}, store::create_op{tree_.locks(ref.job), {}});
  }
  if (to.payload.empty()) {
    to.payload = payload(s);
  }
  to.add(to.creates, ref, store::create_op{tree_.lock(ref), to.payload});
}

std::string lock_writer::payload(step s) const {
  store::lock_payload p;
  p.worker = cfg_.node;
  p.incarnation = cfg_.incarnation;
  p.detach_ms = std::chrono::ceil<std::chrono::milliseconds>(cfg_.detach_tolerance).count();
  p.acquired_at_ms = s.wall_ms;
  return store::encode(p);
}

// -- what became of it ----------------------------------------------------------------

void lock_writer::take(const result& o, step s, worker_effects& out) {
  if (const auto* ok = o.committed()) {
    met_.clear();
    met_again_ = 0;
    batch_.worked(s.now);
    store_.works(worker_store::locking, out);
    store_.relieve("commit", out);
    store_.reset_backoff();
    clock_.heard(*ok, sent_, s.now);
    committed(ok->zxid);
  } else if (o.conflict() != nullptr) {
    ++conflicts_;
    const bool news = o.failed() != nullptr && met_.insert(name_of(*o.failed())).second;
    conflict(o, s, out);
    // One that does not go away must not spin.
    met_again_ += news ? 0 : 1;
    if (met_again_ > instructive_conflicts) {
      store_.failing(worker_store::locking, "others are in the way", s.now, out);
      store_.retry(s);
    }
  } else if (const auto* no = o.rejected()) {
    refused(*no, s, out);
  } else {
    ++unknowns_;
    store_.failing(worker_store::locking, "its outcome is unknown", s.now, out);
    forget_outcome();
  }
}

void lock_writer::committed(store::zxid_t zxid) {
  refusals_.committed();
  for (const auto& ref : changing_) {
    if (ref.item.empty()) {
      reader_.folder_made(ref.job);
    } else {
      locks_.committed(ref, zxid);
    }
  }
}

void lock_writer::refused(const store::rejected& why, step s, worker_effects& out) {
  batch_.refused(why, s.now);
  undo(nullptr, rc::ok, s);
  if (why.why.code != errc::not_connected) {
    store_.complain("commit", why.why, out);
  }
  store_.failing(worker_store::locking, why.why.text, s.now, out);
  store_.retry(s);
}

/// Learns from the operation that met a conflict.
void lock_writer::conflict(const result& o, step s, worker_effects& out) {
  const auto code = o.conflict()->code;
  const auto* met = o.failed();
  const auto* refusal = std::get_if<refusal_ref>(met);
  const auto* lock = std::get_if<item_ref>(met);
  const bool removing = lock != nullptr && locks_.removing(*lock);
  undo(refusal, code, s);
  if (refusal == nullptr) {
    lock_conflict(lock, code, removing, out);
  }
}

void lock_writer::lock_conflict(const item_ref* met, rc code, bool removing, worker_effects& out) {
  if (met == nullptr) {
    if (code == rc::no_node) {
      member_.lost(out);
    }
  } else if (met->item.empty()) {
    if (code == rc::node_exists) {
      reader_.folder_made(met->job);
      look_around();
    }
  } else if (removing) {
    if (code == rc::no_node) {
      locks_.removed_already(*met);
    } else {
      locks_.outcome_unknown(*met);
    }
  } else if (code == rc::node_exists) {
    look_around();
  } else if (code == rc::no_node) {
    reader_.folder_gone(met->job);
  }
}

/// Others are at work on the same jobs: which locks there are is asked of all that this transaction is about, in one
/// question. Otherwise each job would take a conflict of its own. That lists all locks of these jobs, once for each
/// conflict, and they are as many as one transaction has room for.
void lock_writer::look_around() {
  for (const auto& ref : changing_) {
    reader_.list_again(ref.job);
  }
}

/// Nothing of it was done.
void lock_writer::undo(const refusal_ref* met, rc code, step s) {
  refusals_.undone(met, code, s);
  for (const auto& ref : changing_) {
    locks_.undone(ref);
  }
}

/// It may have been done or not: each lock is read again before anything else happens with it.
void lock_writer::forget_outcome() {
  refusals_.outcome_unknown();
  for (const auto& ref : changing_) {
    locks_.outcome_unknown(ref);
  }
}

void lock_writer::give_up() {
  forget_outcome();
  changing_.clear();
}

void lock_writer::settle() {
  for (const auto& ref : std::exchange(changing_, {})) {
    locks_.settle(ref);
  }
}

void lock_writer::describe(worker_status& st) const {
  st.counters.lock_conflicts = conflicts_;
  st.counters.lock_unknowns = unknowns_;
}

} // namespace djm
