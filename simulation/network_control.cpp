#include <algorithm>
#include <utility>

#include "simulation/network.hpp"

/// What can be asked of the network, and what is done to machines, lines and processes.
namespace djm::sim {

void network::scout(process& p, std::function<void(store::raw_scouted)> done) {
  p.later(timeline_.now + std::chrono::milliseconds{5}, process::kind::network,
          [this, machine = p.machine(), done = std::move(done)] {
            bool reached = false;
            for (std::size_t s = 0; s < servers_; ++s) {
              reached = reached || (ensemble_.serving(s) && !line(machine, s, direction::up).cut &&
                                    !line(machine, s, direction::down).cut);
            }
            done({reached && ensemble_.leader() ? ensemble_.committed().zxid() : 0});
          });
}

bool network::is_connected(const process& p) const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [&](const auto& x) { return x.second.owner == &p && x.second.library.is_connected(); });
}

process* network::owner_of(store::session_id_t session) const {
  for (const auto& [id, c] : clients_) {
    if (c.library.session() == session) {
      return c.owner;
    }
  }
  return nullptr;
}

std::vector<store::session_id_t> network::sessions_of(const process& p) const {
  std::vector<store::session_id_t> result;
  for (const auto& [id, c] : clients_) {
    if (c.owner == &p && ensemble_.sessions().count(c.library.session()) > 0) {
      result.push_back(c.library.session());
    }
  }
  return result;
}

line_state& network::line(std::size_t machine, std::size_t server, direction d) {
  return lines_.at((machine * servers_ + server) * 2 + static_cast<std::size_t>(d));
}

void network::set_cut(std::size_t machine, std::size_t server, direction d, bool cut) {
  line(machine, server, d).cut = cut;
  if (cut) {
    return;
  }
  for (auto& [id, c] : connections_) {
    if (c.machine == machine && c.server == server) {
      arm(id, d);
    }
  }
}

void network::set_cut(std::size_t machine, direction d, bool cut) {
  for (std::size_t s = 0; s < servers_; ++s) {
    set_cut(machine, s, d, cut);
  }
}

bool network::is_cut(std::size_t machine) const {
  const auto first = lines_.begin() + static_cast<std::ptrdiff_t>(machine * servers_ * 2);
  return std::any_of(first, first + static_cast<std::ptrdiff_t>(servers_ * 2),
                     [](const line_state& l) { return l.cut; });
}

void network::set_delay(std::size_t machine, duration least, duration most) {
  for (std::size_t s = 0; s < servers_; ++s) {
    for (auto d : {direction::up, direction::down}) {
      line(machine, s, d).least = least;
      line(machine, s, d).most = most;
    }
  }
}

void network::break_connections(std::size_t machine) {
  std::vector<store::connection_t> torn;
  for (const auto& [id, c] : connections_) {
    if (c.machine == machine) {
      torn.push_back(id);
    }
  }
  for (const auto id : torn) {
    tear(id);
  }
}

void network::vanish(const process& p) {
  std::vector<client_id> gone;
  for (const auto& [id, c] : clients_) {
    if (c.owner == &p) {
      gone.push_back(id);
    }
  }
  for (const auto id : gone) {
    drop(id);
  }
}

void network::wake(const process& p) {
  std::vector<client_id> all;
  for (const auto& [id, c] : clients_) {
    if (c.owner == &p) {
      all.push_back(id);
    }
  }
  for (const auto id : all) {
    with_client(id, [](store::client_library& c, time_point now) { c.advance(now); });
  }
}

} // namespace djm::sim
