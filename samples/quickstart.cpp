#include <iostream>

#include "djm/node.hpp"

using namespace std::chrono_literals;

int complain(const djm::error& e) {
  std::cerr << djm::to_string(e) << "\n"; // what is wrong with which value, and the rule
  return 1;
}

int main() {
  djm::node_config config;
  config.id = "node-1";              // unique in the cluster
  config.store.connect = "embedded"; // or "zk1:2181,zk2:2181,zk3:2181"

  djm::job_builder mail("mail");
  mail.items({"europe", "america", "asia"}); // the work pool, split over all nodes
  mail.every(1s);
  mail.run([](djm::job_context& ctx) {
    for (const auto& item : ctx.items()) {
      if (!ctx.stop_requested()) {
        std::cout << "sending " + item.id + " under token " + std::to_string(item.token) + "\n";
      }
    }
  });

  auto node = djm::node::start(config);
  if (!node) {
    return complain(node.error());
  }
  if (auto ok = node->register_job(mail); !ok) {
    return complain(ok.error());
  }
  if (auto ok = node->run_until_signal(); !ok) { // SIGINT or SIGTERM: gives its items back and leaves
    return complain(ok.error());
  }
  return 0;
}
