#include "djm/http.hpp"

#include <algorithm>
#include <fstream>
#include <future>
#include <random>
#include <utility>

#include <caf/all.hpp>

#include "djm/json.hpp"
#include "http/console/console_assets.hpp"
#include "http/server/daemon.hpp"

namespace djm {

namespace {

constexpr std::chrono::seconds first_answer{10};

/// The first line of the file, if it is one that a header and a cookie can carry.
expected<std::string> read_token(const std::string& path) {
  std::ifstream file{path};
  std::string line;
  if (!file || !std::getline(file, line)) {
    return fail(errc::invalid_config, "http_config::token_file is \"" + path + "\", which cannot be read or is empty");
  }
  constexpr std::size_t least = 16, most = 512;
  const bool plain = std::all_of(line.begin(), line.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-_.~"}.find(c) != std::string_view::npos;
  });
  if (line.size() < least || line.size() > most || !plain) {
    return fail(errc::invalid_config,
                "the token in \"" + path +
                  "\" must be 16 to 512 letters, digits, '-', '_', '.' and '~' on the first line");
  }
  return line;
}

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

std::vector<std::string> own_hosts(const http_config& c) {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "[::1]"};
  hosts.push_back(http::lower(c.address.find(':') == std::string::npos ? c.address : '[' + c.address + ']'));
  for (const auto& h : c.hosts) {
    hosts.push_back(http::lower(h));
  }
  return hosts;
}

} // namespace

struct http_server::impl {
  std::shared_ptr<http::bridge> to;
  std::shared_ptr<http::daemon> server;
  std::string host;
  std::uint16_t port = 0;

  void stop() {
    server->stop();
    to->stop();
  }

  using begin = std::function<expected<void>(const std::shared_ptr<http::bridge>&)>;
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
  if (auto ok = validate(config); !ok) {
    return tl::make_unexpected(ok.error());
  }
  http::core_settings settings;
  if (!config.token_file.empty()) {
    auto token = read_token(config.token_file);
    if (!token) {
      return tl::make_unexpected(token.error());
    }
    settings.gate.token = std::move(*token);
  }
  auto socket = http::listener::open(config.address, static_cast<std::uint16_t>(config.port));
  if (!socket) {
    return tl::make_unexpected(socket.error());
  }
  if (!socket->is_loopback() && settings.gate.token.empty()) {
    return fail(errc::invalid_config, "http_config::address is \"" + config.address +
                                        "\", which others reach: that needs http_config::token_file");
  }
  // Events come before there is a server that keeps them.
  auto late = std::make_shared<std::weak_ptr<http::daemon>>();
  auto guard = std::make_shared<std::mutex>();
  auto to = std::make_shared<http::bridge>([late, guard](const node_event& e) {
    std::unique_lock<std::mutex> lock{*guard};
    const auto server = late->lock();
    lock.unlock();
    if (server) {
      server->on_event(e);
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
  settings.node = *name;
  settings.gate.node = name->str();
  settings.gate.hosts = own_hosts(config);
  settings.gate.writes = config.allow_writes;
  settings.has_client = options.outside != nullptr;
  settings.assets = http::console_assets();
  if (options.shown) {
    settings.config_json = to_json_text(*options.shown);
  }
  auto x = std::make_shared<impl>();
  x->to = to;
  x->port = socket->port();
  x->host = config.address == "0.0.0.0" ? "127.0.0.1" : socket->is_v6() ? '[' + config.address + ']' : config.address;
  x->server = std::make_shared<http::daemon>(std::move(config), std::move(options), to, std::move(settings),
                                             http::event_ring{draw_life(), {}});
  {
    std::lock_guard<std::mutex> lock{*guard};
    *late = x->server;
  }
  if (auto ok = x->server->start(std::move(*socket)); !ok) {
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

expected<http_server> http_server::start(caf::actor_system& system, const node_actor& node, http_config config,
                                         http_options options) {
  const auto begin = [&](const std::shared_ptr<http::bridge>& to) -> expected<void> {
    to->start(system, node);
    return {};
  };
  return impl::start(begin, std::move(config), std::move(options));
}

expected<http_server> http_server::start(djm::node& node, http_config config, http_options options) {
  const auto begin = [&](const std::shared_ptr<http::bridge>& to) {
    return node.with_actor([&](caf::actor_system& system, const caf::actor& actor) {
      to->start(system, caf::actor_cast<node_actor>(actor));
    });
  };
  return impl::start(begin, std::move(config), std::move(options));
}

std::uint16_t http_server::port() const {
  return impl_ ? impl_->port : std::uint16_t{0};
}

std::string http_server::url() const {
  return impl_ ? "http://" + impl_->host + ':' + std::to_string(impl_->port) : std::string{};
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
