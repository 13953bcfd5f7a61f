#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>

namespace djm::test {

http_connection::http_connection(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

http_connection::~http_connection() {
  if (socket_ >= 0) {
    ::close(socket_);
  }
}

bool http_connection::send(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void http_connection::end_of_sending() {
  ::shutdown(socket_, SHUT_WR);
}

std::string http_connection::read(std::string_view until, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::string all;
  char buffer[16384];
  while (until.empty() || all.find(until) == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd p{socket_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&p, 1, static_cast<int>(left.count())) <= 0) {
      break;
    }
    const auto n = ::recv(socket_, buffer, sizeof buffer, 0);
    if (n <= 0) {
      ended_ = true;
      break;
    }
    all.append(buffer, static_cast<std::size_t>(n));
  }
  return all;
}

namespace {

bool begins_with(std::string_view text, std::string_view begin) {
  if (text.size() < begin.size()) {
    return false;
  }
  for (std::size_t i = 0; i < begin.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != std::tolower(static_cast<unsigned char>(begin[i]))) {
      return false;
    }
  }
  return true;
}

} // namespace

std::string http_reply::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    if (begins_with(line, std::string{name} + ": ")) {
      return std::string{line.substr(name.size() + 2)};
    }
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
  }
  return {};
}

http_reply parse_reply(std::string_view text) {
  http_reply r;
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos || text.size() < 12 || text.substr(0, 5) != "HTTP/") {
    return r;
  }
  r.status = std::atoi(std::string{text.substr(9, 3)}.c_str());
  r.head = text.substr(0, end);
  r.body = text.substr(end + 4);
  return r;
}

http_reply ask_http(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body,
                    const std::vector<std::string>& headers) {
  http_connection c{port};
  if (!c.is_open()) {
    return {};
  }
  auto text = std::string{method} + " " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  bool accepts = false;
  for (const auto& h : headers) {
    text += h + "\r\n";
    accepts = accepts || begins_with(h, "Accept:");
  }
  if (!accepts) {
    text += "Accept: application/json\r\n";
  }
  if (!body.empty()) {
    text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  c.send(text + "\r\n" + std::string{body});
  return parse_reply(c.read());
}

} // namespace djm::test
