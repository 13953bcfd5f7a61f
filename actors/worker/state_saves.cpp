#include <utility>

#include "actors/worker/state_book.hpp"

/// How the state of an item is loaded and saved.
namespace djm {

using store::rc;

namespace {

/// Under way at a time; the others wait. Each is a question or a transaction of its own, so that none fails with
/// another.
constexpr std::size_t most_under_way = 200;
/// Conflicts in a row that may each teach something; after these it is tried more slowly.
constexpr std::uint32_t instructive_save_conflicts = 3;

/// Those that may pass.
bool is_temporary(errc code) {
  return code == errc::not_connected || code == errc::timed_out || code == errc::backlog_full;
}

} // namespace

// -- what can begin -------------------------------------------------------------------

void state_book::go_on(step s, worker_effects& out) {
  while (!ready_.empty() && member_.online() && under_way_ < most_under_way) {
    const auto at = entries_.find(*ready_.begin());
    ready_.erase(ready_.begin());
    if (at != entries_.end() && at->second.at == stage::idle) {
      begin(at, s, out);
    }
  }
}

/// What waits for the lock goes on, what has lost it is answered.
void state_book::begin(entries::iterator at, step s, worker_effects& out) {
  auto& e = at->second;
  if (e.wishes.empty()) {
    return idle(at);
  }
  if (e.wishes.front().token != e.token) { // another turn: nothing of the one before counts
    auto wishes = std::move(e.wishes);
    e = entry{};
    e.wishes = std::move(wishes);
    e.token = e.wishes.front().token;
  }
  if (!is_ours(at, out)) {
    return;
  }
  e.given_back = false;
  if (!e.wishes.front().save || !e.known || e.in_doubt) {
    look(at->first, e, out);
  } else if (e.record.epoch != e.seen) {
    answer(e, superseded(at->first), out);
    idle(at);
  } else {
    save(at->first, e, s, out);
  }
}

/// An item is ours while this session lives, and its lock was read or made in it, and nothing about that is uncertain,
/// and the lock is still the one of that turn. The first wish is answered when it is not.
bool state_book::is_ours(entries::iterator at, worker_effects& out) {
  auto& e = at->second;
  switch (locks_.holds(at->first, e.token)) {
  case lock_table::certainty::yes: return true;
  case lock_table::certainty::unsure: blocked_.insert(at->first); return false;
  case lock_table::certainty::no: break;
  }
  answer(e, lost(at->first, e), out);
  idle(at);
  return false;
}

tl::unexpected<error> state_book::lost(const item_ref& item, const entry& e) const {
  if (e.in_doubt) {
    return not_known(item);
  }
  return fail(errc::not_owner, named(item) + " is not held by node \"" + cfg_.node + "\" under token " +
                                 std::to_string(e.token) + " any more");
}

tl::unexpected<error> state_book::superseded(const item_ref& item) {
  return fail(errc::conflict, "an operator has set another state of " + named(item) + "; load it first");
}

/// Behind a barrier: what an operator has set, and was answered about, is seen; and a save whose outcome is not known
/// is either there or will never be.
void state_book::look(const item_ref& item, entry& e, worker_effects& out) {
  e.at = stage::looking;
  e.works_for = e.wishes.front().id;
  ++under_way_;
  read_batch ask;
  const store::state_reads found{tree_, item, ask};
  store_.read(state_topic::look, ask, true, out,
              [found](state_book& book, step s, worker_effects& effects) { book.take(found, s, effects); });
}

void state_book::save(const item_ref& item, entry& e, step s, worker_effects& out) {
  e.at = stage::saving;
  e.works_for = e.wishes.front().id;
  ++under_way_;
  auto next = e.record;
  next.token = e.token; // fences all turns before this one
  ++next.seq;
  next.saved_by = cfg_.node;
  next.saved_at_ms = s.wall_ms;
  next.state = e.wishes.front().save;
  txn_builder<bool> txn;
  txn.add(store::check_op{tree_.alive(cfg_.node)});
  for (auto& op : store::put_state(tree_, item, e.version, e.folder, store::encode(next, e.kept))) {
    txn.add(true, std::move(op));
  }
  store_.commit(state_topic::save, member_.session(), std::move(txn), out,
                [item](state_book& book, const txn_outcome<bool>& o, step now, worker_effects& effects) {
                  book.saved(item, o, now, effects);
                });
}

// -- what the store says --------------------------------------------------------------

bool state_book::on_read(std::uint64_t request, const store::read_outcome& r, step s, worker_effects& out) {
  if (!store_.knows(request)) {
    return false;
  }
  if (const auto q = store_.answered(request, r, out); q && q->ok()) {
    store_.reset_backoff();
    q->then(*this, s, out);
  } else if (q) {
    not_answered(q->asked.begin()->first.path, s);
  }
  return true;
}

bool state_book::on_commit(std::uint64_t request, const store::commit_outcome& o, step s, worker_effects& out) {
  const auto q = store_.answered(request);
  if (q) {
    q->then(*this, o, s, out);
  }
  return q.has_value();
}

/// The thing that was under way for the item has been answered.
state_book::entries::iterator state_book::back(const item_ref& item) {
  const auto at = entries_.find(item);
  if (at != entries_.end()) {
    at->second.at = stage::idle;
    --under_way_;
  }
  return at;
}

/// It is asked again, until nobody waits for it any more.
void state_book::not_answered(const std::string& path, step s) {
  const auto folder = path.substr(0, path.rfind('/'));
  if (const auto at = back({job_id{store::name_of(folder)}, item_id{store::name_of(path)}}); at != entries_.end()) {
    wait_for_retry(at, s);
  }
}

void state_book::wait_for_retry(entries::iterator at, step s) {
  blocked_.insert(at->first);
  if (!store_.retry_at()) {
    store_.retry(s);
  }
  idle(at);
}

void state_book::take(const store::state_reads& found, step s, worker_effects& out) {
  const auto at = back(found.item);
  if (at == entries_.end()) {
    return;
  }
  auto& e = at->second;
  if (e.wishes.empty() || e.wishes.front().id != e.works_for) {
    return idle(at); // nobody waits for it any more
  }
  if (!is_ours(at, out)) {
    return;
  }
  auto read = store::read_payload<store::state_payload>(*found.state, tree_.state(found.item));
  if (read.problem) {
    answer(e, tl::make_unexpected(std::move(*read.problem)), out);
    return idle(at);
  }
  auto record = std::move(read.value).value_or(store::state_payload{});
  if (record.token > e.token) {
    answer(e, lost(at->first, e), out); // a later turn has saved
    return idle(at);
  }
  if (!std::exchange(e.looked, true)) {
    e.seen = record.epoch; // a run that saves without having loaded means to replace what it has found
  }
  const bool ours = e.in_doubt && record.token == e.token && record.seq > e.record.seq;
  const bool set_since = record.epoch != (e.in_doubt ? e.record.epoch : e.seen);
  auto state = std::move(record.state);
  note(e, found, std::move(record));
  if (!e.wishes.front().save) {
    e.seen = e.record.epoch;
    answer(e, std::move(state), out);
  } else if (set_since) {
    answer(e, superseded(at->first), out);
  } else if (ours) {
    answer(e, std::optional<bytes>{}, out);
  } else {
    e.in_doubt = false;
    return save(at->first, e, s, out);
  }
  idle(at);
}

/// What is known of it from now on.
void state_book::note(entry& e, const store::state_reads& found, store::state_payload record) {
  record.state.reset();
  e.record = std::move(record);
  e.known = true;
  e.folder = found.folder->code == rc::ok;
  e.version = found.state->code == rc::ok ? std::optional{found.state->stat.version} : std::nullopt;
  e.kept = e.version ? store::encode(e.record, found.state->data) : std::string{};
}

void state_book::saved(const item_ref& item, const txn_outcome<bool>& o, step s, worker_effects& out) {
  const auto at = back(item);
  if (at == entries_.end()) {
    return;
  }
  auto& e = at->second;
  const bool asked = !e.wishes.empty() && e.wishes.front().id == e.works_for;
  e.known = false;
  if (o.committed() != nullptr) {
    store_.reset_backoff();
    if (asked) {
      e.known = true;
      e.folder = true;
      e.version = e.version ? *e.version + 1 : 0;
      e.record.token = e.token;
      ++e.record.seq;
      answer(e, std::optional<bytes>{}, out);
    }
  } else if (const auto* met = o.conflict()) {
    if (o.failed() == nullptr && met->code == rc::no_node) {
      member_.lost(out); // not registered any more
    } else if (++e.conflicts > instructive_save_conflicts) {
      return wait_for_retry(at, s);
    }
  } else if (const auto* no = o.rejected()) {
    if (is_temporary(no->why.code)) {
      return wait_for_retry(at, s);
    }
    if (asked) {
      answer(e, tl::make_unexpected(no->why), out);
    }
  } else {
    e.in_doubt = asked;
  }
  idle(at);
}

} // namespace djm
