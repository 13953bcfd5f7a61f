#include "model/connect_string.hpp"

#include <algorithm>
#include <charconv>

#include "model/text.hpp"

namespace djm::impl {

namespace {

constexpr std::size_t max_host_length = 253;

bool is_host_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool is_address_char(char c) noexcept {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

bool is_host(std::string_view host) noexcept {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    const auto address = host.substr(1, host.size() - 2);
    return address.size() <= 45 && std::count(address.begin(), address.end(), ':') >= 2 &&
           std::all_of(address.begin(), address.end(), is_address_char);
  }
  return !host.empty() && host.size() <= max_host_length && std::all_of(host.begin(), host.end(), is_host_char);
}

// No leading zeros: C libraries like to read those as octal.
bool is_port(std::string_view text) noexcept {
  unsigned port = 0;
  if (text.substr(0, 1) == "0") {
    return false;
  }
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
  return status == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

// Why one "host:port" is none; empty when it is.
std::string fault_of(std::string_view server) {
  if (server.empty()) {
    return "a server is empty";
  }
  const auto what = "server " + quote(server) + " ";
  if (server.find('/') != std::string_view::npos) {
    return what + "carries a path, which belongs into store.root";
  }
  const auto colon = server.rfind(':');
  const auto bracket = server.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && bracket > colon)) {
    return what + "has no port";
  }
  if (!is_host(server.substr(0, colon))) {
    return what + "has no valid host name, IPv4 address or IPv6 address in brackets";
  }
  if (!is_port(server.substr(colon + 1))) {
    return what + "has no port from 1 to 65535";
  }
  return {};
}

} // namespace

expected<void> check_connect_string(std::string_view text) {
  auto rest = text;
  for (;;) {
    const auto comma = rest.find(',');
    if (const auto fault = fault_of(rest.substr(0, comma)); !fault.empty()) {
      return fail(errc::invalid_connect_string,
                  quote(text) + ": " + fault + "; it must be embedded or host:port[,host:port]...");
    }
    if (comma == std::string_view::npos) {
      return {};
    }
    rest.remove_prefix(comma + 1);
  }
}

} // namespace djm::impl
