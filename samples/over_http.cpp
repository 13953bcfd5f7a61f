// A node with its HTTP interface: metrics, the job model, and the console for a browser.
#include <iostream>

#include "djm/http.hpp"

int complain(const djm::error& e) {
  std::cerr << djm::to_string(e) << "\n";
  return 1;
}

int main() {
  djm::node_config config;
  config.id = "node-1";
  config.store.connect = "embedded";

  djm::http_config http;
  http.port = 8080;         // 0: any that is free
  http.allow_writes = true; // read-only otherwise
  auto listener = djm::http_listener::open(http);
  if (!listener) {
    return complain(listener.error()); // "cannot listen on 127.0.0.1 port 8080: bind: Address already in use"
  }

  djm::node_options told;
  told.http_url = listener->public_url(); // so that others find it
  auto node = djm::node::start(config, std::move(told));
  if (!node) {
    return complain(node.error());
  }

  djm::http_options options;
  options.shown = config; // GET /v1/config, without secrets
  options.on_write = [](const djm::http_write& w) {
    std::cout << w.who + ": " + w.what + " " + w.target + " -> " + std::to_string(w.status) + "\n";
  };
  auto server = djm::http_server::start(*node, std::move(*listener), options);
  if (!server) {
    return complain(server.error());
  }
  std::cout << "console: " + server->url() + "\n";

  if (auto ok = node->run_until_signal(); !ok) {
    return complain(ok.error());
  }
  return 0;
}
