#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "zkstore/embedded/embedded_ensemble.hpp"

/// How servers come to one history.
namespace djm::store {

// -- from server to leader and back -------------------------------------------

bool embedded_ensemble::reaches_leader(std::size_t s) const {
  const auto l = servers_[s].leader;
  return stands_behind(s, l) && linked(s, l);
}

void embedded_ensemble::hand_to_leader(std::size_t s, to_leader message, time_point t) {
  auto& server = servers_[s];
  if (server.is == role::leading) {
    return on_leader(s, s, std::move(message), t);
  }
  auto due = t + server.lag;
  if (!server.up.empty()) {
    due = std::max(due, server.up.back().due);
  }
  server.up.push_back({due, std::move(message)});
}

void embedded_ensemble::hand_to_follower(std::size_t s, to_follower message, time_point t) {
  auto& server = servers_[s];
  if (server.is == role::leading) {
    return on_follower(s, std::move(message), t);
  }
  auto due = t + server.lag;
  if (!server.down.empty()) {
    due = std::max(due, server.down.back().due);
  }
  server.down.push_back({due, std::move(message)});
}

void embedded_ensemble::on_leader(std::size_t l, std::size_t from, to_leader&& message, time_point t) {
  auto& leader = servers_[l];
  if (auto* p = std::get_if<proposal>(&message)) {
    // Without a quorum nothing is agreed on; the requests wait, and are lost when the leader steps down.
    if (has_quorum(l)) {
      propose(l, std::move(*p), t);
    } else {
      leader.stuck.push_back(std::move(*p));
    }
  } else if (auto* r = std::get_if<revalidation>(&message)) {
    const bool valid = leader.tracker.usable(r->session);
    if (valid) {
      leader.tracker.touch(r->session, t);
      leader.tracker.set_owner(r->session, from);
    }
    hand_to_follower(from, revalidated{r->connection, valid}, t);
  } else {
    for (const auto session : std::get<touches>(message)) {
      leader.tracker.touch(session, t);
    }
  }
}

void embedded_ensemble::on_follower(std::size_t s, to_follower&& message, time_point t) {
  if (auto* up_to = std::get_if<commit_up_to>(&message)) {
    apply_up_to(s, up_to->end, t);
    return trim_log();
  }
  const auto& answer = std::get<revalidated>(message);
  const auto i = connections_.find(answer.connection);
  if (i == connections_.end()) {
    return;
  }
  if (!answer.valid) {
    return drop(answer.connection, wire::expired{});
  }
  welcome(answer.connection, i->second, t);
}

// -- agreement ----------------------------------------------------------------

bool embedded_ensemble::has_quorum(std::size_t l) const {
  std::size_t n = 1;
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    if (stands_behind(s, l) && linked(s, l)) {
      ++n;
    }
  }
  return servers_[l].is == role::leading && n >= majority();
}

void embedded_ensemble::apply_quota(checked_multi& checked) const {
  if (quota_ == 0 || checked.code != rc::ok) {
    return;
  }
  auto nodes = static_cast<std::ptrdiff_t>(head_.tree().size());
  bool grows = false;
  for (const auto& change : checked.changes) {
    nodes += change.what == node_change::kind::create ? 1 : change.what == node_change::kind::remove ? -1 : 0;
    grows = grows || change.what == node_change::kind::create;
  }
  if (!grows || nodes <= static_cast<std::ptrdiff_t>(quota_)) {
    return;
  }
  checked.code = rc::quota_exceeded;
  checked.changes.clear();
  for (auto& result : checked.results) {
    result = {rc::rolled_back, {}, {}};
  }
  checked.results.front().code = rc::quota_exceeded;
}

std::int64_t embedded_ensemble::wall_ms(time_point t) const {
  return options_.wall_ms ? options_.wall_ms(t)
                          : std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}

void embedded_ensemble::propose(std::size_t l, proposal&& p, time_point t) {
  auto& tracker = servers_[l].tracker;
  record r;
  r.origin = p.origin;
  r.connection = p.connection;
  r.what = p.what;
  r.op = p.op;
  r.txn.session = p.who.session;
  r.txn.zxid = (static_cast<zxid_t>(epoch_) << 32) | static_cast<zxid_t>(++counter_);
  switch (p.what) {
  case proposal::kind::create_session:
    r.txn.starts_session = true;
    sessions_[p.who.session] = p.timeout;
    tracker.start(p.who.session, p.timeout, t);
    tracker.set_owner(p.who.session, p.origin);
    break;
  case proposal::kind::close_session:
    r.txn.ends_session = sessions_.erase(p.who.session) > 0;
    tracker.remove(p.who.session);
    r.txn.changes = end_of_session(head_.tree(), p.who.session);
    break;
  case proposal::kind::transaction:
    if (!tracker.usable(p.who.session)) {
      r.txn.code = rc::session_expired;
    } else if (!tracker.claim(p.who.session, p.origin)) {
      r.txn.code = rc::session_moved;
    } else {
      auto checked = check_multi(head_.tree(), p.txn, p.who, r.txn.zxid, wall_ms(t));
      apply_quota(checked);
      r.txn.code = checked.code;
      r.txn.changes = std::move(checked.changes);
      r.results = std::move(checked.results);
    }
    break;
  }
  commit(l, std::move(r), t);
}

std::optional<checked_multi> embedded_ensemble::intrude(const transaction& txn, const std::string& digest,
                                                        time_point now) {
  advance(now);
  const auto l = leader();
  if (!l) {
    return std::nullopt;
  }
  record r;
  r.origin = *l; // no connection waits for an answer
  r.txn.zxid = (static_cast<zxid_t>(epoch_) << 32) | static_cast<zxid_t>(++counter_);
  auto checked = check_multi(head_.tree(), txn, {0, digest}, r.txn.zxid, wall_ms(now));
  r.txn.code = checked.code;
  r.txn.changes = checked.changes;
  commit(*l, std::move(r), now);
  advance(now);
  return checked;
}

bool embedded_ensemble::set_access(const std::string& path, std::string acl, time_point now) {
  advance(now);
  const auto l = leader();
  if (!l || head_.tree().find(path) == nullptr) {
    return false;
  }
  node_change change;
  change.what = node_change::kind::access;
  change.path = path;
  change.acl = std::move(acl);
  change.aversion = head_.tree().find(path)->header.aversion + 1;
  record r;
  r.origin = *l;
  r.txn.zxid = (static_cast<zxid_t>(epoch_) << 32) | static_cast<zxid_t>(++counter_);
  r.txn.changes.push_back(std::move(change));
  commit(*l, std::move(r), now);
  advance(now);
  return true;
}

void embedded_ensemble::commit(std::size_t l, record&& r, time_point t) {
  std::vector<wire::delivery> nobody;
  head_.apply(r.txn.changes, r.txn.zxid, nobody);
  if (observer_) {
    observer_(r.txn, t);
  }
  log_.push_back(std::move(r));
  const auto end = log_base_ + log_.size();
  // The leader itself is the first to apply it.
  apply_up_to(l, end, t);
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    if (stands_behind(s, l)) {
      hand_to_follower(s, commit_up_to{end}, t);
    }
  }
  trim_log();
}

void embedded_ensemble::apply_up_to(std::size_t s, log_index end, time_point t) {
  auto& server = servers_[s];
  if (server.applied < log_base_) {
    // It was away for longer than the log reaches back.
    server.data = head_;
    server.applied = log_base_ + log_.size();
    return;
  }
  while (server.applied < end) {
    const auto& r = log_[static_cast<std::size_t>(server.applied - log_base_)];
    ++server.applied;
    server.data.apply(r.txn.changes, r.txn.zxid, out_);
    respond(s, r, t);
  }
}

void embedded_ensemble::respond(std::size_t s, const record& r, time_point t) {
  const auto i = r.origin == s ? connections_.find(r.connection) : connections_.end();
  if (r.what == proposal::kind::close_session) {
    if (i != connections_.end() && i->second.is == connection_state::stage::closing) {
      drop(r.connection, wire::farewell{});
    }
    return drop_connections_of_session(s, r.txn.session, std::nullopt);
  }
  if (i == connections_.end()) {
    return;
  }
  auto& state = i->second;
  if (r.what == proposal::kind::create_session) {
    return welcome(r.connection, state, t);
  }
  // A server that learns so tears the connection down: the client has to introduce itself anew, or it would be refused
  // for ever when an older introduction of its session has reached the leader late.
  if (r.txn.code == rc::session_moved) {
    return drop(r.connection, wire::hang_up{});
  }
  // Answers come in the order of the requests; what waits first is this one.
  assert(!state.waiting.empty() && state.waiting.front().id == r.op);
  state.waiting.pop_front();
  raw_completion done;
  done.id = r.op;
  done.code = r.txn.code;
  done.results = r.results;
  say(r.connection, wire::response{std::move(done), r.txn.zxid});
  answer_reads(r.connection, state);
}

void embedded_ensemble::trim_log() {
  // A server that stays away does not hold the history for ever: it gets a copy of the data instead.
  constexpr std::size_t max_log = 100000;
  const bool too_long = log_.size() > max_log;
  auto needed = log_base_ + log_.size();
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    if (serving(s) || !too_long) {
      needed = std::min(needed, servers_[s].applied);
    }
  }
  for (; log_base_ < needed; ++log_base_) {
    log_.pop_front();
  }
}

} // namespace djm::store
