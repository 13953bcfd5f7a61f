#include "http/server/http_listener.hpp"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>

namespace djm {

namespace {

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

} // namespace

std::string http_listener::impl::url() const {
  const auto own = socket.is_v6() ? '[' + config.address + ']' : config.address;
  const auto here = socket.is_v6() ? std::string{"[::1]"} : std::string{"127.0.0.1"};
  return "http://" + (socket.is_any() ? here : own) + ':' + std::to_string(socket.port());
}

std::string http_listener::impl::public_url() const {
  return !config.public_url.empty() ? config.public_url : socket.is_any() ? std::string{} : url();
}

http_listener::http_listener(std::unique_ptr<impl> x) : impl_(std::move(x)) {}
http_listener::http_listener(http_listener&&) noexcept = default;
http_listener& http_listener::operator=(http_listener&&) noexcept = default;
http_listener::~http_listener() = default;

expected<http_listener> http_listener::open(http_config config) {
  if (auto ok = validate(config); !ok) {
    return tl::make_unexpected(ok.error());
  }
  std::string token;
  if (!config.token_file.empty()) {
    auto read = read_token(config.token_file);
    if (!read) {
      return tl::make_unexpected(read.error());
    }
    token = std::move(*read);
  }
  auto socket = http::listener::open(config.address, static_cast<std::uint16_t>(config.port));
  if (!socket) {
    return tl::make_unexpected(socket.error());
  }
  if (!socket->is_loopback() && token.empty()) {
    return fail(errc::invalid_config, "http_config::address is \"" + config.address +
                                        "\", which others reach: that needs http_config::token_file");
  }
  return http_listener{std::unique_ptr<impl>{new impl{std::move(config), std::move(token), std::move(*socket)}}};
}

std::uint16_t http_listener::port() const {
  return impl_ ? impl_->socket.port() : std::uint16_t{0};
}

std::string http_listener::url() const {
  return impl_ ? impl_->url() : std::string{};
}

std::string http_listener::public_url() const {
  return impl_ ? impl_->public_url() : std::string{};
}

} // namespace djm
