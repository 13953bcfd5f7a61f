#include "zkstore/embedded/embedded_store.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "zkstore/embedded/client_library.hpp"

namespace djm::store {

namespace {

constexpr int client_bits = 32;

time_point clock_now() {
  return time_point{std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

std::chrono::steady_clock::time_point to_steady(time_point t) {
  return std::chrono::steady_clock::time_point{
    std::chrono::duration_cast<std::chrono::steady_clock::duration>(t.time_since_epoch())};
}

/// Where the history of a new store begins. The store forgets, but those who were given fencing tokens do not: those of
/// a later store must be higher. So the seconds since 2020 (of the wall clock, which people set forward much more often
/// than back) are its first epoch and the microseconds the upper part of its counter, which no history outruns: that
/// would take 2,048 transactions a microsecond. Within one process the clock may even go back.
zxid_t beginning() {
  using std::chrono::microseconds;
  constexpr microseconds year_2020 = std::chrono::seconds{1'577'836'800};
  static std::atomic<std::int64_t> latest{0};
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  auto now = std::max<std::int64_t>((std::chrono::duration_cast<microseconds>(wall) - year_2020).count(), 1);
  auto before = latest.load();
  do {
    now = std::max(now, before + 1);
  } while (!latest.compare_exchange_weak(before, now));
  constexpr std::int64_t second = 1'000'000;
  return static_cast<zxid_t>(now / second) << 32 | static_cast<zxid_t>(now % second) << 11;
}

} // namespace

/// The ensemble, the clients and the one thread that tells them of time and calls their sinks.
class embedded_store::impl {
public:
  using client_t = std::uint64_t;

  explicit impl(ensemble_options options) : ensemble_(single(options), clock_now()), thread_([this] { run(); }) {}

  void stop() {
    // Sinks are destroyed without the lock: what they hold may call back.
    std::map<client_t, std::shared_ptr<client>> clients;
    std::deque<outgoing> undelivered;
    {
      const std::lock_guard guard{mutex_};
      stopped_ = true;
      clients.swap(clients_);
      undelivered.swap(to_deliver_);
      wake_.notify_all();
    }
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach(); // Destroyed from within a sink; the thread holds us until it has returned.
    } else if (thread_.joinable()) {
      thread_.join();
    }
  }

  void keep_alive(std::shared_ptr<impl> self) {
    const std::lock_guard guard{mutex_};
    self_ = std::move(self);
  }

  client_t open(const session_options& options, event_sink sink) {
    const std::lock_guard guard{mutex_};
    const auto id = ++last_client_;
    client_library::options o;
    o.session = options;
    o.first_connection = (id << client_bits) + 1;
    auto c = std::make_shared<client>(std::move(o), std::move(sink));
    clients_.emplace(id, c);
    c->library.start(clock_now());
    settle();
    return id;
  }

  template <class F>
  void with_client(client_t id, F&& f) {
    const std::lock_guard guard{mutex_};
    const auto i = clients_.find(id);
    if (i == clients_.end()) {
      return;
    }
    f(i->second->library);
    settle();
  }

  void drop(client_t id) {
    std::shared_ptr<client> gone;
    std::unique_lock lock{mutex_};
    const auto i = clients_.find(id);
    if (i != clients_.end()) {
      gone = i->second;
      // As when a process dies: the connection breaks, the session waits for its timeout.
      ensemble_.disconnect(i->second->library.connection(), clock_now());
      clients_.erase(i);
      settle();
    }
    if (std::this_thread::get_id() != thread_.get_id()) {
      idle_.wait(lock, [&] { return delivering_ != id; });
    }
    lock.unlock();
  }

  void expire(session_id_t session) {
    const std::lock_guard guard{mutex_};
    ensemble_.expire(session, clock_now());
    settle();
  }

  void break_connections() {
    const std::lock_guard guard{mutex_};
    const auto now = clock_now();
    for (auto& [_, c] : clients_) {
      const auto connection = c->library.connection();
      ensemble_.disconnect(connection, now);
      c->library.receive(connection, wire::hang_up{}, now);
    }
    settle();
  }

  void set_frozen(bool frozen) {
    const std::lock_guard guard{mutex_};
    frozen_ = frozen;
    settle();
  }

  std::size_t sessions() const {
    const std::lock_guard guard{mutex_};
    return ensemble_.sessions().size();
  }

private:
  struct client {
    client(client_library::options o, event_sink s) : library(std::move(o)), sink(std::move(s)) {}
    client_library library;
    event_sink sink;
  };

  struct outgoing {
    client_t to;
    std::shared_ptr<client> target;
    raw_event event;
  };

  static ensemble_options single(ensemble_options options) {
    options.servers = 1;
    options.history = std::max(options.history, beginning());
    if (!options.wall_ms) {
      options.wall_ms = [](time_point) {
        const auto wall = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::milliseconds>(wall).count();
      };
    }
    return options;
  }

  /// Carries messages to and fro until nothing moves; wakes the thread.
  void settle() {
    const auto now = clock_now();
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [id, c] : clients_) {
        for (auto& effect : c->library.take_effects()) {
          on_the_way_.push_back(std::move(effect));
          moved = true;
        }
        for (auto& event : c->library.take_events()) {
          to_deliver_.push_back({id, c, std::move(event)});
        }
      }
      if (frozen_) {
        break;
      }
      ensemble_.advance(now);
      for (auto& effect : std::exchange(on_the_way_, {})) {
        carry(std::move(effect), now);
      }
      for (auto& delivery : ensemble_.take_deliveries()) {
        moved = true;
        if (auto i = clients_.find(delivery.to >> client_bits); i != clients_.end()) {
          i->second->library.receive(delivery.to, std::move(delivery.message), now);
        }
      }
    }
    wake_.notify_one();
  }

  void carry(client_library::effect effect, time_point now) {
    if (auto* dial = std::get_if<client_library::dial>(&effect)) {
      ensemble_.connect(dial->connection, dial->server, now);
    } else if (auto* send = std::get_if<client_library::send>(&effect)) {
      ensemble_.receive(send->connection, std::move(send->message), now);
    } else {
      ensemble_.disconnect(std::get<client_library::hang_up>(effect).connection, now);
    }
  }

  std::optional<time_point> next_deadline() const {
    auto result = frozen_ ? std::nullopt : ensemble_.next_deadline();
    for (const auto& [_, c] : clients_) {
      if (const auto at = c->library.next_deadline(); at && (!result || *at < *result)) {
        result = at;
      }
    }
    return result;
  }

  void pass_time() {
    const auto now = clock_now();
    for (auto& [_, c] : clients_) {
      c->library.advance(now);
    }
    settle();
  }

  void run() {
    std::unique_lock lock{mutex_};
    std::size_t delivered = 0;
    while (!stopped_) {
      if (to_deliver_.empty()) {
        if (const auto at = next_deadline()) {
          wake_.wait_until(lock, to_steady(*at));
        } else {
          wake_.wait(lock);
        }
        if (stopped_) {
          break;
        }
        pass_time();
        continue;
      }
      // A busy client must not keep the pings of the others waiting.
      if (++delivered % 64 == 0) {
        pass_time();
      }
      auto next = std::move(to_deliver_.front());
      to_deliver_.pop_front();
      // Of a client that has been dropped nobody wants to hear.
      if (clients_.count(next.to) == 0) {
        continue;
      }
      delivering_ = next.to;
      lock.unlock();
      next.target->sink(std::move(next.event));
      next.target.reset();
      lock.lock();
      delivering_ = 0;
      idle_.notify_all();
    }
    // Let go of ourselves last.
    auto self = std::move(self_);
    lock.unlock();
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  embedded_ensemble ensemble_;
  std::map<client_t, std::shared_ptr<client>> clients_;
  client_t last_client_ = 0;
  /// Messages that a frozen server has not taken yet.
  std::vector<client_library::effect> on_the_way_;
  std::deque<outgoing> to_deliver_;
  client_t delivering_ = 0;
  bool frozen_ = false;
  bool stopped_ = false;
  std::shared_ptr<impl> self_;
  std::thread thread_;
};

class embedded_store::port final : public session_port {
public:
  port(std::shared_ptr<impl> store, impl::client_t id) : store_(std::move(store)), id_(id) {}
  ~port() override { store_->drop(id_); }

  void submit(op_id_t id, raw_request request) override {
    store_->with_client(id_, [&](client_library& c) { c.submit(id, std::move(request), clock_now()); });
  }
  void close() override {
    store_->with_client(id_, [](client_library& c) { c.close(clock_now()); });
  }

private:
  std::shared_ptr<impl> store_;
  impl::client_t id_;
};

ensemble_options embedded_store::default_options() {
  ensemble_options o;
  o.tick = std::chrono::milliseconds{50};
  o.min_session_timeout = std::chrono::milliseconds{100};
  o.max_session_timeout = std::chrono::minutes{5};
  return o;
}

embedded_store::embedded_store(ensemble_options options) : impl_(std::make_shared<impl>(options)) {
  impl_->keep_alive(impl_);
}

embedded_store::~embedded_store() {
  impl_->stop();
}

expected<std::unique_ptr<session_port>> embedded_store::open(const session_options& options, event_sink sink) {
  const auto id = impl_->open(options, std::move(sink));
  return std::make_unique<port>(impl_, id);
}

void embedded_store::expire_session(session_id_t session) {
  impl_->expire(session);
}

void embedded_store::break_connections() {
  impl_->break_connections();
}

void embedded_store::set_frozen(bool frozen) {
  impl_->set_frozen(frozen);
}

std::size_t embedded_store::sessions() const {
  return impl_->sessions();
}

} // namespace djm::store
