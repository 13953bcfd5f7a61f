#include "djm/http.hpp"

#include <future>
#include <random>
#include <utility>

#include <caf/all.hpp>

#include "djm/json.hpp"
#include "http/console/console_assets.hpp"
#include "http/server/daemon.hpp"
#include "http/server/http_listener.hpp"
#include "model/web_address.hpp"

namespace djm {

namespace {

constexpr std::chrono::seconds first_answer{10};

/// Names the life of a server in the ids of its events.
std::string draw_life() {
  std::random_device source;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 12; ++i) {
    text += digits[source() & 15];
  }
  return text;
}

/// The names that a request may have for it.
std::vector<std::string> own_hosts(const http_config& c) {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "[::1]"};
  hosts.push_back(http::lower(c.address.find(':') == std::string::npos ? c.address : '[' + c.address + ']'));
  if (const auto others = impl::parse_web_address(c.public_url)) {
    hosts.push_back(http::lower(others.host));
  }
  for (const auto& h : c.hosts) {
    hosts.push_back(http::lower(h));
  }
  return hosts;
}

} // namespace

struct http_server::impl {
  std::shared_ptr<http::bridge> to;
  std::shared_ptr<http::daemon> server;
  std::string url, public_url;
  std::uint16_t port = 0;

  void stop() {
    server->stop();
    to->stop();
  }

  using begin = std::function<expected<void>(const std::shared_ptr<http::bridge>&)>;
  static expected<http_server> start(const begin& ask_node, http_listener listener, http_options options);
  /// The same where nobody wants to know the port before.
  static expected<http_server> start(const begin& ask_node, http_config config, http_options options);
};

namespace {

/// The node's first answer: from it we know its name, and that it is there.
expected<node_id> name_of_node(http::bridge& to) {
  auto slot = std::make_shared<std::promise<http::material>>();
  auto answer = slot->get_future();
  to.fetch({true, false, true}, [slot](const http::material& m) { slot->set_value(m); });
  if (answer.wait_for(first_answer) != std::future_status::ready) {
    return fail(errc::timed_out, "http: the node does not answer");
  }
  const auto m = answer.get();
  if (!m.status) {
    return tl::make_unexpected(m.failed.value_or(error{errc::internal, "the node has no status"}));
  }
  return m.status->node;
}

} // namespace

expected<http_server> http_server::impl::start(const begin& ask_node, http_config config, http_options options) {
  auto listener = http_listener::open(std::move(config));
  return listener ? start(ask_node, std::move(*listener), std::move(options)) : tl::make_unexpected(listener.error());
}

expected<http_server> http_server::impl::start(const begin& ask_node, http_listener listener, http_options options) {
  const auto from = std::move(listener.impl_);
  if (!from) {
    return fail(errc::invalid_state, "http: this listener has been taken by another one, or by a server");
  }
  // Events come before there is a server that keeps them.
  auto late = std::make_shared<std::weak_ptr<http::daemon>>();
  auto guard = std::make_shared<std::mutex>();
  const auto server_now = [late, guard] {
    std::lock_guard<std::mutex> lock{*guard};
    return late->lock();
  };
  auto to = std::make_shared<http::bridge>(
    [server_now](const node_event& e) {
      if (const auto server = server_now()) {
        server->on_event(e);
      }
    },
    [server_now] {
      if (const auto server = server_now()) {
        server->on_lost();
      }
    });
  if (auto ok = ask_node(to); !ok) {
    return tl::make_unexpected(ok.error());
  }
  auto name = name_of_node(*to);
  if (!name) {
    to->stop();
    return tl::make_unexpected(name.error());
  }
  http::core_settings settings;
  settings.node = *name;
  settings.gate.node = name->str();
  settings.gate.token = std::move(from->token);
  settings.gate.hosts = own_hosts(from->config);
  settings.gate.writes = from->config.allow_writes;
  settings.has_client = options.outside != nullptr;
  settings.assets = http::console_assets();
  if (options.shown) {
    settings.config_json = to_json_text(*options.shown);
  }
  auto x = std::make_shared<impl>();
  x->to = to;
  x->port = from->socket.port();
  x->url = from->url();
  x->public_url = from->public_url();
  x->server = std::make_shared<http::daemon>(std::move(from->config), std::move(options), to, std::move(settings),
                                             http::event_ring{draw_life(), {}});
  {
    std::lock_guard<std::mutex> lock{*guard};
    *late = x->server;
  }
  if (auto ok = x->server->start(std::move(from->socket)); !ok) {
    to->stop();
    return tl::make_unexpected(ok.error());
  }
  return http_server{std::move(x)};
}

http_server::http_server(std::shared_ptr<impl> x) : impl_(std::move(x)) {}
http_server::http_server(http_server&&) noexcept = default;

http_server& http_server::operator=(http_server&& other) noexcept {
  http_server former{std::move(*this)};
  impl_ = std::move(other.impl_);
  return *this;
}

http_server::~http_server() {
  stop();
}

namespace {

using begin_asking = std::function<expected<void>(const std::shared_ptr<http::bridge>&)>;

begin_asking asking(caf::actor_system& system, const node_actor& node) {
  return [&system, node](const std::shared_ptr<http::bridge>& to) -> expected<void> {
    to->start(system, node);
    return {};
  };
}

begin_asking asking(djm::node& node) {
  return [&node](const std::shared_ptr<http::bridge>& to) {
    return node.with_actor([&](caf::actor_system& system, const caf::actor& actor) {
      to->start(system, caf::actor_cast<node_actor>(actor));
    });
  };
}

} // namespace

expected<http_server> http_server::start(caf::actor_system& system, const node_actor& node, http_config config,
                                         http_options options) {
  return impl::start(asking(system, node), std::move(config), std::move(options));
}
expected<http_server> http_server::start(caf::actor_system& system, const node_actor& node, http_listener socket,
                                         http_options options) {
  return impl::start(asking(system, node), std::move(socket), std::move(options));
}
expected<http_server> http_server::start(djm::node& node, http_config config, http_options options) {
  return impl::start(asking(node), std::move(config), std::move(options));
}
expected<http_server> http_server::start(djm::node& node, http_listener socket, http_options options) {
  return impl::start(asking(node), std::move(socket), std::move(options));
}

std::uint16_t http_server::port() const {
  return impl_ ? impl_->port : std::uint16_t{0};
}

std::string http_server::url() const {
  return impl_ ? impl_->url : std::string{};
}

std::string http_server::public_url() const {
  return impl_ ? impl_->public_url : std::string{};
}

http_status http_server::status() const {
  return impl_ ? impl_->server->status() : http_status{};
}

void http_server::stop() {
  if (impl_) {
    impl_->stop();
  }
}

} // namespace djm
