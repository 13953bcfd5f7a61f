#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <utility>

#include "work.hpp"

namespace driver {

namespace {

using namespace std::chrono_literals;

/// A server that waits for the rest of a request is not waited for longer than that.
constexpr auto wait_for_rest = 2s;
constexpr std::uint64_t told_each = 10'000;

class hammer {
public:
  hammer(sockets& net, const hammer_plan& plan) : net_(net), plan_(plan), chance_(plan.seed) {}

  void run() {
    auto look = clock::now();
    while (done_ < plan_.requests) {
      while (begun_ < plan_.requests && net_.size() < plan_.at_once) {
        begin();
      }
      net_.turn(look);
      if (const auto now = clock::now(); now >= look) {
        give_up_on_late(now);
        look = now + 100ms;
      }
    }
    std::cout << "{";
    const char* comma = "";
    for (const auto& [status, n] : statuses_) {
      std::cout << std::exchange(comma, ",") << "\"" << status << "\":" << n;
    }
    std::cout << "}" << std::endl;
  }

private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(chance_); }
  const std::string& any(const std::vector<std::string>& of) { return of[below(of.size())]; }

  std::string broken() {
    auto text = any(plan_.sound);
    for (auto n = 1 + below(4); n > 0; --n) {
      const auto at = below(text.size() + 1);
      switch (below(5)) {
      case 0:
        if (at < text.size()) {
          text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        }
        break;
      case 1: text.insert(at, any(plan_.pieces)); break;
      case 2: text.erase(at, 1 + below(12)); break;
      case 3: {
        const auto from = at - std::min(at, 1 + below(40));
        text.insert(at, text.substr(from, at - from));
        break;
      }
      default: {
        const auto& other = any(plan_.sound);
        text = text.substr(0, at) + other.substr(below(other.size()));
      }
      }
    }
    return text.empty() ? "\r\n" : text;
  }

  void begin() {
    ++begun_;
    connection c;
    c.out = broken();
    c.keep = 400;
    c.half_close = true;
    c.heard = [this](connection& x, const char*, std::size_t size) {
      // A stream of events has no end: its head is the answer.
      if (size == 0 || x.in.find("text/event-stream") != std::string::npos) {
        const bool answered = x.in.size() >= 12 && x.in.compare(0, 7, "HTTP/1.") == 0;
        end(x, answered ? x.in.substr(9, 3) : "none");
      }
    };
    net_.open(std::move(c));
  }

  void end(connection& c, const std::string& status) {
    ++statuses_[status];
    net_.drop(c);
    if (++done_ % told_each == 0) {
      std::cout << "done " << done_ << std::endl;
    }
  }

  void give_up_on_late(clock::time_point now) {
    auto& all = net_.all();
    for (auto at = all.begin(); at != all.end();) {
      auto& c = *at++;
      if (c.began + wait_for_rest < now) {
        end(c, "late");
      }
    }
  }

  sockets& net_;
  const hammer_plan& plan_;
  std::mt19937_64 chance_;
  std::map<std::string, std::uint64_t> statuses_;
  std::uint64_t begun_ = 0, done_ = 0;
};

} // namespace

void run_hammer(const sockaddr_in& server, const hammer_plan& plan) {
  sockets net{server};
  hammer{net, plan}.run();
}

} // namespace driver
