#include <iostream>

#include "djm/node.hpp"

using namespace std::chrono_literals;

int main() {
  djm::node_config config;
  config.id = "node-1";              // unique in the cluster
  config.store.connect = "embedded"; // or "zk1:2181,zk2:2181,zk3:2181"

  auto node = djm::node::start(config);
  auto mail = djm::job_builder("mail")
                .items({"europe", "america", "asia"}) // the work pool, split over all nodes
                .every(1s)
                .run([](djm::job_context& ctx) {
                  for (const auto& item : ctx.items())
                    if (!ctx.stop_requested())
                      std::cout << "sending " + item.id + " under token " + std::to_string(item.token) + "\n";
                })
                .build();
  if (!node || !mail || !node->register_job(*mail))
    return 1;
  return node->run_until_signal() ? 0 : 1; // SIGINT or SIGTERM: gives its items back and leaves
}
