#include "actors/worker/worker_core.hpp"

#include <string_view>
#include <utility>

namespace djm {

using store::read_status;

worker_core::worker_core(settings s)
  : cfg_(std::move(s)),
    tree_(cfg_.root),
    store_(cfg_),
    lease_(cfg_.detach_tolerance, cfg_.stop_grace),
    assigned_(cfg_, tree_, store_, member_, locks_),
    predecessor_(cfg_.rebuilt, tree_, store_, locks_),
    reader_(cfg_, tree_, store_, locks_),
    refusals_(cfg_, tree_, store_, locks_),
    clock_(cfg_, tree_, member_, store_.numbers()),
    writer_(cfg_, tree_, store_, member_, locks_, reader_, refusals_, clock_),
    states_(cfg_, tree_, member_, locks_, store_.numbers()),
    slots_(cfg_, tree_, member_, locks_, clock_, store_.numbers()) {}

// -- session and join -----------------------------------------------------------

/// What was known of locks and of what is assigned is read again before anything else.
void worker_core::everything_unproved() {
  locks_.mark_all_uncertain();
  states_.locks_changed();
  slots_.locks_changed();
  verified_ = false;
  assigned_.outdated();
  changed_ = true;
}

worker_core::effects worker_core::on_session(const store::session_view& view, step s) {
  effects out;
  const bool was_connected = member_.connected();
  if (member_.on_session(view)) {
    lease_.unverified();
    // Answers of another session do not come any more, or say nothing about this one.
    if (store_.writes()) {
      writer_.give_up();
    }
    store_.drop();
    states_.session_is_over();
    slots_.session_is_over();
  }
  if (lease_.on_session(view)) {
    renew(s, out);
  }
  if (member_.connected() && !was_connected) {
    everything_unproved(); // what happened while we were away is not known
    store_.retry_now();
    store_.reset_backoff();
  }
  changed_ = true;
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_joined(std::uint64_t number, std::string alive_data, step s) {
  effects out;
  if (!member_.on_joined(number, std::move(alive_data))) {
    return out;
  }
  lease_.unverified();
  everything_unproved();
  reader_.watches_lost();
  assigned_.watches_lost();
  refusals_.joined();
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_unjoined(step s) {
  effects out;
  member_.on_unjoined();
  changed_ = true;
  if (lease_.removed()) {
    renew(s, out);
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_contact(std::uint64_t number, time_point contact, step s) {
  effects out;
  if (lease_.contact(number, contact)) {
    renew(s, out);
  }
  progress(s, out);
  return out;
}

// -- jobs and runners -----------------------------------------------------------

worker_core::effects worker_core::on_released(const job_id& job, const std::vector<item_id>& items, step s) {
  effects out;
  for (const auto& id : items) {
    locks_.released({job, id});
    states_.released({job, id});
    slots_.released({job, id});
  }
  changed_ = true;
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_declined(const job_id& job, const std::vector<item_id>& items, duration length,
                                              const std::string& why, step s) {
  refusals_.decline(job, items, length, why, s);
  return on_released(job, items, s);
}

worker_core::effects worker_core::on_job_added(const job_id& job, step s) {
  effects out;
  leaving_.erase(job);
  if (locks_.add_job(job)) {
    locks_.want(job, assigned_.items_of(job));
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_runner_rebuilt(const job_id& job, step s) {
  effects out;
  slots_.runner_rebuilt(job);
  locks_.tell_again(job);
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_job_removed(const job_id& job, step s) {
  effects out;
  leaving_.insert(job);
  if (locks_.remove_job(job)) {
    locks_.want(job, assigned_.items_of(job));
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_drain(step s) {
  effects out;
  locks_.drain();
  locks_.want(assigned_.jobs());
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_hurry(step s) {
  effects out;
  hurry_ = true;
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_wake(step s) {
  effects out;
  store_.on_wake(s);
  states_.on_wake(s, out);
  slots_.on_wake(s);
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_state_wish(state_wish w, step s) {
  effects out;
  states_.ask(std::move(w), s, out);
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_slot_wishes(const job_id& job, std::vector<slot_wish> wishes, step s) {
  effects out;
  slots_.ask(job, std::move(wishes));
  progress(s, out);
  return out;
}

// -- the store --------------------------------------------------------------------

worker_core::effects worker_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  const auto below_locks = tree_.locks() + "/";
  if (e.path == tree_.assigned(cfg_.node)) {
    assigned_.outdated();
    changed_ = true;
  } else if (e.path == tree_.locks()) {
    // All locks have gone at once: whoever holds one has to know.
    everything_unproved();
    assigned_.locks_folder_changed();
    reader_.all_folders_gone();
  } else if (e.path.compare(0, below_locks.size(), below_locks) == 0) {
    const auto rest = e.path.substr(below_locks.size());
    const auto slash = rest.find('/');
    if (slash == std::string::npos) {
      if (e.kind == store::watch_kind::children) {
        reader_.folder_changed(job_id{rest});
      }
    } else if (auto item = store::item_of_lock_name(std::string_view(rest).substr(slash + 1))) {
      reader_.lock_changed({job_id{rest.substr(0, slash)}, *item});
    }
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (states_.on_commit(request, outcome, s, out) || slots_.on_commit(request, outcome, s, out) ||
      clock_.on_commit(request, outcome, s, out)) {
    progress(s, out);
    return out;
  }
  const auto q = store_.answered(request);
  if (!q) {
    return out;
  }
  changed_ = true;
  q->then(store_, outcome, s, out);
  writer_.settle();
  states_.locks_changed();
  slots_.locks_changed();
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_read(std::uint64_t request, const store::read_outcome& outcome, step s) {
  effects out;
  if (states_.on_read(request, outcome, s, out) || slots_.on_read(request, outcome, s, out)) {
    progress(s, out);
    return out;
  }
  const auto q = store_.answered(request, outcome, out);
  if (!q) {
    return out;
  }
  states_.locks_changed();
  slots_.locks_changed();
  if (q->ok()) {
    store_.relieve("read", out);
    store_.works(worker_store::reading, out);
    changed_ = true;
    q->then(store_, s, out);
  } else {
    reading_failed(*q, s, out);
  }
  progress(s, out);
  return out;
}

/// What is known stays as it was, and is asked about again.
void worker_core::reading_failed(const worker_dialogue::answered_read& q, step s, effects& out) {
  if (q.topic == worker_topic::assigned) {
    assigned_.outdated();
  } else if (q.topic == worker_topic::scan_locks) {
    predecessor_.look_again();
  } else if (q.topic == worker_topic::lock_list) {
    for (const auto& [op, answer] : q.asked) {
      reader_.list_again(job_id{store::name_of(op.path)});
    }
  }
  if (q.status == read_status::rejected) {
    store_.complain("read", {errc::internal, q.text}, out);
  }
  store_.failing(worker_store::reading, q.text, s.now, out);
  store_.retry(s);
}

// -- the order of activities ------------------------------------------------------

void worker_core::progress(step s, effects& out) {
  refusals_.check(s);
  if (!store_.problems().empty()) {
    forget_problems(out);
  }
  if (member_.online()) {
    next(s, out);
  }
  if (verified_) { // before that nothing is known of locks that there may be
    states_.go_on(s, out);
  }
  clock_.go_on(slots_.size() > 0, s, out);
  slots_.go_on(verified_ && clock_.ready(), s, out);
  locks_.tell(out);
  check_settled(out);
  check_drained(s, out);
}

void worker_core::next(step s, effects& out) {
  if (store_.retry_at()) {
    return;
  }
  if (assigned_.due()) {
    assigned_.start(out);
  }
  if (store_.reads_but(worker_topic::assigned) || store_.writes()) {
    return;
  }
  if (reader_.verify(out) || predecessor_.look(out) || refusals_.look(out)) {
    return;
  }
  if (!verified_) {
    verified_ = true;
    if (!drained_) {
      lease_.verified(member_.session(), member_.timeout());
      // A contact takes two probes, T/3 apart. A session that has just begun needs none.
      if (const auto began = member_.take_beginning(s.now); began && lease_.contact(member_.session(), *began)) {
        locks_.tell(out); // what has been lost is told before the lease that would let it start
        renew(s, out);
      }
    }
  }
  if (!reader_.look(out)) {
    writer_.start(s, out);
  }
}

void worker_core::renew(step s, effects& out) {
  if (lease_.deadline()) {
    out.push_back(
      renew_lease{lease_.tell(s.now), *lease_.run_until(), *lease_.deadline(), lease_.session(), lease_.after_close()});
  }
}

/// What was wrong with the lock of an item is over when this node has to do with the item no more.
void worker_core::forget_problems(effects& out) {
  const auto folder = tree_.locks() + "/";
  store_.over_if(
    [&](const std::string& about) {
      if (about.compare(0, folder.size(), folder) != 0) {
        return false;
      }
      const auto item = store::item_of_lock_name(store::name_of(about));
      const job_id job{about.substr(folder.size(), about.find('/', folder.size()) - folder.size())};
      return !item || !locks_.knows({job, *item});
    },
    out);
}

void worker_core::check_settled(effects& out) {
  const bool changed = locks_.take_changed() || changed_;
  changed_ = false;
  if (!changed) {
    return;
  }
  const bool settled = member_.online() && verified_ && assigned_.current() && locks_.all_served();
  if (settled) {
    store_.works(worker_store::locking, out);
    // What was refused may be wanted no more. This looks at all items, but only while there is such a problem.
    if (store_.problems().has("commit") && locks_.none_unwanted()) {
      store_.relieve("commit", out);
    }
  }
  if (settled != settled_) {
    settled_ = settled;
    out.push_back(settled_changed{settled});
  }
}

void worker_core::check_drained(step s, effects& out) {
  if (!locks_.draining() || drained_) {
    return;
  }
  const bool given_up = hurry_ && !member_.online();
  if (!given_up && (store_.writes() || !locks_.given_back(hurry_))) {
    return;
  }
  drained_ = true;
  states_.close(out);
  slots_.close();
  slots_.go_on(false, s, out);
  // The node leaves next, and nobody tells us when that was committed: what still runs has its tolerance from now on.
  if (lease_.closed(s.now)) {
    renew(s, out);
  }
  out.push_back(drained{});
}

worker_status worker_core::status(time_point now) const {
  worker_status st;
  st.joined = member_.online();
  st.settled = settled_;
  locks_.describe(st);
  writer_.describe(st);
  st.counters.rereads = reader_.rereads();
  st.states = states_.counted();
  if (lease_.deadline()) {
    st.lease_left = duration{*lease_.deadline() - now};
  }
  st.problems = store_.problems().texts();
  clock_.describe(st);
  return st;
}

} // namespace djm
