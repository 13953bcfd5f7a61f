#pragma once

#include <string>

#include "djm/node_config.hpp"

namespace wordcount {

struct options {
  std::string id = "node-1";
  std::string connect = "embedded";
  std::string root = "/wordcount";
  std::string files = ".";
  std::string journal = "wordcount.journal";
  djm::duration period = std::chrono::milliseconds{200};
  djm::duration session_timeout = std::chrono::seconds{2};
  djm::duration detach = std::chrono::seconds{2};
  djm::duration stop_grace = std::chrono::milliseconds{300};
  /// How often the directory is looked at again.
  djm::duration rescan = std::chrono::seconds{1};
  /// Items of a second job whose runs last `slow_lasts`; 0 = no such job.
  unsigned slow_items = 0;
  djm::duration slow_lasts = std::chrono::seconds{5};
  /// Report status lines on stdout.
  bool quiet = false;
  bool demo = false;
  bool zookeeper = false;
  bool console = false;
  /// The program that starts a ZooKeeper server, for the demo; from the environment (DJM_ZK_SERVER) unless given.
  std::string zk_server;
};

/// Reads the command line. Complains about unknown options and bad values, naming both.
djm::expected<options> parse(int argc, char** argv);

std::string usage();

/// The configuration of the node that these options describe.
djm::node_config node_config_of(const options& o);

/// Shows three nodes at work, one leaving gently and one dying; returns the exit status.
int run_demo(const options& o, const std::string& program);

} // namespace wordcount
