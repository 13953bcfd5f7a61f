#include "zkstore/embedded/embedded_ensemble.hpp"

#include <algorithm>
#include <utility>

namespace djm::store {

embedded_ensemble::embedded_ensemble(ensemble_options options, time_point start) : options_(options) {
  servers_.resize(std::max<std::size_t>(options_.servers, 1));
  epoch_ = static_cast<std::uint32_t>(options_.history >> 32);
  const auto first = servers_.size() - 1;
  lead(first, start);
  counter_ = static_cast<std::uint32_t>(options_.history); // of the first leader; those that follow begin at 0
  for (std::size_t s = 0; s < first; ++s) {
    follow(s, first, start);
  }
}

// -- faults -------------------------------------------------------------------

void embedded_ensemble::set_link(std::size_t a, std::size_t b, bool up, time_point now) {
  advance(now);
  if (a == b || a >= servers_.size() || b >= servers_.size()) {
    return;
  }
  if (up) {
    cut_.erase(std::minmax(a, b));
  } else {
    cut_.insert(std::minmax(a, b));
  }
  settle(now);
  advance(now);
}

void embedded_ensemble::crash(std::size_t server, time_point now) {
  advance(now);
  if (servers_.at(server).is == role::down) {
    return;
  }
  look(server);
  servers_[server].is = role::down;
  settle(now);
  advance(now);
}

void embedded_ensemble::restart(std::size_t server, time_point now) {
  advance(now);
  if (servers_.at(server).is != role::down) {
    return;
  }
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
    if (servers_[l].is != role::leading || !servers_[l].tracker.usable(session)) {
      continue;
    }
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
    if (server.contact_lost) {
      f(*server.contact_lost + patience);
    }
    if (server.quorum_lost) {
      f(*server.quorum_lost + patience);
    }
    if (server.is == role::leading) {
      if (const auto at = server.tracker.next_expiry()) {
        f(*at);
      }
    }
    if (!reaches_leader(s)) {
      continue;
    }
    if (!server.up.empty()) {
      f(server.up.front().due);
    }
    if (!server.down.empty()) {
      f(server.down.front().due);
    }
    if (server.next_ping) {
      f(*server.next_ping);
    }
  }
  if (election_at_) {
    f(*election_at_);
  }
}

std::optional<time_point> embedded_ensemble::next_deadline() const {
  std::optional<time_point> result;
  for_each_deadline([&](time_point at) {
    if (!result || at < *result) {
      result = at;
    }
  });
  return result;
}

void embedded_ensemble::advance(time_point now) {
  while (step(now)) {
  }
}

bool embedded_ensemble::step(time_point now) {
  const auto due = next_deadline();
  if (!due || *due > now) {
    return false;
  }
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
    if (!reaches_leader(s)) {
      continue;
    }
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
