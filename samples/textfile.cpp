// A reporter of metrics: writes what Prometheus reads to a file, for the textfile collector of its node exporter.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "djm/metrics.hpp"
#include "djm/node.hpp"

class textfile final : public djm::metrics_reporter {
public:
  explicit textfile(std::string path) : path_(std::move(path)) {}

  void report(const djm::node_status& status) override {
    const auto fresh = path_ + ".new";
    std::ofstream out{fresh, std::ios::binary};
    out << djm::metrics_text(status);
    out.close();
    // In one step, so that nobody ever reads half of it.
    if (!out || std::rename(fresh.c_str(), path_.c_str()) != 0) {
      throw std::runtime_error{"cannot write " + path_}; // the log says so, and the next period tries again
    }
  }

  // What a node that has ended would say is not for ever.
  void stop() override { std::remove(path_.c_str()); }

private:
  std::string path_;
};

int main(int argc, char** argv) {
  djm::node_config config;
  config.id = "node-1";
  config.store.connect = "embedded";

  djm::node_options options;
  options.reporter = std::make_shared<textfile>(argc > 1 ? argv[1] : "djm.prom");
  options.report_period = std::chrono::seconds{15};
  auto node = djm::node::start(config, std::move(options));
  if (!node) {
    std::cerr << djm::to_string(node.error()) << "\n";
    return 1;
  }
  return node->run_until_signal() ? 0 : 1;
}
