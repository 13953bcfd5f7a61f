#include <chrono>
#include <stdexcept>

#include "backend.hpp"
#include "port_client.hpp"
#include "session_killer.hpp"
#include "tcp_proxy.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"
#include "zookeeper_server.hpp"

namespace djm::contract {

namespace {

/// A server of its own, reached through a relay that can break connections.
class zookeeper_backend final : public backend {
public:
  store::session_factory& factory() override { return factory_; }

  store::session_options options() override { return {proxy_.connect_string(), std::chrono::seconds{2}, {}}; }

  std::string fresh_root() override {
    auto path = "/contract-" + std::to_string(++roots_);
    test::port_client helper{factory_, {server_.connect_string(), std::chrono::seconds{30}, {}}};
    if (helper.transact({store::create_op{path, ""}}).code != store::rc::ok) {
      throw std::runtime_error{"cannot create " + path};
    }
    helper.close();
    return path;
  }

  void expire_session(store::session_id_t id) override {
    // Else the owner may come back in between, and lose the session once more.
    proxy_.hold();
    test::kill_session("127.0.0.1", server_.port(), id);
    proxy_.heal();
  }

  void freeze() override { server_.pause(); }
  void thaw() override { server_.resume(); }

  void break_connections() override {
    proxy_.cut();
    proxy_.heal();
  }

private:
  test::zookeeper_server server_{test::server_settings{std::chrono::milliseconds{200}}};
  test::tcp_proxy proxy_{"127.0.0.1", server_.port()};
  store::zookeeper_factory factory_;
  int roots_ = 0;
};

} // namespace

std::unique_ptr<backend> make_backend() {
  return std::make_unique<zookeeper_backend>();
}

} // namespace djm::contract
