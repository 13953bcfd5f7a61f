#include <utility>

#include "zkstore/embedded/embedded_ensemble.hpp"

/// Who leads, who follows, who looks for a leader.
namespace djm::store {

// -- roles --------------------------------------------------------------------

std::optional<std::size_t> embedded_ensemble::leader() const {
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    if (servers_[s].is == role::leading && has_quorum(s)) {
      return s;
    }
  }
  return std::nullopt;
}

bool embedded_ensemble::serving(std::size_t server) const {
  if (server >= servers_.size()) {
    return false;
  }
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
  if (!std::exchange(same_epoch_, false)) {
    ++epoch_;
    counter_ = 0;
  }
  server.epoch = epoch_;
  apply_up_to(s, log_base_ + log_.size(), t);
  server.tracker = session_tracker{options_.tick};
  for (const auto& [session, timeout] : sessions_) {
    server.tracker.start(session, timeout, t);
  }
}

void embedded_ensemble::go_back(const backup& b, numbers n, time_point now) {
  advance(now);
  head_ = b.data;
  head_.forget_all_watches();
  sessions_ = b.sessions;
  epoch_ = b.epoch;
  counter_ = b.counter;
  same_epoch_ = n == numbers::repeat;
  log_base_ += log_.size();
  log_.clear();
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    if (servers_[s].is != role::down) {
      look(s);
    }
    servers_[s].data = head_;
    servers_[s].applied = log_base_;
  }
  settle(now);
  advance(now);
}

std::optional<std::size_t> embedded_ensemble::electable() const {
  std::optional<std::size_t> best;
  for (std::size_t s = 0; s < servers_.size(); ++s) {
    if (servers_[s].is != role::looking) {
      continue;
    }
    std::size_t voters = 0;
    for (std::size_t v = 0; v < servers_.size(); ++v) {
      if (servers_[v].is == role::looking && linked(s, v)) {
        ++voters;
      }
    }
    if (voters >= majority() && (!best || servers_[s].applied >= servers_[*best].applied)) {
      best = s;
    }
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
        if (!cut_off) {
          server.contact_lost.reset();
        } else if (!server.contact_lost) {
          server.contact_lost = t;
        }
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
        for (std::size_t l = 0; l < servers_.size(); ++l) {
          if (servers_[l].is == role::leading && linked(s, l) && has_quorum(l)) {
            follow(s, l, t);
            changed = true;
            break;
          }
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
      for (std::size_t v = 0; v < servers_.size(); ++v) {
        if (v != *candidate && servers_[v].is == role::looking && linked(*candidate, v)) {
          voters.push_back(v);
        }
      }
      lead(*candidate, t);
      for (const auto v : voters) {
        follow(v, *candidate, t);
      }
      changed = true;
    }
  }
}

} // namespace djm::store
