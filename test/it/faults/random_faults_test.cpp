#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "scenario.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A number from the environment; `otherwise` without one.
std::uint64_t asked(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Faults of nodes and servers, several at a time, all drawn from a seed. Never more than two nodes and, but for
/// outages, one server at once.
class storm {
public:
  storm(fault_cluster& c, std::size_t nodes, std::uint64_t seed)
    : c_(c), w_(fault_world::instance()), random_(seed), busy_(nodes, false) {}

  void blow(milliseconds lasts) {
    const auto begin = clock::now();
    auto next = begin;
    while (since(begin) < lasts) {
      if (clock::now() >= next) {
        begin_one();
        next = clock::now() + between(400, 1600);
      }
      end_due(clock::now());
      if (server_comes_back_ && w_.servers_serve()) {
        c_.edge();
        server_comes_back_ = server_busy_ = false;
      }
      let_pass(50ms);
    }
    end_due(clock::time_point::max());
    w_.await_servers();
    c_.edge();
  }

  std::string what_happened() const {
    std::string text;
    for (const auto& [what, count] : counts_) {
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + what;
    }
    return text;
  }

  const std::string& log() const { return log_; }

private:
  struct ending {
    clock::time_point when;
    std::function<void()> end;
  };

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
  milliseconds between(int least, int most) {
    return milliseconds{std::uniform_int_distribution<int>{least, most}(random_)};
  }

  void end_due(clock::time_point now) {
    for (std::size_t i = 0; i < endings_.size();) {
      if (endings_[i].when > now) {
        ++i;
        continue;
      }
      const auto end = std::move(endings_[i].end);
      endings_.erase(endings_.begin() + static_cast<std::ptrdiff_t>(i));
      end();
    }
  }

  void later(milliseconds in, std::function<void()> end) { endings_.push_back({clock::now() + in, std::move(end)}); }

  void say(const std::string& what, const std::string& of) {
    ++counts_[what];
    log_ += std::to_string((boot_us() - began_) / 1000) + " ms: " + what + ", " + of + "\n";
  }

  void begin_one() {
    if (!server_busy_ && below(4) == 0) {
      trouble_server();
      return;
    }
    const auto node = below(busy_.size());
    if (!busy_[node] && std::count(busy_.begin(), busy_.end(), true) < 2) {
      trouble_node(node);
    }
  }

  void trouble_node(std::size_t node) {
    busy_[node] = true;
    const auto of = "node " + std::to_string(node);
    const auto finally = [this, node, of](auto f) {
      return [this, node, f, of] {
        f();
        log_ += std::to_string((boot_us() - began_) / 1000) + " ms: over, " + of + "\n";
        busy_[node] = false;
      };
    };
    switch (below(5)) {
    case 0:
      say("cut of a node", of);
      c_.cut_node(node);
      later(between(200, 7000), finally([this, node] { c_.heal_node(node); }));
      break;
    case 1:
      say("kill -9 of a node", of);
      c_.kill_node(node);
      later(between(200, 6000), finally([this, node] { c_.start_node(node); }));
      break;
    case 2:
      say("SIGSTOP of a node", of);
      c_.pause_node(node);
      later(between(200, 8000), finally([this, node] { c_.resume_node(node); }));
      break;
    case 3:
      say("gentle stop of a node", of);
      c_.stop_node(node);
      later(between(200, 3000), finally([this, node] { c_.start_node(node); }));
      break;
    default:
      say("flapping link", of);
      flap(node, 10, finally([] {}));
      break;
    }
  }

  void flap(std::size_t node, int times, std::function<void()> finally) {
    c_.cut_node(node);
    later(200ms, [this, node, times, finally] {
      c_.heal_node(node);
      if (times == 0) {
        finally();
      } else {
        later(200ms, [this, node, times, finally] { flap(node, times - 1, finally); });
      }
    });
  }

  void trouble_server() {
    server_busy_ = true;
    const auto s = below(fault_world::servers);
    const auto other = (s + 1) % fault_world::servers;
    const auto of = "server " + std::to_string(s);
    // Items may run again while it is being healed.
    const auto over = [this, of](auto heal) {
      return [this, of, heal] {
        c_.edge();
        heal();
        c_.edge();
        log_ += std::to_string((boot_us() - began_) / 1000) + " ms: over, " + of + "\n";
        // The next one is in trouble when this one serves again, not before.
        server_comes_back_ = true;
      };
    };
    c_.edge();
    switch (below(w_.has_namespaces() ? 5 : 4)) {
    case 0:
      say("kill -9 of a server", of);
      w_.kill_server(s);
      later(between(500, 4000), over([this, s] { w_.start_server(s); }));
      break;
    case 1:
      say("SIGSTOP of a server", of);
      w_.pause_server(s);
      later(between(300, 6000), over([this, s] { w_.resume_server(s); }));
      break;
    case 2:
      say("cut of a server", of);
      w_.cut_server(s);
      later(between(300, 6000), over([this, s] { w_.heal_server(s); }));
      break;
    case 3:
      say("loss of the quorum", of);
      w_.kill_server(s);
      w_.kill_server(other);
      later(between(500, 6000), over([this, s, other] {
              w_.start_server(s);
              w_.start_server(other);
            }));
      break;
    default:
      say("server cut from its peers", of);
      w_.cut_server_from_peers(s);
      later(between(500, 6000), over([this, s] { w_.heal_server(s); }));
      break;
    }
  }

  fault_cluster& c_;
  fault_world& w_;
  std::mt19937_64 random_;
  std::vector<bool> busy_;
  bool server_busy_ = false;
  bool server_comes_back_ = false;
  std::vector<ending> endings_;
  std::map<std::string, int> counts_;
  std::int64_t began_ = boot_us();
  std::string log_;
};

void storm_case(milliseconds lasts, std::uint64_t seed) {
  std::cout << "figure: random faults: seed " << seed << std::endl;
  INFO("seed ", seed);
  cluster_options o;
  o.nodes = 5;
  o.share = 160;
  o.each = 40;
  fault_cluster c{o};
  c.start();
  storm s{c, o.nodes, seed};
  s.blow(lasts);
  CHECK_FALSE(s.what_happened().empty());
  const auto healed = c.edge();
  const auto took = c.running_since(healed, 60s);
  report("random faults for " + std::to_string(lasts / 1s) + " s", took, c, ": " + s.what_happened());
  check_bound(took, c);
  INFO(s.log());
  if (std::getenv("DJM_FAULTS_TRACE") != nullptr) {
    std::cout << s.log() << c.silences() << std::flush;
  }
  conclude(c);
}

} // namespace

TEST_CASE("some random faults: no item runs twice, none is forgotten") {
  storm_case(15s, asked("DJM_FAULTS_SEED", 1));
}

TEST_CASE("three minutes of random faults on 5 nodes with 40 items each: no item runs twice, none is forgotten" *
          doctest::skip()) {
  storm_case(180s, asked("DJM_FAULTS_SEED", std::random_device{}()));
}
