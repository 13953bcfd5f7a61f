#include "zkstore/zookeeper/connect_string.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace djm::store {

namespace {

tl::unexpected<error> refuse(std::string_view servers, std::string_view part, std::string_view rule) {
  return fail(errc::invalid_connect_string,
              fmt::format("connect string \"{}\": \"{}\" {}; expected \"host:port,host:port[/chroot]\"", servers, part, rule));
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  int value = 0;
  for (char c : text)
    value = value * 10 + (c - '0');
  return value >= 1 && value <= 65535;
}

bool is_chroot(std::string_view path) {
  if (path == "/")
    return true;
  while (!path.empty()) {
    path.remove_prefix(1);
    auto name = path.substr(0, path.find('/'));
    if (name.empty() || name == "." || name == "..")
      return false;
    path.remove_prefix(name.size());
  }
  return true;
}

} // namespace

expected<void> check_connect_string(const std::string& servers) {
  std::string_view rest{servers};
  for (char c : rest)
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f')
      return refuse(servers, servers, "holds white space or a control character");
  if (auto slash = rest.find('/'); slash != std::string_view::npos) {
    if (!is_chroot(rest.substr(slash)))
      return refuse(servers, rest.substr(slash), "is not a path");
    rest = rest.substr(0, slash);
  }
  for (;;) {
    auto part = rest.substr(0, rest.find(','));
    auto colon = part.rfind(':');
    if (part.empty())
      return refuse(servers, part, "names no server");
    if (colon == std::string_view::npos)
      return refuse(servers, part, "has no port");
    if (colon == 0)
      return refuse(servers, part, "has no host");
    if (!is_port(part.substr(colon + 1)))
      return refuse(servers, part, "has a port that is not a number from 1 to 65535");
    if (part.size() == rest.size())
      return {};
    rest.remove_prefix(part.size() + 1);
  }
}

} // namespace djm::store
