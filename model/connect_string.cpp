#include "model/connect_string.hpp"

#include <algorithm>
#include <charconv>

#include "model/paths.hpp"
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

namespace {

constexpr std::string_view default_port = ":2181";

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// "host" and "[::1]" get the default port, a bare "::1" brackets as well: a port behind it could not be told apart.
std::string with_port(std::string_view server) {
  std::string result{server};
  if (std::count(server.begin(), server.end(), ':') >= 2 && server.front() != '[') {
    result = "[" + result + "]";
  }
  const auto colon = result.rfind(':');
  const auto bracket = result.rfind(']');
  if (colon == std::string::npos || (bracket != std::string::npos && bracket > colon)) {
    result += default_port;
  }
  return result;
}

} // namespace

expected<store_place> place_of_store(std::string_view text) {
  auto rest = trim(text);
  store_place place;
  if (rest == "embedded") {
    place.servers = "embedded";
    return place;
  }
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    auto path = rest.substr(slash);
    rest = rest.substr(0, slash);
    if (path.size() > 1 && path.back() == '/') {
      path.remove_suffix(1);
    }
    if (path != "/" && !is_store_path(path)) {
      return fail(errc::invalid_connect_string,
                  quote(text) + ": the path " + quote(path) + " behind the servers is none of the store");
    }
    place.chroot = path == "/" ? "" : std::string{path};
  }
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    if (const auto server = trim(rest.substr(0, comma)); !server.empty()) {
      place.servers += (place.servers.empty() ? "" : ",") + with_port(server);
    }
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  if (auto ok = check_connect_string(place.servers); !ok) {
    return fail(errc::invalid_connect_string,
                place.servers.empty()
                  ? quote(text) + " names no server; it must be embedded or host[:port][,...][/path]"
                  : ok.error().text);
  }
  return place;
}

std::string join_paths(std::string_view above, std::string_view path) {
  return above.empty() || above == "/" ? std::string{path}
         : path == "/"                 ? std::string{above}
                                       : std::string{above} + std::string{path};
}

} // namespace djm::impl
