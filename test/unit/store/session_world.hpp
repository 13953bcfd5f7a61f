#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "zkstore/embedded/client_library.hpp"
#include "zkstore/embedded/embedded_ensemble.hpp"
#include "zkstore/session_core.hpp"

namespace djm::store::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A small seeded generator, the same on every platform.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL) {}
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() >> 11) % n; }
  bool chance(std::size_t percent) { return below(100) < percent; }

private:
  std::uint64_t state_;
};

/// Session cores on client libraries on one ensemble, joined by a network that delays messages and can be cut, all on
/// virtual time. A connection that has lost one message carries none any more, as TCP would have it.
class session_world {
public:
  class peer {
  public:
    virtual ~peer() = default;
    /// Whatever the core tells its clients.
    virtual void on(session_core::effect& effect) = 0;

    session_core core{session_limits{}};
    std::map<std::uint64_t, std::unique_ptr<client_library>> handles;
    std::uint64_t timer = 0;
    bool cut = false;
    duration delay = milliseconds{1};
    std::size_t index = 0;
    session_options options;
  };

  session_world(ensemble_options o, std::uint64_t seed) : random(seed), ensemble(o, start) {}

  void add(std::unique_ptr<peer> p) {
    p->index = peers.size();
    peers.push_back(std::move(p));
  }

  void run(peer& p, session_core::effects effects) {
    for (auto& effect : effects) {
      if (auto* x = std::get_if<session_core::open_handle>(&effect)) {
        client_library::options o;
        o.session = p.options;
        o.servers = ensemble.servers();
        o.first_server = random.below(o.servers);
        o.retry_delay = milliseconds{50};
        o.first_connection = (static_cast<connection_t>(p.index + 1) << 48) + (x->handle << 32) + 1;
        auto& library = p.handles[x->handle] = std::make_unique<client_library>(std::move(o));
        library->start(now);
        settle(p, x->handle);
      } else if (auto* close = std::get_if<session_core::close_handle>(&effect)) {
        with_handle(p, close->handle, [&](client_library& l) { l.close(now); });
      } else if (auto* submit = std::get_if<session_core::submit>(&effect)) {
        with_handle(p, submit->handle,
                    [&](client_library& l) { l.submit(submit->id, std::move(submit->request), now); });
      } else if (auto* timer = std::get_if<session_core::arm_timer>(&effect)) {
        const auto generation = timer->generation;
        at(timer->at, [this, &p, generation] { run(p, p.core.on_timer(generation, now)); });
      } else {
        p.on(effect);
      }
    }
  }

  void at(time_point t, std::function<void()> f) {
    agenda_.emplace(std::make_pair(std::max(t, now), ++order_), std::move(f));
  }

  /// Lets time go by.
  void pass(duration d) {
    const auto until = now + d;
    while (true) {
      auto next = agenda_.empty() ? until : std::min(until, agenda_.begin()->first.first);
      if (const auto e = ensemble.next_deadline()) {
        next = std::min(next, *e);
      }
      for (auto& p : peers) {
        for (auto& [_, library] : p->handles) {
          if (const auto l = library->next_deadline()) {
            next = std::min(next, *l);
          }
        }
      }
      now = std::max(now, next);
      ++steps;
      ensemble.advance(now);
      carry();
      for (auto& p : peers) {
        std::vector<std::uint64_t> due;
        for (auto& [handle, library] : p->handles) {
          if (const auto l = library->next_deadline(); l && *l <= now) {
            due.push_back(handle);
          }
        }
        for (const auto handle : due) {
          with_handle(*p, handle, [&](client_library& l) { l.advance(now); });
        }
      }
      if (!agenda_.empty() && agenda_.begin()->first.first <= now) {
        auto f = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        f();
        carry();
      } else if (now >= until) {
        return;
      }
    }
  }

  void cut_peer(peer& p, bool cut) { p.cut = cut; }

  time_point start{seconds{1000}};
  time_point now = start;
  dice random;
  embedded_ensemble ensemble;
  std::vector<std::unique_ptr<peer>> peers;
  std::uint64_t steps = 0;

private:
  template <class F>
  void with_handle(peer& p, std::uint64_t handle, F&& f) {
    const auto i = p.handles.find(handle);
    if (i == p.handles.end()) {
      return;
    }
    f(*i->second);
    settle(p, handle);
  }

  peer* owner_of(connection_t c) {
    const auto i = static_cast<std::size_t>(c >> 48) - 1;
    return i < peers.size() ? peers[i].get() : nullptr;
  }

  /// What a client library wants carried out and told.
  void settle(peer& p, std::uint64_t handle) {
    auto& library = *p.handles.at(handle);
    for (auto& effect : library.take_effects()) {
      connection_t c = 0;
      if (auto* dial = std::get_if<client_library::dial>(&effect)) {
        c = dial->connection;
      } else if (auto* send = std::get_if<client_library::send>(&effect)) {
        c = send->connection;
      } else {
        c = std::get<client_library::hang_up>(effect).connection;
      }
      transmit(p, c, [this, effect = std::move(effect)]() mutable {
        if (auto* dial = std::get_if<client_library::dial>(&effect)) {
          ensemble.connect(dial->connection, dial->server, now);
        } else if (auto* send = std::get_if<client_library::send>(&effect)) {
          ensemble.receive(send->connection, std::move(send->message), now);
        } else {
          ensemble.disconnect(std::get<client_library::hang_up>(effect).connection, now);
        }
      });
    }
    auto events = library.take_events();
    if (!events.empty()) {
      at(now, [this, &p, handle, events = std::move(events)]() mutable {
        for (auto& event : events) {
          run(p, p.core.on_raw(handle, std::move(event), now, random.next()));
        }
      });
    }
  }

  void transmit(peer& p, connection_t c, std::function<void()> f) {
    if (p.cut || black_.count(c) > 0) {
      black_.insert(c);
      return;
    }
    // Whatever is cut while it is under way is lost as well.
    at(now + p.delay, [this, &p, c, f = std::move(f)] {
      if (p.cut || black_.count(c) > 0) {
        black_.insert(c);
      } else {
        f();
      }
    });
  }

  void carry() {
    for (auto& d : ensemble.take_deliveries()) {
      auto* p = owner_of(d.to);
      if (!p) {
        continue;
      }
      const auto handle = (d.to >> 32) & 0xffff;
      const auto to = d.to;
      transmit(*p, to, [this, p, handle, to, d = std::move(d)]() mutable {
        with_handle(*p, handle, [&](client_library& l) { l.receive(to, std::move(d.message), now); });
      });
    }
  }

  std::map<std::pair<time_point, std::uint64_t>, std::function<void()>> agenda_;
  std::uint64_t order_ = 0;
  std::set<connection_t> black_;
};

} // namespace djm::store::test
