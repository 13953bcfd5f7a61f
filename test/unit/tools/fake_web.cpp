#include "fake_web.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>
#include <utility>

#include "djm/json.hpp"

namespace djm::test {

namespace {

/// How long it sleeps at most before it sees that it is over.
constexpr int nap_ms = 20;

bool ready(int fd, short what) {
  pollfd entry{fd, what, 0};
  return ::poll(&entry, 1, nap_ms) > 0;
}

} // namespace

fake_web::fake_web() : fake_web(std::string{}) {}

fake_web::fake_web(std::string answer) : listener_(listen_on(0)), answer_(std::move(answer)) {
  if (!listener_) {
    throw std::runtime_error{"no free port"};
  }
  port_ = port_of(listener_);
  thread_ = std::thread{[this] { serve(); }};
}

fake_web::~fake_web() {
  over_ = true;
  thread_.join();
}

std::vector<std::string> fake_web::requests() const {
  std::lock_guard<std::mutex> lock{guard_};
  return requests_;
}

void fake_web::serve() {
  while (!over_) {
    if (!ready(listener_.get(), POLLIN)) {
      continue;
    }
    const socket_fd peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    std::string head;
    char buffer[4096];
    bool there = static_cast<bool>(peer);
    while (!over_ && there && head.find("\r\n\r\n") == std::string::npos) {
      if (ready(peer.get(), POLLIN)) {
        const auto n = ::recv(peer.get(), buffer, sizeof buffer, 0);
        there = n > 0;
        head.append(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
      }
    }
    {
      std::lock_guard<std::mutex> lock{guard_};
      requests_.push_back(head);
    }
    std::size_t sent = 0;
    while (!over_ && there && sent < answer_.size()) {
      if (ready(peer.get(), POLLOUT)) {
        const auto n = ::send(peer.get(), answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
        there = n > 0;
        sent += n > 0 ? static_cast<std::size_t>(n) : 0;
      }
    }
    // Without an answer the other one ends it.
    while (!over_ && there && answer_.empty()) {
      there = !ready(peer.get(), POLLIN) || ::recv(peer.get(), buffer, sizeof buffer, 0) > 0;
    }
  }
}

std::string web_answer(const std::string& body, const std::string& status) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

std::string web_answer(const http::run_page& page) {
  return web_answer(to_json_text(page));
}

} // namespace djm::test
