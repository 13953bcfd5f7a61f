#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness.hpp"
#include "netns.hpp"
#include "tcp_proxy.hpp"
#include "zookeeper_server.hpp"

namespace djm::test {

/// Three servers, and a network between them and the nodes that can be disturbed: with network namespaces as root (see
/// `net_lab`), else with a TCP proxy per node and server. One for all tests of an executable. Not thread-safe.
class fault_world {
public:
  static constexpr std::size_t servers = 3;
  static constexpr std::size_t most_nodes = 6;

  /// DJM_FAULTS_PROXY in the environment: proxies even where namespaces are possible.
  static fault_world& instance();

  bool has_namespaces() const { return net_.has_value(); }
  zookeeper_ensemble& ensemble() { return *ensemble_; }
  /// All servers, as our own process reaches them.
  std::string connect_string() const { return ensemble_->connect_string(); }

  // -- nodes: each number is a host of its own --

  /// Where a process of this node runs and what it connects to. `over_proxies`: in any case over proxies, which can
  /// delay.
  std::string namespace_of(std::size_t node, bool over_proxies) const;
  std::string connect_string_of(std::size_t node, bool over_proxies);
  void cut_node(std::size_t node);
  void heal_node(std::size_t node);
  /// Each way; zero ends it. Only what runs over proxies is slowed down.
  void slow_node(std::size_t node, milliseconds each_way);

  // -- servers --

  std::size_t leader() { return ensemble_->leader(); }
  std::size_t follower() { return ensemble_->follower(); }
  void kill_server(std::size_t server) { (*ensemble_)[server].kill(); }
  void start_server(std::size_t server) { (*ensemble_)[server].launch(); }
  void pause_server(std::size_t server) { (*ensemble_)[server].pause(); }
  void resume_server(std::size_t server) { (*ensemble_)[server].resume(); }
  /// From its peers and from all clients; without namespaces from the clients only.
  void cut_server(std::size_t server);
  /// From its peers, while its clients stay connected. Needs namespaces.
  void cut_server_from_peers(std::size_t server);
  void heal_server(std::size_t server);
  bool servers_serve();
  /// Waits until all three serve; throws when they do not.
  void await_servers();

  /// Another root at each call.
  std::string fresh_root();

private:
  fault_world();
  std::vector<std::unique_ptr<tcp_proxy>>& proxies_of(std::size_t node);

  std::optional<net_lab> net_;
  std::unique_ptr<zookeeper_ensemble> ensemble_;
  std::vector<std::vector<std::unique_ptr<tcp_proxy>>> proxies_{most_nodes};
  int roots_ = 0;
};

} // namespace djm::test
