#include "simulation/network.hpp"

#include <algorithm>
#include <utility>

namespace djm::sim {

namespace wire = store::wire;

namespace {

constexpr int client_bits = 32;

} // namespace

class network::port final : public store::session_port {
public:
  port(network& n, client_id id) : network_(&n), alive_(n.alive_), id_(id) {}
  ~port() override {
    if (!alive_.expired()) {
      network_->drop(id_);
    }
  }
  void submit(store::op_id_t id, store::raw_request request) override {
    if (!alive_.expired()) {
      network_->with_client(id_,
                            [&](store::client_library& c, time_point now) { c.submit(id, std::move(request), now); });
    }
  }
  void close() override {
    if (!alive_.expired()) {
      network_->close(id_);
    }
  }

private:
  network* network_;
  std::weak_ptr<int> alive_;
  client_id id_;
};

network::network(timeline& t, store::embedded_ensemble& e, wire_observer& o, std::uint64_t seed, std::size_t machines)
  : timeline_(t),
    ensemble_(e),
    observer_(o),
    chance_(seed, "network"),
    servers_(e.servers()),
    lines_(machines * servers_ * 2) {}

network::~network() = default;

std::unique_ptr<store::session_port> network::open(process& p, const store::session_options& options,
                                                   store::event_sink sink) {
  const auto id = ++last_client_;
  store::client_library::options o;
  o.session = options;
  o.servers = servers_;
  o.first_server = static_cast<std::size_t>(chance_.below(servers_));
  o.first_connection = (id << client_bits) + 1;
  auto& c = clients_
              .emplace(std::piecewise_construct, std::tuple{id},
                       std::tuple<store::client_library::options, process&, store::event_sink>{std::move(o), p,
                                                                                               std::move(sink)})
              .first->second;
  c.library.start(p.local_now());
  pump(id);
  return std::make_unique<port>(*this, id);
}

void network::with_client(client_id id, const std::function<void(store::client_library&, time_point)>& f) {
  const auto i = clients_.find(id);
  if (i == clients_.end() || i->second.owner->dead()) {
    return;
  }
  f(i->second.library, i->second.owner->local_now());
  pump(id);
}

void network::close(client_id id) {
  const auto i = clients_.find(id);
  if (i == clients_.end() || i->second.owner->dead()) {
    return;
  }
  observer_.closing(*i->second.owner);
  with_client(id, [](store::client_library& c, time_point now) { c.close(now); });
}

void network::drop(client_id id) {
  const auto i = clients_.find(id);
  if (i == clients_.end()) {
    return;
  }
  i->second.owner->cancel(i->second.alarm_id);
  const auto c = i->second.library.connection();
  // The kernel says goodbye on behalf of the process.
  if (const auto j = connections_.find(c); j != connections_.end()) {
    enqueue<upward>(c, j->second.up, direction::up, store::client_library::hang_up{c});
  }
  const auto sink = std::move(i->second.sink);
  clients_.erase(i);
}

void network::pump(client_id id) {
  auto& c = clients_.at(id);
  for (auto& effect : c.library.take_effects()) {
    send_up(id, std::move(effect));
  }
  for (auto& event : c.library.take_events()) {
    if (auto* done = std::get_if<store::raw_completion>(&event)) {
      if (const auto f = c.in_flight.find(done->id); f != c.in_flight.end()) {
        observer_.answered(*c.owner, c.library.session(), f->second.txn, done->code, f->second.sent, c.timeout);
        c.in_flight.erase(f);
      }
    } else if (const auto* l = std::get_if<store::raw_link>(&event)) {
      if (l->state == store::link_state::connected) {
        c.timeout = l->timeout;
      }
      observer_.link(*c.owner, *l);
    }
    c.to_deliver.push_back(std::move(event));
  }
  if (!c.to_deliver.empty() && !std::exchange(c.delivering, true)) {
    c.owner->later(timeline_.now, process::kind::network, [this, id] { deliver(id); });
  }
  // One alarm per client, never later than its deadline; a deadline that moved away is noticed at the alarm.
  const auto local = c.library.next_deadline();
  if (!local) {
    return;
  }
  const auto at = c.owner->to_world(*local);
  if (c.alarm && *c.alarm <= at) {
    return;
  }
  c.owner->cancel(c.alarm_id);
  c.alarm = at;
  c.alarm_id = c.owner->later(at, process::kind::network, [this, id] {
    const auto i = clients_.find(id);
    if (i == clients_.end()) {
      return;
    }
    i->second.alarm.reset();
    with_client(id, [](store::client_library& l, time_point now) { l.advance(now); });
  });
}

void network::deliver(client_id id) {
  const auto i = clients_.find(id);
  if (i == clients_.end()) {
    return;
  }
  i->second.delivering = false;
  const auto sink = i->second.sink;
  for (auto& event : std::exchange(i->second.to_deliver, {})) {
    sink(std::move(event));
  }
}

void network::send_up(client_id id, upward effect) {
  auto& c = clients_.at(id);
  const auto number = std::visit([](const auto& e) { return e.connection; }, effect);
  if (const auto* d = std::get_if<store::client_library::dial>(&effect)) {
    auto& n = connections_[number];
    n.client = id;
    n.machine = c.owner->machine();
    n.server = d->server;
    n.open = true;
  }
  const auto i = connections_.find(number);
  if (i == connections_.end()) {
    return;
  }
  if (auto* s = std::get_if<store::client_library::send>(&effect)) {
    if (auto* r = std::get_if<wire::request>(&s->message)) {
      if (const auto* txn = std::get_if<store::transaction>(&r->body)) {
        auto& f = c.in_flight[r->id];
        f.sent = timeline_.now;
        f.txn = *txn;
        const auto what = observer_.decide(*c.owner, *txn);
        f.lose_answer = what == fate::lost_after;
        if (what == fate::lost_before) {
          // Not from within the library's own call.
          timeline_.events.at(timeline_.now, [this, number] { tear(number); });
          return;
        }
      }
    }
  }
  enqueue(number, i->second.up, direction::up, std::move(effect));
}

template <class T>
void network::enqueue(store::connection_t c, lane<T>& l, direction d, T message) {
  const auto& n = connections_.at(c);
  const auto& line = this->line(n.machine, n.server, d);
  l.last = std::max(l.last, timeline_.now + chance_.between(line.least, line.most));
  l.queue.emplace_back(l.last, std::move(message));
  arm(c, d);
}

void network::arm(store::connection_t c, direction d) {
  const auto i = connections_.find(c);
  if (i == connections_.end() || line(i->second.machine, i->second.server, d).cut) {
    return;
  }
  const auto go = [&](auto& l) {
    if (!l.queue.empty() && !std::exchange(l.armed, true)) {
      timeline_.events.at(std::max(timeline_.now, l.queue.front().first), [this, c, d] { move(c, d); });
    }
  };
  if (d == direction::up) {
    go(i->second.up);
  } else {
    go(i->second.down);
  }
}

void network::move(store::connection_t c, direction d) {
  auto i = connections_.find(c);
  if (i == connections_.end()) {
    return;
  }
  (d == direction::up ? i->second.up.armed : i->second.down.armed) = false;
  if (line(i->second.machine, i->second.server, d).cut) {
    return;
  }
  // What has arrived in between is delivered at once; each delivery may end the connection.
  while ((i = connections_.find(c)) != connections_.end()) {
    if (d == direction::up) {
      auto& q = i->second.up.queue;
      if (q.empty() || q.front().first > timeline_.now) {
        break;
      }
      auto m = std::move(q.front().second);
      q.pop_front();
      arrive_up(c, std::move(m));
    } else {
      auto& q = i->second.down.queue;
      if (q.empty() || q.front().first > timeline_.now) {
        break;
      }
      auto m = std::move(q.front().second);
      q.pop_front();
      arrive_down(c, std::move(m));
    }
  }
  arm(c, d);
}

void network::arrive_up(store::connection_t c, upward effect) {
  ++messages_;
  if (auto* dial = std::get_if<store::client_library::dial>(&effect)) {
    ensemble_.connect(c, dial->server, timeline_.now);
  } else if (auto* send = std::get_if<store::client_library::send>(&effect)) {
    ensemble_.receive(c, std::move(send->message), timeline_.now);
  } else {
    ensemble_.disconnect(c, timeline_.now);
    connections_.erase(c);
  }
  settle();
}

void network::arrive_down(store::connection_t c, downward message) {
  const auto i = connections_.find(c);
  const auto id = i->second.client;
  const auto k = clients_.find(id);
  if (k == clients_.end() || k->second.library.connection() != c) {
    return;
  }
  // A paused process does not read; what has arrived waits in its socket.
  auto& owner = *k->second.owner;
  if (owner.paused()) {
    owner.later(timeline_.now, process::kind::network, [this, c, m = std::move(message)]() mutable {
      if (connections_.count(c) > 0) {
        arrive_down(c, std::move(m));
      }
    });
    return;
  }
  ++messages_;
  const auto* r = std::get_if<wire::response>(&message);
  if (r != nullptr) {
    const auto f = k->second.in_flight.find(r->completion.id);
    if (f != k->second.in_flight.end() && f->second.lose_answer) {
      return tear(c);
    }
  }
  const bool last = std::holds_alternative<wire::hang_up>(message) || std::holds_alternative<wire::farewell>(message) ||
                    std::holds_alternative<wire::expired>(message);
  if (last) {
    connections_.erase(i);
  }
  with_client(id, [&](store::client_library& l, time_point now) { l.receive(c, std::move(message), now); });
}

void network::tear(store::connection_t c) {
  const auto i = connections_.find(c);
  if (i == connections_.end()) {
    return;
  }
  const auto id = i->second.client;
  connections_.erase(i);
  ensemble_.disconnect(c, timeline_.now);
  settle();
  const auto k = clients_.find(id);
  if (k == clients_.end()) {
    return;
  }
  k->second.owner->later(timeline_.now, process::kind::network, [this, id, c] {
    with_client(id, [&](store::client_library& l, time_point now) { l.receive(c, wire::hang_up{}, now); });
  });
}

void network::settle() {
  for (auto& delivery : ensemble_.take_deliveries()) {
    const auto i = connections_.find(delivery.to);
    if (i != connections_.end()) {
      enqueue(delivery.to, i->second.down, direction::down, std::move(delivery.message));
    }
  }
  watch_time();
}

void network::watch_time() {
  const auto at = ensemble_.next_deadline();
  if (at == ensemble_alarm_) {
    return;
  }
  timeline_.events.cancel(ensemble_event_);
  ensemble_event_ = 0;
  ensemble_alarm_ = at;
  if (!at) {
    return;
  }
  ensemble_event_ = timeline_.events.at(std::max(*at, timeline_.now), [this] {
    ensemble_alarm_.reset();
    ensemble_event_ = 0;
    ensemble_.advance(timeline_.now);
    settle();
  });
}

} // namespace djm::sim
