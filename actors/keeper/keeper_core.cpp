#include "actors/keeper/keeper_core.hpp"

#include <utility>

namespace djm {

using store::rc;
using store::read_status;

keeper_core::keeper_core(settings s)
  : cfg_(std::move(s)),
    tree_(cfg_.config.store.root),
    batch_(cfg_.max_transaction_ops),
    store_(open_problems{"keeper"}, backoff{cfg_.config.backoff_min, cfg_.config.backoff_max}),
    named_(cfg_.has_joined) {}

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
    if (store_.writes(doing::writing_registration)) {
      perhaps_named_ = named_before_;
    }
    if (store_.writes(doing::writing_pools)) {
      settle_wishes(wish_fate::unknown);
    }
    wishes_age();
    store_.drop();
    looking_.reset();
  }
  if (phase_ == phase::failed || phase_ == phase::left) {
    return out;
  }
  switch (view.phase) {
  case sp::idle: break;
  case sp::connecting:
    if (!complain_at_) {
      complain_at_ = s.now + cfg_.config.registration_timeout;
    }
    connection(connection_state::connecting, out);
    break;
  case sp::connected:
    if (view.number != before.number) {
      // A new session begins anew; a connection that comes and goes must not make it ask the faster.
      store_.reset_backoff();
      store_.retry_now();
    }
    if (const auto most = longest_stop_grace(cfg_.config, view.timeout); cfg_.config.stop_grace > most) {
      // Checked at the start with the timeout we asked for; the server decides which one we get.
      store_.complain("session timeout",
                      {errc::invalid_config,
                       "the server granted a session timeout of " + format_duration(view.timeout) + " instead of " +
                         format_duration(cfg_.config.store.session_timeout) + ": stop_grace " +
                         format_duration(cfg_.config.stop_grace) + " does not fit it any more, runs may not start"},
                      out);
    } else {
      store_.relieve("session timeout", out);
    }
    if (view.number != before.number || before.phase == sp::connecting || phase_ == phase::detached) {
      phase_ = leave_ ? phase::left : prepared_ ? phase::pools : phase::preparing;
      if (phase_ == phase::left) {
        out.push_back(left{});
        return out;
      }
      access_known_ = false;
      walk_.reset();
      for (auto& [id, o] : offers_) {
        o.pool_dirty = true;
      }
    } else if (!was_connected && phase_ == phase::joined) {
      look_at_ = s.now; // an event may have been missed together with its watch
      complain_at_.reset();
      store_.relieve("connection", out);
      connection(connection_state::reconnected, out);
    }
    break;
  case sp::suspended:
    if (!complain_at_) {
      complain_at_ = s.now + cfg_.config.registration_timeout;
    }
    connection(connection_state::suspended, out);
    break;
  case sp::expired:
  case sp::closed:
    if (phase_ != phase::detached) {
      phase_ = phase::detached;
      out.push_back(stop_probing{});
      connection(connection_state::lost, out);
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
  const bool is_new = offers_.count(spec.id) == 0;
  auto& o = offers_[spec.id];
  if (is_new || !(o.spec.attributes == spec.attributes)) {
    o.wish = new_wish();
    o.numbering = false;
  }
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
    store_.relieve(tree_.pool(job), out);
    store_.relieve("dispute: " + tree_.pool(job), out);
    store_.relieve("missing: " + tree_.pool(job), out);
    store_.relieve("missing: " + tree_.available(cfg_.config.id, job), out);
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_pool(const job_id& job, std::vector<item_id> items, step s) {
  effects out;
  if (auto i = offers_.find(job); i != offers_.end()) {
    if (i->second.pool != items) {
      i->second.written = false; // a new wish of ours is no dispute
      i->second.wish = new_wish();
      i->second.numbering = false;
    }
    i->second.pool = std::move(items);
    i->second.pool_dirty = true;
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_not_alive(step s) {
  effects out;
  not_alive(s, out);
  return out;
}

void keeper_core::not_alive(step s, effects& out) {
  if (phase_ == phase::joined) {
    phase_ = phase::registering;
    out.push_back(stop_probing{});
    out.push_back(unjoined{});
    store_.complain("registration",
                    {errc::conflict, tree_.alive(cfg_.config.id) + " or " + tree_.worker(cfg_.config.id) +
                                       " was removed by somebody else, or overwritten; joining again"},
                    out);
  }
  progress(s, out);
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
    store_.retry_now();
    phase_ = phase::registering;
  }
  for (auto& [id, o] : offers_) {
    if (o.by && e.path == tree_.alive(o.by->writer)) {
      o.pool_dirty = true;
    }
  }
  if (phase_ == phase::joined && is_watched_over(e.path)) {
    look_soon(s);
  }
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_wake(step s) {
  effects out;
  store_.on_wake(s);
  if (glance_at_ && s.now >= *glance_at_) {
    glance_at_.reset();
    look_due_ = true;
  }
  if (complain_at_ && s.now >= *complain_at_) {
    complain_at_.reset();
    store_.complain("connection",
                    {errc::not_connected, "node \"" + cfg_.config.id + "\" is not connected to \"" +
                                            cfg_.config.store.connect + "\" after " +
                                            format_duration(cfg_.config.registration_timeout) + "; still trying"},
                    out);
  }
  if (id_busy_until_ && s.now >= *id_busy_until_ && phase_ == phase::waiting_for_id) {
    give_up({errc::node_id_in_use, "node id \"" + cfg_.config.id + "\" is in use by a live process: " + id_holder_ +
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
  auto at = earliest(store_.retry_at(), complain_at_);
  if (phase_ == phase::joined && connected_ && !offers_.empty()) {
    at = earliest(at, glance_at_);
  }
  if (phase_ == phase::joined && connected_ && store_.idle() && !store_.retry_at()) {
    at = earliest(earliest(at, look_at_), access_at_);
  }
  return phase_ == phase::waiting_for_id ? earliest(at, id_busy_until_) : at;
}

// -- progress -----------------------------------------------------------------

void keeper_core::progress(step s, effects& out) {
  if (!connected_ || !store_.idle() || store_.retry_at()) {
    return;
  }
  switch (phase_) {
  case phase::preparing: read_base(out); break;
  case phase::pools: work(s, out); break;
  case phase::joined:
    if (leave_) {
      phase_ = phase::leaving;
      read_leave(out);
    } else {
      work(s, out);
    }
    break;
  case phase::registering: read_registration(out); break;
  case phase::leaving: read_leave(out); break;
  case phase::detached:
  case phase::waiting_for_id:
  case phase::left:
  case phase::failed: break;
  }
}

/// What comes first of all that may be out of date.
void keeper_core::work(step s, effects& out) {
  if (!prepared_) {
    read_base(out);
  } else if (access_is_due(s)) {
    look_at_access(out);
  } else if (read_pools(out)) {
    return;
  } else if (phase_ == phase::pools) {
    phase_ = phase::registering;
    read_registration(out);
  } else if (registration_dirty_) {
    read_registration(out);
  } else if (look_due_ || looking_) {
    look(out);
  } else if (look_at_ && s.now >= *look_at_) {
    read_sentry(out);
  }
}

keeper_core::effects keeper_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  const auto q = store_.answered(request, r, out);
  if (!q) {
    return out;
  }
  if (!q->ok()) {
    look_lost(q->topic, s);
    looking_.reset();
    if (q->topic == doing::looking) {
      glance_at_ = s.now + look_period();
      progress(s, out);
      return out;
    }
    if (q->status == read_status::rejected) {
      store_.complain("read", {errc::internal, q->text}, out);
    }
    store_.retry("reading the tree", q->text, s, out);
    return out;
  }
  for (const auto& [asked, answer] : q->asked) {
    if (answer.code == rc::no_auth && q->topic != doing::reading_access) {
      look_lost(q->topic, s);
      looking_.reset();
      glance_at_ = s.now + look_period();
      refused("reading " + asked.path, "reading \"" + asked.path + "\" is not permitted", s, out);
      return out;
    }
  }
  if (!store_.problems().empty()) {
    for (const auto& [op, answer] : q->asked) {
      if (store_.problems().has("reading " + op.path)) {
        store_.relieve("reading " + op.path, out);
        refused_since_.reset();
      }
    }
  }
  store_.relieve("read", out);
  store_.works("reading the tree", out);
  q->then(*this, s, out);
  progress(s, out);
  return out;
}

keeper_core::effects keeper_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  const auto q = store_.answered(request);
  if (!q) {
    return out;
  }
  const auto what = q->topic;
  const bool ok = std::holds_alternative<store::committed>(outcome);
  const auto* c = std::get_if<store::conflict>(&outcome);
  if (what == doing::writing_pools) {
    settle_wishes(ok                                                                 ? wish_fate::written
                  : c != nullptr || std::holds_alternative<store::rejected>(outcome) ? wish_fate::refused
                                                                                     : wish_fate::unknown);
  }
  if (!ok && what == doing::writing_registration) {
    registration_dirty_ = true;
  }
  if (const auto* no = std::get_if<store::rejected>(&outcome)) {
    batch_.refused(*no, s.now);
    if (no->why.code == errc::no_permission && what == doing::securing) {
      walk_->refused();
      walked(s, out);
      progress(s, out);
      return out;
    }
    if (no->why.code == errc::no_permission) {
      refused("writing",
              what == doing::writing_root ? "creating \"" + root_missing_ + "\" is not permitted: " + no->why.text
                                          : "writing below \"" + tree_.root() + "\": " + no->why.text,
              s, out);
      return out;
    }
    if (no->why.code != errc::not_connected) {
      store_.complain("commit", no->why, out);
    }
    store_.retry(subject_of(what), no->why.text, s, out);
    return out;
  }
  if (!ok) {
    c != nullptr ? ++counters_.conflicts : ++counters_.unknowns;
    store_.failing(subject_of(what), c != nullptr ? "others are in the way" : "its outcome is unknown", s.now, out);
  } else {
    store_.reset_backoff();
    batch_.worked(s.now);
    refused_since_.reset();
    store_.relieve("commit", out);
    store_.relieve("writing", out);
    store_.works(subject_of(what), out);
  }
  q->then(*this, outcome, s, out);
  progress(s, out);
  return out;
}

} // namespace djm
