#include "actors/keeper/keeper_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

store::worker_payload keeper_core::worker_data() const {
  store::worker_payload w;
  w.incarnation = cfg_.incarnation;
  w.detach_ms = std::chrono::ceil<std::chrono::milliseconds>(cfg_.config.detach_tolerance).count();
  w.zone = cfg_.config.zone;
  w.labels = cfg_.config.labels;
  w.weight = cfg_.config.weight;
  w.capacity = cfg_.config.capacity;
  w.max_items = cfg_.config.max_items;
  return w;
}

std::string keeper_core::alive_data() const {
  store::alive_payload a;
  a.incarnation = cfg_.incarnation;
  a.host = cfg_.host;
  a.pid = cfg_.pid;
  a.started_at_ms = cfg_.started_at_ms;
  a.software_version = cfg_.config.software_version;
  return store::encode(a);
}

void keeper_core::read_registration(effects& out) {
  const auto& id = cfg_.config.id;
  read_batch ask;
  const registration_slots slots{ask.get(tree_.worker(id)), ask.children(tree_.available(id)),
                                 ask.exists(tree_.assigned(id)), ask.get(tree_.alive(id), phase_ != phase::joined)};
  store_.read(doing::reading_registration, ask, true, out, &keeper_core::apply_registration, slots);
}

void keeper_core::apply_registration(const registration_slots& slots, step s, effects& out) {
  const auto& id = cfg_.config.id;
  const auto& worker = *slots.worker;
  const auto& available = *slots.available;
  const auto& alive = *slots.alive;
  const bool held = alive.code == rc::ok && alive.stat.ephemeral_owner == session_.id;
  // Overwritten by a stranger it says nothing of us to anybody else.
  const auto shown = store::decode<store::alive_payload>(alive.data, tree_.alive(id));
  const bool ours = held && shown && shown->incarnation == cfg_.incarnation;
  if (phase_ == phase::joined && !ours) {
    not_alive(s, out);
    return;
  }
  const auto have = store::decode<store::worker_payload>(worker.data, tree_.worker(id));
  if (went_back(worker, s, out)) {
    return;
  }
  if (have && have->incarnation == cfg_.incarnation) {
    registered_in_ = worker.stat.mzxid;
  }
  if (superseded(worker, have, ours)) {
    give_up({errc::node_id_in_use, "node id \"" + id + "\" was taken over by incarnation " + have->incarnation +
                                     " while this process was away from the store: it does not come back"},
            out);
    return;
  }
  joining_ = phase_ != phase::joined && !ours;
  const bool impostor = alive.code == rc::ok && !held_by_session(alive);
  if (impostor) {
    store_.complain(
      tree_.alive(id),
      {errc::malformed_payload, tree_.alive(id) + " is not ephemeral: it is nobody's life, and is replaced"}, out);
  }
  if (joining_ && alive.code == rc::ok && !held && !impostor) {
    wait_for_id(alive, shown, s);
    return;
  }
  id_busy_until_.reset();
  auto data = worker_data();
  std::int32_t version = 0;
  const bool exists = worker.code == rc::ok;
  std::string encoded;
  if (exists) {
    version = worker.stat.version;
    data.took_over = version;
    if (have) {
      store_.relieve(tree_.worker(id), out);
      if (have->incarnation == cfg_.incarnation) {
        data.took_over = have->took_over;
        data.after_crash = have->after_crash;
      } else {
        data.after_crash = !have->left && !named_;
      }
    } else {
      store_.complain(tree_.worker(id), have.error(), out);
    }
    encoded = store::encode(data, worker.data);
  } else {
    encoded = store::encode(data);
  }
  std::vector<store::write_op> changes;
  if (available.code == rc::no_node) {
    changes.push_back(store::create_op{tree_.available(id), {}});
  }
  if (slots.assigned->code == rc::no_node) {
    store::assigned_payload empty;
    empty.incarnation = cfg_.incarnation;
    changes.push_back(store::create_op{tree_.assigned(id), store::encode(empty)});
  }
  for (const auto& [job, o] : offers_) {
    if (!std::binary_search(available.children.begin(), available.children.end(), job)) {
      changes.push_back(store::create_op{tree_.available(id, job), {}});
    }
  }
  for (const auto& job : available.children) {
    if (offers_.count(job) == 0) {
      changes.push_back(store::remove_op{tree_.available(id, job)});
    }
  }
  registration_dirty_ = false;
  if (!joining_ && changes.empty() && exists && encoded == worker.data) {
    registered(s, out);
    return;
  }
  // Every chunk sets `workers/<w>` at the version the chunk before left, so a second process under our id fails here;
  // the last one also shows us to the leader.
  registration_chunks_.clear();
  const std::size_t per_chunk = batch_.now() - 10;
  std::size_t next = 0;
  do {
    txn_builder<guard> txn;
    if (!joining_) {
      txn.add(guard::alive, store::check_op{tree_.alive(id)});
    }
    if (!exists && next == 0) {
      txn.add(store::create_op{tree_.worker(id), encoded});
    } else {
      txn.add(store::set_op{tree_.worker(id), encoded, version++});
    }
    for (std::size_t n = 0; n < per_chunk && next < changes.size(); ++n) {
      txn.add(std::move(changes[next++]));
    }
    // Bumped without checking: thirty nodes that join at once must not race for one version.
    txn.add(store::set_op{tree_.worker_version(), bump()});
    registration_chunks_.push_back(std::move(txn));
  } while (next < changes.size());
  if (joining_) {
    auto& last = registration_chunks_.back();
    if (held || impostor) {
      last.add(store::remove_op{tree_.alive(id), alive.stat.version});
    }
    last.add(store::create_op{tree_.alive(id), alive_data(), store::create_mode::ephemeral});
  }
  next_registration_write(s, out);
}

/// Somebody holds `alive/<node>`, as `shown` there.
void keeper_core::wait_for_id(const store::read_result& alive, const expected<store::alive_payload>& shown, step s) {
  if (shown && shown->incarnation == cfg_.incarnation) {
    // An earlier session of ours that the server has not ended yet. What it still has under way checks that we are
    // alive; it must find us gone, not back.
    id_busy_until_.reset();
  } else {
    id_holder_ = shown ? "incarnation " + shown->incarnation + " (host " + shown->host + ", pid " +
                           std::to_string(shown->pid) + ")"
                       : "an unreadable registration";
    if (!id_busy_until_) {
      // A predecessor that crashed is gone after its session timeout; one that stays is alive.
      id_busy_until_ = s.now + session_.timeout + session_.timeout / 2 + std::chrono::seconds{1};
    }
  }
  phase_ = phase::waiting_for_id;
  if (!alive.watched) {
    store_.retry(s);
    phase_ = phase::registering;
  }
}

/// The number of the transaction that last wrote a node never falls within one history of the store. (Who finds nothing
/// at all joins as if for the first time: a leader may have cleaned up after a node that was away for long.)
bool keeper_core::went_back(const store::read_result& worker, step s, effects& out) {
  if (phase_ == phase::joined) {
    return false;
  }
  const auto path = tree_.worker(cfg_.config.id);
  if (!older_ && worker.code == rc::ok && worker.stat.mzxid < registered_in_) {
    older_ = read_older{worker.stat.mzxid, registered_in_};
    store_.complain(path, {errc::store_went_back, path + " is older than what this node has written"}, out);
  }
  if (older_) { // whatever becomes of the node now, this life knows of a history that is gone
    out.push_back(*older_);
    store_.retry(s);
  }
  return older_.has_value();
}

/// Another process has taken our id over since `workers/<node>` named us. The leader counts on it that such a life does
/// not join again: that is why it need not begin to count anew with every life that follows.
bool keeper_core::superseded(const store::read_result& worker, const expected<store::worker_payload>& have, bool ours) {
  named_before_ = worker.code == rc::ok && have ? have->incarnation : std::string{};
  if (named_before_.empty()) {
    return false;
  }
  const auto perhaps = std::exchange(perhaps_named_, std::nullopt);
  if (have->incarnation == cfg_.incarnation) {
    named_ = true;
    return false;
  }
  // What we do not know the outcome of may have been overwritten already; not by the life that was named before it,
  // which would not have come back.
  named_ = named_ || (perhaps && *perhaps != have->incarnation);
  // While `alive/<node>` is ours nobody else can have joined: somebody has meddled with the data.
  return named_ && !(phase_ == phase::joined && ours);
}

void keeper_core::next_registration_write(step s, effects& out) {
  if (!registration_chunks_.empty()) {
    store_.commit(doing::writing_registration, session_.number, registration_chunks_.front(), out,
                  &keeper_core::registration_written);
    return;
  }
  registered(s, out);
}

void keeper_core::registration_written(const result& o, step s, effects& out) {
  if (const auto* done = o.committed()) {
    ++counters_.registration_writes;
    named_ = true;
    registered_in_ = done->zxid;
    if (phase_ == phase::joined) {
      // A leader may have cleaned the pool of a job that nobody offered yet: look once more, now that it is on offer.
      for (auto& [id, x] : offers_) {
        x.pool_dirty = true;
      }
    }
    registration_chunks_.erase(registration_chunks_.begin());
    next_registration_write(s, out);
  } else if (o.failed(guard::alive, rc::no_node) && phase_ == phase::joined) {
    not_alive(s, out);
  } else {
    if (o.conflict() == nullptr) {
      perhaps_named_ = named_before_;
    }
    doubt_base(o.conflict());
    store_.retry(s);
  }
}

void keeper_core::registered(step s, effects& out) {
  if (phase_ == phase::joined) {
    return;
  }
  phase_ = phase::joined;
  // A leader may have cleaned a pool that nobody alive offered while we were on our way in: look once more.
  for (auto& [id, o] : offers_) {
    o.pool_dirty = true;
  }
  complain_at_.reset();
  store_.relieve("connection", out);
  store_.relieve("registration", out);
  store_.relieve(tree_.alive(cfg_.config.id), out);
  ++counters_.joins;
  look_at_ = s.now;
  connection(was_joined_ ? connection_state::reconnected : connection_state::connected, out);
  was_joined_ = true;
  glance_at_ = s.now + look_period();
  out.push_back(joined{session_.number, alive_data()});
  out.push_back(start_probing{session_.number, tree_.alive(cfg_.config.id)});
}

// -- leaving --------------------------------------------------------------------

void keeper_core::read_leave(effects& out) {
  read_batch ask;
  const leave_slots slots{ask.get(tree_.worker(cfg_.config.id)), ask.exists(tree_.alive(cfg_.config.id))};
  store_.read(doing::reading_leave, ask, true, out, &keeper_core::apply_leave, slots);
}

void keeper_core::apply_leave(const leave_slots& slots, step, effects& out) {
  const auto& worker = *slots.worker;
  const auto& alive = *slots.alive;
  if (worker.code != rc::ok || alive.code != rc::ok || alive.stat.ephemeral_owner != session_.id) {
    has_left(out);
    return;
  }
  auto data = store::decode<store::worker_payload>(worker.data, tree_.worker(cfg_.config.id)).value_or(worker_data());
  data.left = true;
  txn_builder<guard> txn;
  txn.add(store::remove_op{tree_.alive(cfg_.config.id), alive.stat.version});
  txn.add(store::set_op{tree_.worker(cfg_.config.id), store::encode(data, worker.data), worker.stat.version});
  txn.add(store::set_op{tree_.worker_version(), bump()});
  store_.commit(doing::writing_leave, session_.number, std::move(txn), out, &keeper_core::leave_written);
}

void keeper_core::leave_written(const result& o, step s, effects& out) {
  if (o.committed()) {
    has_left(out);
  } else {
    store_.retry(s);
  }
}

void keeper_core::has_left(effects& out) {
  phase_ = phase::left;
  out.push_back(stop_probing{});
  connection(connection_state::stopped, out);
  out.push_back(left{});
}

} // namespace djm
