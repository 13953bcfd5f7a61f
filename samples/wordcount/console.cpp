#include "console.hpp"

#include <csignal>
#include <ctime>
#include <iostream>
#include <utility>

#ifdef WORDCOUNT_HTTP
#  include "djm/http.hpp"
#endif

namespace wordcount {

#ifdef WORDCOUNT_HTTP

namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int) {
  interrupted = 1;
}

} // namespace

struct console::parts {
  djm::http_listener socket;
};

std::unique_ptr<console> console::open() {
  djm::http_config config;
  config.allow_writes = true;
  auto socket = djm::http_listener::open(config);
  if (!socket) {
    std::cerr << to_string(socket.error()) << "\n";
    return nullptr;
  }
  return std::unique_ptr<console>{new console{std::unique_ptr<parts>{new parts{std::move(*socket)}}}};
}

std::string console::address() const {
  return parts_->socket.public_url();
}

bool console::show(caf::actor_system& system, const djm::node_actor& node) {
  auto server = djm::http_server::start(system, node, std::move(parts_->socket));
  if (!server) {
    std::cerr << to_string(server.error()) << "\n";
    return false;
  }
  std::cout << "\nconsole: " << server->url() << " (Ctrl-C ends the demonstration)" << std::endl;
  sigset_t signals;
  sigset_t former;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Blocked but while we wait, so that none is lost in between.
  pthread_sigmask(SIG_BLOCK, &signals, &former);
  struct sigaction noting = {};
  struct sigaction before = {};
  noting.sa_handler = note_interrupt;
  sigaction(SIGINT, &noting, &before);
  sigaction(SIGTERM, &noting, nullptr);
  while (interrupted == 0) {
    const timespec second{1, 0};
    if (sigtimedwait(&signals, nullptr, &second) > 0) {
      interrupted = 1;
    }
  }
  sigaction(SIGINT, &before, nullptr);
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
  return true;
}

#else

struct console::parts {};

std::unique_ptr<console> console::open() {
  std::cerr << "this djm was built without HTTP (DJM_HTTP)\n";
  return nullptr;
}

std::string console::address() const {
  return {};
}

bool console::show(caf::actor_system&, const djm::node_actor&) {
  return false;
}

#endif

console::console(std::unique_ptr<parts> x) : parts_(std::move(x)) {}
console::~console() = default;

} // namespace wordcount
