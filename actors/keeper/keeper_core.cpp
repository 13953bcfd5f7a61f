#include "actors/keeper/keeper_core.hpp"

#include <utility>

namespace djm {

using phase = registration_phase;
using topic = keeper_topic;

// -- the session ----------------------------------------------------------------

keeper_core::effects keeper_core::on_session(const store::session_view& view, step s) {
  effects out;
  using sp = store::session_phase;
  auto& p = *parts_;
  const auto before = p.store.session();
  p.store.on_session(view);
  if (!p.store.connected()) {
    p.disconnected();
  }
  if (view.number != before.number || view.phase == sp::expired || view.phase == sp::closed) {
    p.end_session();
  }
  if (p.member.over()) {
    return out;
  }
  switch (view.phase) {
  case sp::idle: break;
  case sp::connecting:
    p.connection.missed(s);
    tell_connection(connection_state::connecting, out);
    break;
  case sp::connected: connected(before, s, out); break;
  case sp::suspended:
    p.connection.missed(s);
    tell_connection(connection_state::suspended, out);
    break;
  case sp::expired:
  case sp::closed: p.member.session_over(out); break;
  case sp::refused:
    p.store.give_up(
      {errc::no_permission, "the store at \"" + p.life.cfg.config.store.connect + "\" refuses the credentials"}, out);
    break;
  }
  next(s, out);
  return out;
}

void keeper_core::connected(const store::session_view& before, step s, effects& out) {
  using sp = store::session_phase;
  auto& p = *parts_;
  const auto& view = p.store.session();
  if (view.number != before.number) {
    // A new session begins anew; a connection that comes and goes must not make it ask the faster.
    p.store.reset_backoff();
    p.store.retry_now();
  }
  p.connection.granted(view.timeout, out);
  if (view.number != before.number || before.phase == sp::connecting || p.member.is(phase::detached)) {
    p.begin_session();
    p.member.begin(p.base.prepared(), out);
  } else if (before.phase != sp::connected && p.member.joined()) {
    p.offers.connection_was_away();
    p.session->watch.look_now(s); // an event may have been missed together with its watch
    p.session->record_news.look_now(s);
    p.connection.over(out);
    tell_connection(connection_state::reconnected, out);
  }
}

// -- the order of activities ------------------------------------------------------

void keeper_core::next(step s, effects& out) {
  auto& p = *parts_;
  if (!p.store.connected() || !p.store.idle() || p.store.retry_at()) {
    return;
  }
  switch (p.member.phase()) {
  case phase::preparing: p.base.start(out); break;
  case phase::pools: begin(s, out); break;
  case phase::joined:
    if (p.member.wants_to_leave()) {
      p.member.leaving();
      p.session->leaver.start(out);
    } else {
      begin(s, out);
    }
    break;
  case phase::registering: p.session->registrar.start(out); break;
  case phase::leaving: p.session->leaver.start(out); break;
  case phase::detached:
  case phase::waiting_for_id:
  case phase::left:
  case phase::failed: break;
  }
}

/// Begins what comes first of all that may be out of date.
void keeper_core::begin(step s, effects& out) {
  auto& p = *parts_;
  auto& here = *p.session;
  if (!p.base.prepared()) {
    p.base.start(out);
  } else if (here.access.is_due(s.now)) {
    here.access.start(out);
  } else if (here.records.start(out) || here.checker.start(out)) {
    return;
  } else if (p.member.is(phase::pools)) {
    p.member.pools_done();
    here.registrar.start(out);
  } else if (p.offers.registration_dirty()) {
    here.registrar.start(out);
  } else if (here.record_news.due() && s.now >= *here.record_news.due() && !p.offers.empty()) {
    here.record_news.start(out);
  } else if (p.look.is_due()) {
    p.look.start(out);
  } else if (here.watch.due() && s.now >= *here.watch.due()) {
    here.watch.start(out);
  }
}

// -- jobs -------------------------------------------------------------------------

keeper_core::effects keeper_core::on_offer(const job_spec& spec, bool again, std::int64_t submitted, step s) {
  effects out;
  auto& p = *parts_;
  const bool first = p.offers.empty();
  p.offers.offer(spec, again, submitted);
  if (first && p.session && p.member.joined()) {
    p.session->record_news.look_now(s); // nobody was concerned until now
  }
  next(s, out);
  return out;
}

keeper_core::effects keeper_core::on_prepared(const job_id& job, std::int64_t generation, step s) {
  effects out;
  if (auto* o = parts_->offers.find(job)) {
    o->note_prepared(generation);
  }
  next(s, out);
  return out;
}

keeper_core::effects keeper_core::on_withdraw(const job_id& job, step s) {
  effects out;
  auto& p = *parts_;
  if (p.offers.withdraw(job)) {
    const auto path = p.life.tree.pool(job);
    p.store.relieve(path, out);
    p.store.relieve("dispute: " + path, out);
    p.store.relieve("missing: " + path, out);
    p.store.relieve("missing: " + p.life.tree.available(p.life.id(), job), out);
    p.store.relieve(p.life.tree.job(job), out);
    p.store.relieve("removal: " + p.life.tree.job(job), out);
    p.store.relieve("missing: " + p.life.tree.job(job), out);
  }
  next(s, out);
  return out;
}

keeper_core::effects keeper_core::on_pool(const job_id& job, std::vector<item_id> items, step s) {
  effects out;
  parts_->offers.put_pool(job, std::move(items));
  next(s, out);
  return out;
}

// -- membership -------------------------------------------------------------------

keeper_core::effects keeper_core::on_not_alive(step s) {
  effects out;
  parts_->store.registration_lost(out);
  next(s, out);
  return out;
}

keeper_core::effects keeper_core::on_leave(step s) {
  effects out;
  parts_->member.leave(parts_->store.connected(), out);
  next(s, out);
  return out;
}

// -- the store --------------------------------------------------------------------

keeper_core::effects keeper_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  auto& p = *parts_;
  p.offers.heard_of(e.path);
  if (p.session) {
    p.session->wait.heard_of(e.path);
    if (p.member.joined()) {
      p.session->watch.heard_of(e.path, s);
      p.session->record_news.heard_of(e.path, s);
    }
  }
  next(s, out);
  return out;
}

keeper_core::effects keeper_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  using answer = keeper_store::answer;
  effects out;
  auto& p = *parts_;
  const auto heard = p.store.on_read(request, r, s, out);
  if (heard.how == answer::stale) {
    return out;
  }
  if (heard.how != answer::taken) {
    if (heard.what == topic::reading_sentry) {
      // Nobody would remind us: what has changed has changed, and the watches may not have been left.
      p.session->watch.look_now(s);
    }
    if (heard.what == topic::looking_at_records) {
      p.session->record_news.put_off(s);
    }
    p.look.give_up();
    if (heard.how == answer::refused || heard.what == topic::looking) {
      p.look.put_off(s);
    }
  }
  next(s, out);
  return out;
}

keeper_core::effects keeper_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (parts_->store.on_commit(request, outcome, s, out)) {
    next(s, out);
  }
  return out;
}

// -- time -------------------------------------------------------------------------

keeper_core::effects keeper_core::on_wake(step s) {
  effects out;
  auto& p = *parts_;
  p.store.on_wake(s);
  p.look.on_wake(s);
  p.connection.on_wake(s, out);
  if (p.session) {
    p.session->wait.on_wake(s, out);
  }
  next(s, out);
  return out;
}

} // namespace djm
