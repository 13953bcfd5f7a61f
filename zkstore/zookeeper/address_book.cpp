#include "zkstore/zookeeper/address_book.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace djm::store {

namespace {

using clock = std::chrono::steady_clock;

// How often the look-ups under way are asked. The C library could call us back, but on a thread of its own, which
// nobody could wait for.
constexpr std::chrono::milliseconds first_look{1};
constexpr std::chrono::milliseconds last_look{50};

struct server {
  std::string host;
  std::string port;
  bool is_name = false;
};

bool is_address(const std::string& host) {
  in_addr v4{};
  return host.front() == '[' || inet_pton(AF_INET, host.c_str(), &v4) == 1;
}

std::vector<server> servers_of(const std::string& text) {
  std::vector<server> result;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto colon = text.rfind(':', end);
    server s{text.substr(begin, colon - begin), text.substr(colon + 1, end - colon - 1), false};
    s.is_name = !is_address(s.host);
    result.push_back(std::move(s));
    begin = end + 1;
  }
  return result;
}

/// What is known of a name.
struct entry {
  std::vector<std::string> last_good;
  std::string fault;
  name_lookup under_way;
};

struct request {
  std::string text;
  std::vector<server> servers;
  clock::time_point due;
  address_book::answer done;
  bool begun = false;
  /// Names that have not been answered yet.
  std::set<std::string> open;
};

} // namespace

struct address_book::state {
  name_service names;
  patience how_long;

  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, entry> known;
  std::list<request> requests;
  bool stopping = false;
  std::thread thread;
  std::chrono::milliseconds look = first_look;

  void run() {
    std::unique_lock<std::mutex> lock{mutex};
    while (!stopping) {
      harvest();
      begin_due(clock::now());
      harvest();
      if (auto ready = take_ready(clock::now())) {
        auto result = compose(*ready);
        lock.unlock();
        ready->done(std::move(result));
        ready.reset();
        lock.lock();
        continue;
      }
      rest(lock);
    }
  }

  void rest(std::unique_lock<std::mutex>& lock) {
    if (requests.empty()) {
      look = first_look;
      changed.wait(lock);
      return;
    }
    auto next = clock::time_point::max();
    for (const auto& r : requests) {
      next = std::min(next, r.begun ? clock::now() + look : r.due);
    }
    look = std::min(2 * look, last_look);
    changed.wait_until(lock, next);
  }

  void harvest() {
    for (auto& [host, e] : known) {
      if (!e.under_way) {
        continue;
      }
      auto answered = e.under_way();
      if (!answered) {
        continue;
      }
      e.under_way = nullptr;
      e.fault = std::move(answered->fault);
      if (!answered->addresses.empty()) {
        e.last_good = std::move(answered->addresses);
        std::sort(e.last_good.begin(), e.last_good.end());
        e.last_good.erase(std::unique(e.last_good.begin(), e.last_good.end()), e.last_good.end());
      }
      for (auto& r : requests) {
        r.open.erase(host);
      }
    }
  }

  void begin_due(clock::time_point now) {
    for (auto& r : requests) {
      if (r.begun || r.due > now) {
        continue;
      }
      r.begun = true;
      look = first_look;
      for (const auto& s : r.servers) {
        if (s.is_name) {
          r.open.insert(s.host);
          if (auto& e = known[s.host]; !e.under_way) {
            e.under_way = names(s.host);
          }
        }
      }
    }
  }

  std::optional<request> take_ready(clock::time_point now) {
    for (auto i = requests.begin(); i != requests.end(); ++i) {
      if (!i->begun) {
        continue;
      }
      const auto wait = addresses(*i).empty() ? how_long.without : how_long.with_addresses;
      if (!i->open.empty() && now < i->due + wait) {
        continue;
      }
      auto result = std::move(*i);
      requests.erase(i);
      return result;
    }
    return std::nullopt;
  }

  std::vector<std::string> addresses(const request& r) const {
    std::vector<std::string> result;
    const auto add = [&](std::string text) {
      if (std::find(result.begin(), result.end(), text) == result.end()) {
        result.push_back(std::move(text));
      }
    };
    for (const auto& s : r.servers) {
      if (!s.is_name) {
        add(as_client_reads(s.host) + ":" + s.port);
      } else if (const auto i = known.find(s.host); i != known.end()) {
        for (const auto& a : i->second.last_good) {
          add(a + ":" + s.port);
        }
      }
    }
    return result;
  }

  expected<std::string> compose(const request& r) const {
    if (const auto all = addresses(r); !all.empty()) {
      return fmt::format("{}", fmt::join(all, ","));
    }
    std::vector<std::string> faults;
    for (const auto& s : r.servers) {
      faults.push_back(
        s.host + ": " +
        (r.open.count(s.host) > 0 ? "no answer within " + format_duration(how_long.without) : known.at(s.host).fault));
    }
    return fail(errc::not_connected,
                fmt::format("connect string \"{}\": no host in it resolves ({})", r.text, fmt::join(faults, "; ")));
  }
};

address_book::address_book(name_service names, patience how_long) : state_{std::make_shared<state>()} {
  state_->names = std::move(names);
  state_->how_long = how_long;
}

address_book::~address_book() {
  {
    std::lock_guard<std::mutex> guard{state_->mutex};
    state_->stopping = true;
  }
  state_->changed.notify_one();
  if (!state_->thread.joinable()) {
    return;
  }
  if (state_->thread.get_id() == std::this_thread::get_id()) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

bool address_book::has_names(const std::string& servers) {
  const auto all = servers_of(servers);
  return std::any_of(all.begin(), all.end(), [](const server& s) { return s.is_name; });
}

// The client takes the last colon for the port's, and wants no brackets around what stands before it.
std::string address_book::as_client_reads(std::string servers) {
  servers.erase(std::remove_if(servers.begin(), servers.end(), [](char c) { return c == '[' || c == ']'; }),
                servers.end());
  return servers;
}

void address_book::find(const std::string& servers, duration delay, answer done) {
  std::lock_guard<std::mutex> guard{state_->mutex};
  if (!state_->thread.joinable()) {
    state_->thread = std::thread{[self = state_] { self->run(); }};
  }
  state_->requests.push_back({servers, servers_of(servers), clock::now() + delay, std::move(done), false, {}});
  state_->changed.notify_one();
}

} // namespace djm::store
