#include "zkstore/embedded/embedded_ensemble.hpp"

#include <algorithm>
#include <cassert>

namespace djm::store {

namespace {

// Not a secret, but a client with another session's number and no password is refused, as it would be.
std::uint64_t password_of(session_id_t session) {
  auto x = static_cast<std::uint64_t>(session) + 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

bool is_write(const wire::request& r) {
  return std::holds_alternative<transaction>(r.body);
}

} // namespace

embedded_ensemble::embedded_ensemble(ensemble_options options, time_point start) : options_(options) {
  servers_.resize(std::max<std::size_t>(options_.servers, 1));
  const auto first = servers_.size() - 1;
  lead(first, start);
  for (std::size_t s = 0; s < first; ++s)
    follow(s, first, start);
}

// -- clients ------------------------------------------------------------------

void embedded_ensemble::connect(connection_t connection, std::size_t server, time_point now) {
  advance(now);
  if (!serving(server))
    return say(connection, wire::hang_up{});
  connections_[connection].server = server;
}

void embedded_ensemble::receive(connection_t connection, wire::to_server message, time_point now) {
  advance(now);
  const auto i = connections_.find(connection);
  if (i == connections_.end())
    return; // Broken meanwhile; the client has been told.
  auto& state = i->second;
  std::visit([&](auto&& m) { on_message(connection, state, std::forward<decltype(m)>(m), now); }, std::move(message));
  advance(now);
}

void embedded_ensemble::disconnect(connection_t connection, time_point now) {
  advance(now);
  const auto i = connections_.find(connection);
  if (i == connections_.end())
    return;
  servers_[i->second.server].data.forget(connection);
  connections_.erase(i);
}

std::vector<wire::delivery> embedded_ensemble::take_deliveries() {
  return std::exchange(out_, {});
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::hello&& m, time_point t) {
  if (state.is != connection_state::stage::fresh)
    return;
  const auto s = state.server;
  if (m.last_zxid > servers_[s].data.zxid())
    return drop(c, wire::hang_up{});
  state.is = connection_state::stage::validating;
  state.digest = std::move(m.digest);
  state.timeout = std::clamp(m.timeout, options_.min_session_timeout, options_.max_session_timeout);
  if (m.session == 0) {
    state.session = ++last_session_;
    state.password = password_of(state.session);
    proposal p;
    p.what = proposal::kind::create_session;
    p.origin = s;
    p.connection = c;
    p.who.session = state.session;
    p.timeout = state.timeout;
    return hand_to_leader(s, std::move(p), t);
  }
  if (m.password != password_of(m.session))
    return drop(c, wire::expired{});
  drop_connections_of_session(s, m.session, c);
  state.session = m.session;
  state.password = m.password;
  hand_to_leader(s, revalidation{c, m.session}, t);
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::set_watches&& m, time_point t) {
  if (state.is != connection_state::stage::open)
    return;
  touch(state.server, state.session, t);
  servers_[state.server].data.resume_watches(c, m, out_);
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::request&& m, time_point t) {
  if (state.is != connection_state::stage::open)
    return;
  const auto s = state.server;
  touch(s, state.session, t);
  if (is_write(m)) {
    proposal p;
    p.origin = s;
    p.connection = c;
    p.who = {state.session, state.digest};
    p.op = m.id;
    p.txn = std::get<transaction>(m.body);
    state.waiting.push_back({m.id, transaction{}});
    return hand_to_leader(s, std::move(p), t);
  }
  state.waiting.push_back(std::move(m));
  answer_reads(c, state);
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::ping&&, time_point t) {
  if (state.is != connection_state::stage::open)
    return;
  touch(state.server, state.session, t);
  say(c, wire::pong{servers_[state.server].data.zxid()});
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::goodbye&&, time_point t) {
  if (state.is != connection_state::stage::open)
    return drop(c, wire::farewell{});
  state.is = connection_state::stage::closing;
  proposal p;
  p.what = proposal::kind::close_session;
  p.origin = state.server;
  p.connection = c;
  p.who.session = state.session;
  hand_to_leader(state.server, std::move(p), t);
}

void embedded_ensemble::welcome(connection_t c, connection_state& state, time_point t) {
  state.is = connection_state::stage::open;
  touch(state.server, state.session, t);
  say(c, wire::welcome{state.session, state.password, state.timeout});
}

void embedded_ensemble::answer_reads(connection_t c, connection_state& state) {
  auto& data = servers_[state.server].data;
  while (!state.waiting.empty() && !is_write(state.waiting.front())) {
    const auto request = std::move(state.waiting.front());
    state.waiting.pop_front();
    say(c, wire::response{data.read(c, request.id, std::get<read_op>(request.body), state.digest), data.zxid()});
  }
}

void embedded_ensemble::drop(connection_t c, wire::to_client last_word) {
  const auto i = connections_.find(c);
  if (i == connections_.end())
    return;
  servers_[i->second.server].data.forget(c);
  connections_.erase(i);
  say(c, std::move(last_word));
}

void embedded_ensemble::drop_clients_of(std::size_t s) {
  servers_[s].data.forget_all_watches();
  for (auto i = connections_.begin(); i != connections_.end();) {
    if (i->second.server != s) {
      ++i;
      continue;
    }
    say(i->first, wire::hang_up{});
    i = connections_.erase(i);
  }
}

void embedded_ensemble::drop_connections_of_session(std::size_t s, session_id_t session,
                                                    std::optional<connection_t> except) {
  std::vector<connection_t> gone;
  for (const auto& [c, state] : connections_)
    if (state.server == s && state.session == session && c != except)
      gone.push_back(c);
  for (const auto c : gone)
    drop(c, wire::hang_up{});
}

void embedded_ensemble::touch(std::size_t s, session_id_t session, time_point t) {
  auto& server = servers_[s];
  if (server.is == role::leading) {
    server.tracker.touch(session, t);
  } else if (server.is == role::following) {
    server.touched.insert(session);
    if (!server.next_ping) {
      const auto half = options_.tick / 2;
      server.next_ping = time_point{half * (t.time_since_epoch() / half + 1)};
    }
  }
}

// -- from server to leader and back -------------------------------------------

bool embedded_ensemble::reaches_leader(std::size_t s) const {
  const auto l = servers_[s].leader;
  return stands_behind(s, l) && linked(s, l);
}

void embedded_ensemble::hand_to_leader(std::size_t s, to_leader message, time_point t) {
  auto& server = servers_[s];
  if (server.is == role::leading)
    return on_leader(s, s, std::move(message), t);
  auto due = t + server.lag;
  if (!server.up.empty())
    due = std::max(due, server.up.back().due);
  server.up.push_back({due, std::move(message)});
}

void embedded_ensemble::hand_to_follower(std::size_t s, to_follower message, time_point t) {
  auto& server = servers_[s];
  if (server.is == role::leading)
    return on_follower(s, std::move(message), t);
  auto due = t + server.lag;
  if (!server.down.empty())
    due = std::max(due, server.down.back().due);
  server.down.push_back({due, std::move(message)});
}

void embedded_ensemble::on_leader(std::size_t l, std::size_t from, to_leader&& message, time_point t) {
  auto& leader = servers_[l];
  if (auto* p = std::get_if<proposal>(&message)) {
    // Without a quorum nothing is agreed on; the requests wait, and are lost when the leader steps down.
    if (has_quorum(l))
      propose(l, std::move(*p), t);
    else
      leader.stuck.push_back(std::move(*p));
  } else if (auto* r = std::get_if<revalidation>(&message)) {
    const bool valid = leader.tracker.usable(r->session);
    if (valid) {
      leader.tracker.touch(r->session, t);
      leader.tracker.set_owner(r->session, from);
    }
    hand_to_follower(from, revalidated{r->connection, valid}, t);
  } else {
    for (const auto session : std::get<touches>(message))
      leader.tracker.touch(session, t);
  }
}

void embedded_ensemble::on_follower(std::size_t s, to_follower&& message, time_point t) {
  if (auto* up_to = std::get_if<commit_up_to>(&message)) {
    apply_up_to(s, up_to->end, t);
    return trim_log();
  }
  const auto& answer = std::get<revalidated>(message);
  const auto i = connections_.find(answer.connection);
  if (i == connections_.end())
    return;
  if (!answer.valid)
    return drop(answer.connection, wire::expired{});
  welcome(answer.connection, i->second, t);
}

// -- agreement ----------------------------------------------------------------

bool embedded_ensemble::has_quorum(std::size_t l) const {
  std::size_t n = 1;
  for (std::size_t s = 0; s < servers_.size(); ++s)
    if (stands_behind(s, l) && linked(s, l))
      ++n;
  return servers_[l].is == role::leading && n >= majority();
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
        auto checked = check_multi(head_.tree(), p.txn, p.who, r.txn.zxid);
        r.txn.code = checked.code;
        r.txn.changes = std::move(checked.changes);
        r.results = std::move(checked.results);
      }
      break;
  }
  commit(l, std::move(r), t);
}

void embedded_ensemble::commit(std::size_t l, record&& r, time_point t) {
  std::vector<wire::delivery> nobody;
  head_.apply(r.txn.changes, r.txn.zxid, nobody);
  if (observer_)
    observer_(r.txn, t);
  log_.push_back(std::move(r));
  const auto end = log_base_ + log_.size();
  // The leader itself is the first to apply it.
  apply_up_to(l, end, t);
  for (std::size_t s = 0; s < servers_.size(); ++s)
    if (stands_behind(s, l))
      hand_to_follower(s, commit_up_to{end}, t);
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
    if (i != connections_.end() && i->second.is == connection_state::stage::closing)
      drop(r.connection, wire::farewell{});
    return drop_connections_of_session(s, r.txn.session, std::nullopt);
  }
  if (i == connections_.end())
    return;
  auto& state = i->second;
  if (r.what == proposal::kind::create_session)
    return welcome(r.connection, state, t);
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
  for (std::size_t s = 0; s < servers_.size(); ++s)
    if (serving(s) || !too_long)
      needed = std::min(needed, servers_[s].applied);
  for (; log_base_ < needed; ++log_base_)
    log_.pop_front();
}

// -- roles --------------------------------------------------------------------

std::optional<std::size_t> embedded_ensemble::leader() const {
  for (std::size_t s = 0; s < servers_.size(); ++s)
    if (servers_[s].is == role::leading && has_quorum(s))
      return s;
  return std::nullopt;
}

bool embedded_ensemble::serving(std::size_t server) const {
  if (server >= servers_.size())
    return false;
  return servers_[server].is == role::following || servers_[server].is == role::leading;
}

bool embedded_ensemble::stands_behind(std::size_t s, std::size_t l) const {
  const auto& f = servers_[s];
  return f.is == role::following && f.leader == l && servers_[l].is == role::leading && servers_[l].epoch == f.epoch;
}

void embedded_ensemble::look(std::size_t s) {
  auto& server = servers_[s];
  server.is = role::looking;
  server.stuck.clear();
  server.up.clear();
  server.down.clear();
  server.touched.clear();
  server.next_ping.reset();
  server.contact_lost.reset();
  server.quorum_lost.reset();
  drop_clients_of(s);
}

void embedded_ensemble::follow(std::size_t s, std::size_t l, time_point t) {
  auto& server = servers_[s];
  server.is = role::following;
  server.leader = l;
  server.epoch = servers_[l].epoch;
  // A follower is brought up to date before it serves anybody.
  apply_up_to(s, log_base_ + log_.size(), t);
}

void embedded_ensemble::lead(std::size_t s, time_point t) {
  auto& server = servers_[s];
  server.is = role::leading;
  server.epoch = ++epoch_;
  counter_ = 0;
  apply_up_to(s, log_base_ + log_.size(), t);
  server.tracker = session_tracker{options_.tick};
  for (const auto& [session, timeout] : sessions_)
    server.tracker.start(session, timeout, t);
}

std::optional<std::size_t> embedded_ensemble::electable() const {
  std::optional<std::size_t> best;
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    if (servers_[s].is != role::looking)
      continue;
    std::size_t voters = 0;
    for (std::size_t v = 0; v < servers_.size(); ++v)
      if (servers_[v].is == role::looking && linked(s, v))
        ++voters;
    if (voters >= majority() && (!best || servers_[s].applied >= servers_[*best].applied))
      best = s;
  }
  return best;
}

void embedded_ensemble::settle(time_point t) {
  const auto patience = options_.tick * options_.sync_limit;
  bool changed = true;
  while (changed) {
    changed = false;
    for (std::size_t s = 0; s < servers_.size(); ++s) {
      auto& server = servers_[s];
      if (server.is == role::following) {
        // Who can talk to its leader's machine learns at once that it leads no more; who is cut off waits.
        const bool cut_off = !linked(s, server.leader);
        if (!cut_off)
          server.contact_lost.reset();
        else if (!server.contact_lost)
          server.contact_lost = t;
        if (cut_off ? *server.contact_lost + patience <= t : !stands_behind(s, server.leader)) {
          look(s);
          changed = true;
        }
      } else if (server.is == role::leading) {
        if (has_quorum(s)) {
          server.quorum_lost.reset();
          while (!server.stuck.empty()) {
            auto p = std::move(server.stuck.front());
            server.stuck.pop_front();
            propose(s, std::move(p), t);
          }
        } else if (!server.quorum_lost) {
          server.quorum_lost = t;
        }
        if (server.quorum_lost && *server.quorum_lost + patience <= t) {
          look(s);
          changed = true;
        }
      } else if (server.is == role::looking) {
        for (std::size_t l = 0; l < servers_.size(); ++l)
          if (servers_[l].is == role::leading && linked(s, l) && has_quorum(l)) {
            follow(s, l, t);
            changed = true;
            break;
          }
      }
    }
    const auto candidate = electable();
    if (!candidate) {
      election_at_.reset();
    } else if (!election_at_) {
      election_at_ = t + options_.election_time;
    } else if (*election_at_ <= t) {
      election_at_.reset();
      std::vector<std::size_t> voters;
      for (std::size_t v = 0; v < servers_.size(); ++v)
        if (v != *candidate && servers_[v].is == role::looking && linked(*candidate, v))
          voters.push_back(v);
      lead(*candidate, t);
      for (const auto v : voters)
        follow(v, *candidate, t);
      changed = true;
    }
  }
}

// -- faults -------------------------------------------------------------------

void embedded_ensemble::set_link(std::size_t a, std::size_t b, bool up, time_point now) {
  advance(now);
  if (a == b || a >= servers_.size() || b >= servers_.size())
    return;
  if (up)
    cut_.erase(std::minmax(a, b));
  else
    cut_.insert(std::minmax(a, b));
  settle(now);
  advance(now);
}

void embedded_ensemble::crash(std::size_t server, time_point now) {
  advance(now);
  if (servers_.at(server).is == role::down)
    return;
  look(server);
  servers_[server].is = role::down;
  settle(now);
  advance(now);
}

void embedded_ensemble::restart(std::size_t server, time_point now) {
  advance(now);
  if (servers_.at(server).is != role::down)
    return;
  servers_[server].is = role::looking;
  settle(now);
  advance(now);
}

void embedded_ensemble::set_lag(std::size_t server, duration lag) {
  servers_.at(server).lag = lag;
}

void embedded_ensemble::expire(session_id_t session, time_point now) {
  advance(now);
  for (std::size_t l = 0; l < servers_.size(); ++l) {
    if (servers_[l].is != role::leading || !servers_[l].tracker.usable(session))
      continue;
    servers_[l].tracker.start_closing(session);
    proposal p;
    p.what = proposal::kind::close_session;
    p.origin = l;
    p.who.session = session;
    on_leader(l, l, std::move(p), now);
  }
  advance(now);
}

// -- time ---------------------------------------------------------------------

template <class F>
void embedded_ensemble::for_each_deadline(F&& f) const {
  const auto patience = options_.tick * options_.sync_limit;
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    const auto& server = servers_[s];
    if (server.contact_lost)
      f(*server.contact_lost + patience);
    if (server.quorum_lost)
      f(*server.quorum_lost + patience);
    if (server.is == role::leading)
      if (const auto at = server.tracker.next_expiry())
        f(*at);
    if (!reaches_leader(s))
      continue;
    if (!server.up.empty())
      f(server.up.front().due);
    if (!server.down.empty())
      f(server.down.front().due);
    if (server.next_ping)
      f(*server.next_ping);
  }
  if (election_at_)
    f(*election_at_);
}

std::optional<time_point> embedded_ensemble::next_deadline() const {
  std::optional<time_point> result;
  for_each_deadline([&](time_point at) {
    if (!result || at < *result)
      result = at;
  });
  return result;
}

void embedded_ensemble::advance(time_point now) {
  while (step(now)) {
  }
}

bool embedded_ensemble::step(time_point now) {
  const auto due = next_deadline();
  if (!due || *due > now)
    return false;
  const auto t = *due;
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    auto& server = servers_[s];
    if (server.is == role::leading) {
      for (const auto session : server.tracker.take_expired(t)) {
        proposal p;
        p.what = proposal::kind::close_session;
        p.origin = s;
        p.who.session = session;
        on_leader(s, s, std::move(p), t);
      }
    }
    if (!reaches_leader(s))
      continue;
    if (server.next_ping && *server.next_ping <= t) {
      server.next_ping.reset();
      hand_to_leader(s, std::exchange(server.touched, {}), t);
    }
    while (reaches_leader(s) && !server.up.empty() && server.up.front().due <= t) {
      auto message = std::move(server.up.front().message);
      server.up.pop_front();
      on_leader(server.leader, s, std::move(message), t);
    }
    while (reaches_leader(s) && !server.down.empty() && server.down.front().due <= t) {
      auto message = std::move(server.down.front().message);
      server.down.pop_front();
      on_follower(s, std::move(message), t);
    }
  }
  settle(t);
  return true;
}

} // namespace djm::store
