#include "actors/keeper/keeper_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;
using store::read_status;

keeper_core::keeper_core(settings s)
  : cfg_(std::move(s)), tree_(cfg_.config.store.root), backoff_(cfg_.config.backoff_min, cfg_.config.backoff_max) {}

// -- events -------------------------------------------------------------------

keeper_core::effects keeper_core::on_session(const store::session_view& view, step s) {
  effects out;
  using sp = store::session_phase;
  const auto before = session_;
  const bool was_connected = connected_;
  session_ = view;
  connected_ = view.phase == sp::connected;
  if (!connected_) {
    // Who holds our id is not known any more: the wait for it starts anew with the next look.
    id_busy_until_.reset();
    phase_ = phase_ == phase::waiting_for_id ? phase::registering : phase_;
  }
  if (view.number != before.number || view.phase == sp::expired || view.phase == sp::closed) {
    request_ = 0;
    doing_ = doing::nothing;
  }
  if (phase_ == phase::failed || phase_ == phase::left) {
    return out;
  }
  switch (view.phase) {
  case sp::idle:
    break;
  case sp::connecting:
    if (!complain_at_) {
      complain_at_ = s.now + cfg_.config.registration_timeout;
    }
    connection("connecting", out);
    break;
  case sp::connected:
    backoff_.reset();
    retry_at_.reset();
    if (const auto most = longest_stop_grace(cfg_.config, view.timeout); cfg_.config.stop_grace > most) {
      // Checked at the start with the timeout we asked for; the server decides which one we get.
      complain({errc::invalid_config, "the server granted a session timeout of " + format_duration(view.timeout) +
                                        " instead of " + format_duration(cfg_.config.store.session_timeout) +
                                        ": stop_grace " + format_duration(cfg_.config.stop_grace) +
                                        " does not fit it any more, runs may not start"},
               out);
    }
    if (view.number != before.number || before.phase == sp::connecting || phase_ == phase::detached) {
      phase_ = leave_ ? phase::left : prepared_ ? phase::pools : phase::preparing;
      if (phase_ == phase::left) {
        out.push_back(left{});
        return out;
      }
      for (auto& [id, o] : offers_) {
        o.pool_dirty = true;
      }
    } else if (!was_connected && phase_ == phase::joined) {
      complain_at_.reset();
      connection("reconnected", out);
    }
    break;
  case sp::suspended:
    if (!complain_at_) {
      complain_at_ = s.now + cfg_.config.registration_timeout;
    }
    connection("suspended", out);
    break;
  case sp::expired:
  case sp::closed:
    if (phase_ != phase::detached) {
      phase_ = phase::detached;
      out.push_back(stop_probing{});
      connection("lost", out);
    }
    if (leave_) {
      phase_ = phase::left;
      out.push_back(left{});
    }
    break;
  case sp::refused:
    give_up({errc::no_permission, "the store at \"" + cfg_.config.store.connect + "\" refuses the credentials"}, out);
    break;
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_offer(const job_spec& spec, step s) {
  effects out;
  auto& o = offers_[spec.id];
  o.spec = spec;
  o.agreed.reset();
  o.written = false;
  o.pool_dirty = true;
  registration_dirty_ = true;
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_withdraw(const job_id& job, step s) {
  effects out;
  if (offers_.erase(job) > 0) {
    registration_dirty_ = true;
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_pool(const job_id& job, std::vector<item_id> items, step s) {
  effects out;
  if (auto i = offers_.find(job); i != offers_.end()) {
    if (i->second.pool != items) {
      i->second.written = false; // a new wish of ours is no dispute
    }
    i->second.pool = std::move(items);
    i->second.pool_dirty = true;
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_not_alive(step s) {
  effects out;
  if (phase_ == phase::joined) {
    phase_ = phase::registering;
    out.push_back(stop_probing{});
    out.push_back(unjoined{});
    complain(
      {errc::conflict, tree_.alive(cfg_.config.id) + " or " + tree_.worker(cfg_.config.id) +
                         " was removed by somebody else, or overwritten; joining again"},
      out);
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_leave(step s) {
  effects out;
  leave_ = true;
  if (phase_ == phase::left) {
    out.push_back(left{});
  } else if (!connected_ || (phase_ != phase::joined && phase_ != phase::leaving)) {
    // Nothing to take back, or nobody to tell: the session's end does it.
    phase_ = phase::left;
    out.push_back(stop_probing{});
    out.push_back(left{});
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  if (phase_ == phase::waiting_for_id && e.path == tree_.alive(cfg_.config.id)) {
    retry_at_.reset();
    phase_ = phase::registering;
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_wake(step s) {
  effects out;
  if (retry_at_ && s.now >= *retry_at_) {
    retry_at_.reset();
  }
  if (complain_at_ && s.now >= *complain_at_) {
    complain_at_.reset();
    complain({errc::not_connected, "node \"" + cfg_.config.id + "\" is not connected to \"" +
                                     cfg_.config.store.connect + "\" after " +
                                     format_duration(cfg_.config.registration_timeout) + "; still trying"},
             out);
  }
  if (id_busy_until_ && s.now >= *id_busy_until_ && phase_ == phase::waiting_for_id) {
    give_up({errc::node_id_in_use,
             "node id \"" + cfg_.config.id + "\" is in use by a live process: " + id_holder_ +
               " holds " + tree_.alive(cfg_.config.id)},
            out);
  }
  progress(s, out);
  return out;
}

std::optional<time_point> keeper_core::wake_at() const {
  if (phase_ == phase::failed || phase_ == phase::left) {
    return std::nullopt;
  }
  auto at = earliest(retry_at_, complain_at_);
  return phase_ == phase::waiting_for_id ? earliest(at, id_busy_until_) : at;
}

// -- progress -----------------------------------------------------------------

void keeper_core::progress(step s, effects& out) {
  if (!connected_ || doing_ != doing::nothing || retry_at_) {
    return;
  }
  switch (phase_) {
  case phase::preparing:
    read_base(out);
    break;
  case phase::pools:
  case phase::joined: {
    if (phase_ == phase::joined && leave_) {
      phase_ = phase::leaving;
      read(doing::reading_leave,
           {store::get(tree_.worker(cfg_.config.id)), store::exists(tree_.alive(cfg_.config.id))}, out);
      break;
    }
    if (!prepared_) {
      read_base(out);
      break;
    }
    std::vector<store::read_op> ops{store::get(tree_.pool_version())};
    pool_jobs_.clear();
    for (const auto& [id, o] : offers_) {
      if (o.pool_dirty && o.pool) {
        pool_jobs_.push_back(id);
        ops.push_back(store::get(tree_.pool(id)));
        ops.push_back(store::children(tree_.pool(id)));
        if (pool_jobs_.size() >= 100) {
          break;
        }
      }
    }
    if (!pool_jobs_.empty()) {
      read(doing::reading_pools, std::move(ops), out);
    } else if (phase_ == phase::pools) {
      phase_ = phase::registering;
      read_registration(out);
    } else if (registration_dirty_) {
      read_registration(out);
    }
    break;
  }
  case phase::registering:
    read_registration(out);
    break;
  case phase::leaving:
    read(doing::reading_leave, {store::get(tree_.worker(cfg_.config.id)), store::exists(tree_.alive(cfg_.config.id))},
         out);
    break;
  case phase::detached:
  case phase::waiting_for_id:
  case phase::left:
  case phase::failed:
    break;
  }
  (void) s;
}

void keeper_core::read(doing d, std::vector<store::read_op> ops, effects& out) {
  doing_ = d;
  request_ = next_request_++;
  out.push_back(read_effect{request_, std::move(ops), true});
}

void keeper_core::commit(doing d, store::transaction txn, effects& out) {
  doing_ = d;
  request_ = next_request_++;
  out.push_back(commit_effect{request_, std::move(txn)});
}

void keeper_core::later(step s) {
  retry_at_ = s.now + backoff_.draw(s.entropy);
}

void keeper_core::give_up(error why, effects& out) {
  phase_ = phase::failed;
  last_problem_ = why.text;
  out.push_back(stop_probing{});
  connection("stopped", out);
  out.push_back(failed{std::move(why)});
}

void keeper_core::connection(const std::string& state, effects& out) {
  out.push_back(emit_effect{connection_changed{state}});
}

void keeper_core::complain(error why, effects& out) {
  if (last_problem_ != why.text) {
    last_problem_ = why.text;
    out.push_back(emit_effect{problem{"keeper", std::move(why)}});
  }
}

keeper_core::effects keeper_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  const auto what = std::exchange(doing_, doing::nothing);
  if (r.status != read_status::ok) {
    if (r.status == read_status::rejected) {
      complain({errc::internal, r.text}, out);
    }
    later(s);
    return out;
  }
  for (const auto& x : r.results) {
    if (x.code == rc::no_auth) {
      give_up({errc::no_permission, "reading below \"" + tree_.root() + "\" is not permitted"}, out);
      return out;
    }
  }
  switch (what) {
  case doing::reading_base:
    apply_base(r, s, out);
    break;
  case doing::reading_pools:
    apply_pools(r, s, out);
    break;
  case doing::reading_registration:
    apply_registration(r, s, out);
    break;
  case doing::reading_leave:
    apply_leave(r, s, out);
    break;
  default:
    break;
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  const auto what = std::exchange(doing_, doing::nothing);
  const bool ok = std::holds_alternative<store::committed>(outcome);
  const auto* c = std::get_if<store::conflict>(&outcome);
  if (const auto* no = std::get_if<store::rejected>(&outcome)) {
    if (no->why.code == errc::no_permission) {
      give_up({errc::no_permission, "writing below \"" + tree_.root() + "\": " + no->why.text}, out);
      return out;
    }
    if (no->why.code != errc::not_connected) {
      complain(no->why, out);
    }
    later(s);
    return out;
  }
  if (!ok) {
    c != nullptr ? ++counters_.conflicts : ++counters_.unknowns;
  } else {
    backoff_.reset();
  }
  switch (what) {
  case doing::writing_root:
    if (ok || (c != nullptr && c->code == rc::node_exists)) {
      ++root_step_;
      read_base(out);
    } else {
      later(s);
    }
    break;
  case doing::writing_base:
    // Whatever became of it, reading the base again tells what is there now.
    if (!ok) {
      later(s);
    }
    break;
  case doing::writing_pools:
    if (ok) {
      ++counters_.pool_writes;
      ++pool_version_;
      pool_next_ = pool_end_;
      next_pool_write(s, out);
    } else if (c != nullptr && c->index == 0 && phase_ == phase::joined && c->code == rc::no_node) {
      return on_not_alive(s);
    } else {
      doubt_base(c);
      later(s);
    }
    break;
  case doing::writing_registration:
    if (ok) {
      ++counters_.registration_writes;
      if (phase_ == phase::joined) {
        // A leader may have cleaned the pool of a job that nobody offered yet: look once more, now that it is on offer.
        for (auto& [id, o] : offers_) {
          o.pool_dirty = true;
        }
      }
      registration_chunks_.erase(registration_chunks_.begin());
      next_registration_write(s, out);
    } else if (c != nullptr && c->index == 0 && phase_ == phase::joined && c->code == rc::no_node) {
      return on_not_alive(s);
    } else {
      registration_dirty_ = true;
      doubt_base(c);
      later(s);
    }
    break;
  case doing::writing_leave:
    if (ok) {
      phase_ = phase::left;
      out.push_back(stop_probing{});
      connection("stopped", out);
      out.push_back(left{});
    } else {
      later(s);
    }
    break;
  default:
    break;
  }
  progress(s, out);
  return out;
}

// -- the base of the tree -------------------------------------------------------

std::vector<std::string> keeper_core::root_chain() const {
  std::vector<std::string> chain;
  const auto& root = tree_.root();
  for (std::size_t i = 1; i < root.size(); ++i) {
    i = std::min(root.find('/', i), root.size());
    chain.push_back(root.substr(0, i));
  }
  return chain;
}

void keeper_core::read_base(effects& out) {
  read(doing::reading_base,
       {store::get(tree_.format()), store::exists(tree_.root()), store::exists(tree_.alive()),
        store::exists(tree_.latches()), store::exists(tree_.workers()), store::exists(tree_.pools()),
        store::exists(tree_.locks()), store::exists(tree_.pool_version()), store::exists(tree_.worker_version()),
        store::exists(tree_.assignment_version())},
       out);
}

void keeper_core::apply_base(const store::read_outcome& r, step s, effects& out) {
  if (r.results[0].code == rc::ok) {
    auto format = store::decode<store::format_payload>(r.results[0].data, tree_.format());
    if (!format) {
      give_up({errc::format_mismatch, format.error().text}, out);
      return;
    }
    if (format->format != store::format_version) {
      give_up({errc::format_mismatch, tree_.format() + ": the tree has layout " + std::to_string(format->format) +
                                        ", this version of djm reads and writes layout " +
                                        std::to_string(store::format_version)},
              out);
      return;
    }
  }
  if (r.results[1].code == rc::no_node) {
    auto chain = root_chain();
    if (root_step_ >= chain.size()) {
      root_step_ = 0; // the chain was there and is gone again
      later(s);
      return;
    }
    store::transaction txn;
    txn.ops.push_back(store::create_op{chain[root_step_], {}, store::create_mode::persistent});
    commit(doing::writing_root, std::move(txn), out);
    return;
  }
  store::transaction txn;
  auto add = [&](std::size_t i, std::string path, std::string data) {
    if (r.results[i].code == rc::no_node) {
      txn.ops.push_back(store::create_op{std::move(path), std::move(data), store::create_mode::persistent});
    }
  };
  add(0, tree_.format(), store::encode(store::format_payload{}));
  add(2, tree_.alive(), {});
  add(3, tree_.latches(), {});
  add(4, tree_.workers(), {});
  add(5, tree_.pools(), store::encode(store::pools_payload{}));
  add(6, tree_.locks(), {});
  add(7, tree_.pool_version(), bump());
  add(8, tree_.worker_version(), bump());
  add(9, tree_.assignment_version(), bump());
  if (!txn.ops.empty()) {
    commit(doing::writing_base, std::move(txn), out);
    return;
  }
  prepared_ = true;
  root_step_ = 0;
  phase_ = phase_ == phase::preparing ? phase::pools : phase_;
}

/// Something that a transaction relies on is not there. It may be a part of the base that somebody has deleted, so that is
/// looked at before the next attempt.
void keeper_core::doubt_base(const store::conflict* met) {
  if (met == nullptr || met->code != rc::no_node) {
    return;
  }
  prepared_ = false;
  if (phase_ == phase::pools || phase_ == phase::registering) {
    phase_ = phase::preparing;
  }
}

std::string keeper_core::bump() {
  return store::encode(store::version_payload{cfg_.incarnation + "-k" + std::to_string(next_bump_++)});
}

// -- pools ----------------------------------------------------------------------

void keeper_core::found_as_wanted(offer& o) {
  o.pool_dirty = false;
  if (!std::exchange(o.rewritten, false)) {
    o.disputes = 0; // nobody has touched it since we looked before
  }
  o.written = true;
}

void keeper_core::apply_pools(const store::read_outcome& r, step s, effects& out) {
  if (r.results[0].code != rc::ok) {
    prepared_ = false; // the base of the tree is gone
    complain({errc::malformed_payload, tree_.pool_version() + " is missing"}, out);
    later(s);
    return;
  }
  pool_version_ = r.results[0].stat.version;
  pool_ops_.clear();
  pool_next_ = 0;
  for (std::size_t i = 0; i < pool_jobs_.size(); ++i) {
    const auto& job = pool_jobs_[i];
    auto found = offers_.find(job);
    if (found == offers_.end()) {
      continue;
    }
    auto& o = found->second;
    const auto& data = r.results[1 + 2 * i];
    const auto& list = r.results[2 + 2 * i];
    store::pool_payload want;
    want.enabled = o.spec.enabled;
    want.attributes = o.spec.attributes;
    want.last_writer = cfg_.config.id;
    const bool exists = data.code == rc::ok;
    bool data_differs = !exists;
    if (o.agreed == data.data && list.children == *o.pool) { // never for an absent node: its data are empty
      found_as_wanted(o);
      continue;
    }
    if (exists) {
      if (auto have = store::decode<store::pool_payload>(data.data, tree_.pool(job))) {
        want.enabled = have->enabled; // a switch outlives the nodes that registered the job
        data_differs = !(have->attributes == want.attributes);
      } else {
        complain(have.error(), out);
        data_differs = true;
      }
    }
    std::vector<store::write_op> changes;
    const auto& mine = *o.pool;
    const auto& theirs = list.children;
    for (const auto& item : mine) {
      if (!std::binary_search(theirs.begin(), theirs.end(), item)) {
        changes.push_back(store::create_op{tree_.pool(job, item), {}, store::create_mode::persistent});
      }
    }
    for (const auto& item : theirs) {
      if (!std::binary_search(mine.begin(), mine.end(), item)) {
        changes.push_back(store::remove_op{tree_.pool(job, item)});
      }
    }
    if (changes.empty() && !data_differs) {
      o.agreed = data.data;
      found_as_wanted(o);
      continue;
    }
    if (o.written && exists && ++o.disputes == 3) {
      complain({errc::conflict, tree_.pool(job) + ": another node keeps writing a different pool or attributes than \"" +
                                  cfg_.config.id + "\""},
               out);
    }
    o.rewritten = true;
    if (!exists) {
      pool_ops_.push_back(store::create_op{tree_.pool(job), store::encode(want), store::create_mode::persistent});
    } else {
      pool_ops_.push_back(store::set_op{tree_.pool(job), store::encode(want, data.data), data.stat.version});
    }
    pool_ops_.insert(pool_ops_.end(), std::make_move_iterator(changes.begin()),
                     std::make_move_iterator(changes.end()));
  }
  next_pool_write(s, out);
}

void keeper_core::next_pool_write(step s, effects& out) {
  (void) s;
  if (pool_next_ >= pool_ops_.size()) {
    // All written (or nothing to write): reading once more shows that it is so, and clears the marks.
    pool_ops_.clear();
    pool_next_ = 0;
    return;
  }
  constexpr std::size_t max_bytes = 256u << 10;
  store::transaction txn;
  if (phase_ == phase::joined) {
    txn.ops.push_back(store::check_op{tree_.alive(cfg_.config.id)});
  }
  txn.ops.push_back(store::set_op{tree_.pool_version(), bump(), pool_version_});
  std::size_t bytes = store::wire_size(txn);
  pool_end_ = pool_next_;
  while (pool_end_ < pool_ops_.size() && txn.ops.size() < cfg_.max_transaction_ops) {
    auto size = store::wire_size(pool_ops_[pool_end_]);
    if (bytes + size > max_bytes && pool_end_ > pool_next_) {
      break;
    }
    bytes += size;
    txn.ops.push_back(pool_ops_[pool_end_++]);
  }
  commit(doing::writing_pools, std::move(txn), out);
}

// -- registration ---------------------------------------------------------------

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
  read(doing::reading_registration,
       {store::get(tree_.worker(id)), store::children(tree_.available(id)), store::exists(tree_.assigned(id)),
        store::get(tree_.alive(id), phase_ != phase::joined)},
       out);
}

void keeper_core::apply_registration(const store::read_outcome& r, step s, effects& out) {
  const auto& id = cfg_.config.id;
  const auto& worker = r.results[0];
  const auto& available = r.results[1];
  const auto& assigned = r.results[2];
  const auto& alive = r.results[3];
  const bool held = alive.code == rc::ok && alive.stat.ephemeral_owner == session_.id;
  // Overwritten by a stranger it says nothing of us to anybody else.
  const auto shown = store::decode<store::alive_payload>(alive.data, tree_.alive(id));
  const bool ours = held && shown && shown->incarnation == cfg_.incarnation;
  if (phase_ == phase::joined && !ours) {
    auto more = on_not_alive(s);
    out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return;
  }
  joining_ = phase_ != phase::joined && !ours;
  if (joining_ && alive.code == rc::ok && !held) {
    if (shown && shown->incarnation == cfg_.incarnation && alive.stat.ephemeral_owner != 0) {
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
      later(s);
      phase_ = phase::registering;
    }
    return;
  }
  id_busy_until_.reset();
  auto data = worker_data();
  std::int32_t version = 0;
  const bool exists = worker.code == rc::ok;
  std::string encoded;
  if (exists) {
    if (auto have = store::decode<store::worker_payload>(worker.data, tree_.worker(id))) {
      data.draining = have->draining; // what operators said outlives a restart
      data.cordoned = have->cordoned;
    } else {
      complain(have.error(), out);
    }
    version = worker.stat.version;
    encoded = store::encode(data, worker.data);
  } else {
    encoded = store::encode(data);
  }
  std::vector<store::write_op> changes;
  if (available.code == rc::no_node) {
    changes.push_back(store::create_op{tree_.available(id), {}, store::create_mode::persistent});
  }
  if (assigned.code == rc::no_node) {
    store::assigned_payload empty;
    empty.incarnation = cfg_.incarnation;
    changes.push_back(store::create_op{tree_.assigned(id), store::encode(empty), store::create_mode::persistent});
  }
  for (const auto& [job, o] : offers_) {
    if (!std::binary_search(available.children.begin(), available.children.end(), job)) {
      changes.push_back(store::create_op{tree_.available(id, job), {}, store::create_mode::persistent});
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
  // Every chunk sets `workers/<w>` at the version the chunk before left, so a second process under our id fails here; the
  // last one also shows us to the leader.
  registration_chunks_.clear();
  const std::size_t per_chunk = cfg_.max_transaction_ops - 10;
  std::size_t next = 0;
  do {
    std::vector<store::write_op> ops;
    if (!joining_) {
      ops.push_back(store::check_op{tree_.alive(id)});
    }
    if (!exists && next == 0) {
      ops.push_back(store::create_op{tree_.worker(id), encoded, store::create_mode::persistent});
    } else {
      ops.push_back(store::set_op{tree_.worker(id), encoded, version++});
    }
    for (std::size_t n = 0; n < per_chunk && next < changes.size(); ++n) {
      ops.push_back(std::move(changes[next++]));
    }
    // Bumped without checking: thirty nodes that join at once must not race for one version.
    ops.push_back(store::set_op{tree_.worker_version(), bump()});
    registration_chunks_.push_back(std::move(ops));
  } while (next < changes.size());
  if (joining_) {
    auto& last = registration_chunks_.back();
    if (held) {
      last.push_back(store::remove_op{tree_.alive(id), alive.stat.version});
    }
    last.push_back(store::create_op{tree_.alive(id), alive_data(), store::create_mode::ephemeral});
  }
  next_registration_write(s, out);
}

void keeper_core::next_registration_write(step s, effects& out) {
  if (!registration_chunks_.empty()) {
    store::transaction txn;
    txn.ops = registration_chunks_.front();
    commit(doing::writing_registration, std::move(txn), out);
    return;
  }
  registered(s, out);
}

void keeper_core::registered(step s, effects& out) {
  (void) s;
  if (phase_ == phase::joined) {
    return;
  }
  phase_ = phase::joined;
  // A leader may have cleaned a pool that nobody alive offered while we were on our way in: look once more.
  for (auto& [id, o] : offers_) {
    o.pool_dirty = true;
  }
  complain_at_.reset();
  last_problem_.clear();
  ++counters_.joins;
  connection(was_joined_ ? "reconnected" : "connected", out);
  was_joined_ = true;
  out.push_back(joined{session_.number, alive_data()});
  out.push_back(start_probing{session_.number, tree_.alive(cfg_.config.id)});
}

// -- leaving --------------------------------------------------------------------

void keeper_core::apply_leave(const store::read_outcome& r, step s, effects& out) {
  (void) s;
  const auto& worker = r.results[0];
  const auto& alive = r.results[1];
  if (worker.code != rc::ok || alive.code != rc::ok || alive.stat.ephemeral_owner != session_.id) {
    phase_ = phase::left;
    out.push_back(stop_probing{});
    connection("stopped", out);
    out.push_back(left{});
    return;
  }
  auto data = worker_data();
  if (auto have = store::decode<store::worker_payload>(worker.data, tree_.worker(cfg_.config.id))) {
    data = *have;
  }
  data.left = true;
  store::transaction txn;
  txn.ops.push_back(store::remove_op{tree_.alive(cfg_.config.id), alive.stat.version});
  txn.ops.push_back(store::set_op{tree_.worker(cfg_.config.id), store::encode(data, worker.data), worker.stat.version});
  txn.ops.push_back(store::set_op{tree_.worker_version(), bump()});
  commit(doing::writing_leave, std::move(txn), out);
}

const char* keeper_core::name_of(phase p) {
  switch (p) {
  case phase::detached:
    return "detached";
  case phase::preparing:
    return "preparing";
  case phase::pools:
    return "pools";
  case phase::registering:
    return "registering";
  case phase::waiting_for_id:
    return "waiting_for_id";
  case phase::joined:
    return "joined";
  case phase::leaving:
    return "leaving";
  case phase::left:
    return "left";
  case phase::failed:
    return "failed";
  }
  return "unknown";
}

keeper_status keeper_core::status() const {
  keeper_status st;
  st.phase = name_of(phase_);
  st.session = store::to_string(session_.phase);
  st.session_number = session_.number;
  st.session_timeout = session_.timeout;
  st.incarnation = cfg_.incarnation;
  st.last_problem = last_problem_;
  st.counters = counters_;
  return st;
}

} // namespace djm
