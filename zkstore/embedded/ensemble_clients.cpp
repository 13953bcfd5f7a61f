#include <algorithm>
#include <utility>

#include "zkstore/embedded/embedded_ensemble.hpp"

/// What a server does for its clients by itself.
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

// -- clients ------------------------------------------------------------------

void embedded_ensemble::connect(connection_t connection, std::size_t server, time_point now) {
  advance(now);
  if (!serving(server)) {
    return say(connection, wire::hang_up{});
  }
  connections_[connection].server = server;
}

void embedded_ensemble::receive(connection_t connection, wire::to_server message, time_point now) {
  advance(now);
  const auto i = connections_.find(connection);
  if (i == connections_.end()) {
    return; // Broken meanwhile; the client has been told.
  }
  auto& state = i->second;
  std::visit([&](auto&& m) { on_message(connection, state, std::forward<decltype(m)>(m), now); }, std::move(message));
  advance(now);
}

void embedded_ensemble::disconnect(connection_t connection, time_point now) {
  advance(now);
  const auto i = connections_.find(connection);
  if (i == connections_.end()) {
    return;
  }
  servers_[i->second.server].data.forget(connection);
  connections_.erase(i);
}

std::vector<wire::delivery> embedded_ensemble::take_deliveries() {
  return std::exchange(out_, {});
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::hello&& m, time_point t) {
  if (state.is != connection_state::stage::fresh) {
    return;
  }
  const auto s = state.server;
  if (m.last_zxid > servers_[s].data.zxid()) {
    return drop(c, wire::hang_up{});
  }
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
  if (m.password != password_of(m.session)) {
    return drop(c, wire::expired{});
  }
  drop_connections_of_session(s, m.session, c);
  state.session = m.session;
  state.password = m.password;
  hand_to_leader(s, revalidation{c, m.session}, t);
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::set_watches&& m, time_point t) {
  if (state.is != connection_state::stage::open) {
    return;
  }
  touch(state.server, state.session, t);
  servers_[state.server].data.resume_watches(c, m, out_);
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::request&& m, time_point t) {
  if (state.is != connection_state::stage::open) {
    return;
  }
  const auto s = state.server;
  touch(s, state.session, t);
  if (is_write(m)) {
    if (packet_limit_ > 0 && wire_size(std::get<transaction>(m.body)) > packet_limit_) {
      return drop(c, wire::hang_up{});
    }
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
  if (state.is != connection_state::stage::open) {
    return;
  }
  touch(state.server, state.session, t);
  say(c, wire::pong{servers_[state.server].data.zxid()});
}

void embedded_ensemble::on_message(connection_t c, connection_state& state, wire::goodbye&&, time_point t) {
  if (state.is != connection_state::stage::open) {
    return drop(c, wire::farewell{});
  }
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
  if (i == connections_.end()) {
    return;
  }
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
  for (const auto& [c, state] : connections_) {
    if (state.server == s && state.session == session && c != except) {
      gone.push_back(c);
    }
  }
  for (const auto c : gone) {
    drop(c, wire::hang_up{});
  }
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

} // namespace djm::store
