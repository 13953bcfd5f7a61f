#include "bench/states/plain_sets.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <variant>

#include "zkstore/zookeeper/zookeeper_factory.hpp"

namespace djm::bench {

namespace {

using namespace std::chrono_literals;

/// A session that is connected, or the end of the program. `completed` is called on a thread of the client.
class session {
public:
  session(const std::string& connect, std::function<void(store::raw_completion)> completed) {
    auto connected = std::make_shared<std::promise<void>>();
    store::session_options options;
    options.servers = connect;
    auto opened = factory_.open(options, [connected, f = std::move(completed)](store::raw_event e) {
      if (auto* done = std::get_if<store::raw_completion>(&e)) {
        f(std::move(*done));
      } else if (const auto* l = std::get_if<store::raw_link>(&e); l && l->state == store::link_state::connected) {
        connected->set_value();
      }
    });
    if (!opened || connected->get_future().wait_for(10s) != std::future_status::ready) {
      std::fprintf(stderr, "no connection to %s\n", connect.c_str());
      std::exit(2);
    }
    port_ = std::move(*opened);
  }

  void submit(store::op_id_t id, store::raw_request r) { port_->submit(id, std::move(r)); }

private:
  store::zookeeper_factory factory_;
  std::unique_ptr<store::session_port> port_;
};

std::string path_of(store::op_id_t n) {
  return "/plain-" + std::to_string(n);
}

} // namespace

double plain_sets(const std::string& connect, const std::string& payload, int under_way, double seconds) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> done{0};
  std::atomic<int> going{under_way};
  session* to = nullptr;
  const auto set = [&](store::op_id_t n) { to->submit(n, store::transaction{{store::set_op{path_of(n), payload}}}); };
  // The first answer of each is that its node has been made, or was there.
  session s{connect, [&](const store::raw_completion& c) {
              done += c.code == store::rc::ok ? 1 : 0;
              if (stop) {
                --going;
              } else {
                set(c.id);
              }
            }};
  to = &s;
  for (int n = 0; n < under_way; ++n) {
    const auto id = static_cast<store::op_id_t>(n);
    s.submit(id, store::transaction{{store::create_op{path_of(id), ""}}});
  }
  std::this_thread::sleep_for(500ms);
  const auto before = done.load();
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto rate = static_cast<double>(done - before) / took;
  stop = true;
  while (going > 0) {
    std::this_thread::sleep_for(10ms);
  }
  return rate;
}

std::string read_node(const std::string& connect, const std::string& path) {
  std::promise<std::string> data;
  session s{connect, [&data](const store::raw_completion& c) { data.set_value(c.read.data); }};
  s.submit(1, store::get(path));
  return data.get_future().get();
}

} // namespace djm::bench
