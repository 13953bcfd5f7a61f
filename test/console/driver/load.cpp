#include <algorithm>
#include <iostream>
#include <iterator>
#include <utility>
#include <vector>

#include "work.hpp"

namespace driver {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr std::size_t slow_bytes = 64;
const char* const paths[] = {"/ready",      "/metrics",      "/v1/cluster",       "/v1/items?limit=50",
                             "/v1/workers", "/v1/jobs/mail", "/v1/locks?limit=50"};

std::string get(const std::string& path, const char* more) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

struct figures {
  std::uint64_t answered = 0, failed = 0, blocks = 0, left = 0;
  std::vector<double> ms;
};

class load {
public:
  load(sockets& net, const load_plan& plan) : net_(net), plan_(plan) {}

  figures run() {
    for (std::size_t n = 0; n < plan_.followers; ++n) {
      follow(n < plan_.slow);
    }
    for (std::size_t n = 0; n < plan_.idle; ++n) {
      connection c;
      c.heard = [](connection&, const char*, std::size_t) {};
      net_.open(std::move(c));
    }
    const auto begin = clock::now();
    const auto requests = static_cast<std::int64_t>(plan_.rate) * plan_.time.count();
    auto slowly = begin;
    for (std::int64_t n = 0; n < requests || open_ > 0;) {
      const auto due = begin + n * 1'000'000'000ns / static_cast<std::int64_t>(plan_.rate);
      const auto now = clock::now();
      if (n < requests && now >= due) {
        ask(paths[static_cast<std::size_t>(n++) % std::size(paths)]);
        continue;
      }
      if (now >= slowly) {
        net_.read_slowly(slow_bytes);
        give_up_on_late(now);
        slowly = now + 500ms;
      }
      net_.turn(n < requests ? std::min(due, slowly) : slowly);
    }
    return std::move(out_);
  }

private:
  void follow(bool slow) {
    connection c;
    c.out = get("/v1/events", "Accept: text/event-stream\r\n");
    c.slow = slow;
    c.heard = [this](connection&, const char*, std::size_t size) { ++(size > 0 ? out_.blocks : out_.left); };
    net_.open(std::move(c));
  }

  void ask(const char* path) {
    connection c;
    c.out = get(path, "Accept: application/json\r\nConnection: close\r\n");
    c.keep = 12;
    c.heard = [this](connection& x, const char*, std::size_t size) {
      if (size == 0) {
        --open_;
        ++(x.in == "HTTP/1.1 200" ? out_.answered : out_.failed);
        out_.ms.push_back(std::chrono::duration<double, std::milli>(clock::now() - x.began).count());
      }
    };
    ++open_;
    net_.open(std::move(c));
  }

  void give_up_on_late(clock::time_point now) {
    auto& all = net_.all();
    for (auto at = all.begin(); at != all.end();) {
      auto& c = *at++;
      if (c.keep > 0 && c.began + patience < now) {
        c.in.clear();
        c.heard(c, "", 0);
        net_.drop(c);
      }
    }
  }

  sockets& net_;
  load_plan plan_;
  figures out_;
  std::uint64_t open_ = 0;
};

} // namespace

void run_load(const sockaddr_in& server, const load_plan& plan) {
  sockets net{server};
  auto f = load{net, plan}.run();
  std::sort(f.ms.begin(), f.ms.end());
  const auto at = [&](double q) {
    return f.ms.empty() ? 0.0 : f.ms[static_cast<std::size_t>(q * double(f.ms.size() - 1))];
  };
  std::cout << "{\"answered\":" << f.answered << ",\"failed\":" << f.failed << ",\"p50_ms\":" << at(0.5)
            << ",\"p99_ms\":" << at(0.99) << ",\"blocks\":" << f.blocks << ",\"left\":" << f.left << "}" << std::endl;
}

} // namespace driver
