#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "temp_dir.hpp"

namespace djm::test {

struct server_settings {
  /// Smallest unit of the server's time: sessions expire in steps of it, the shortest session is two of them.
  std::chrono::milliseconds tick{500};
  /// Followers that fall behind by this many ticks are dropped.
  int sync_limit = 4;
  int init_limit = 10;
  /// jute.maxbuffer: what the server takes in one packet; 0: as it comes.
  std::size_t packet_limit = 0;
};

/// Whether a server can be started here: java, zookeeper.jar and slf4j-simple.jar (Debian's `default-jre-headless`,
/// `libzookeeper-java`, `libslf4j-java`).
bool zookeeper_available();

/// One place of an ensemble: how the others reach it, and where it runs.
struct server_place {
  std::string address = "127.0.0.1";
  /// Network namespace to run in; empty: our own.
  std::string network_namespace;
};

/// One ZooKeeper server from Debian's files: data in a temporary directory of its own, killed with us. Start it from a
/// thread that lives as long as it. Not thread-safe.
class zookeeper_server {
public:
  /// A server that stands alone, ready. Throws `std::runtime_error` with the server's log when it does not get ready.
  explicit zookeeper_server(server_settings settings = {});

  /// A member of an ensemble, not started: see `zookeeper_ensemble`.
  zookeeper_server(server_settings settings, server_place place, int number);

  std::uint16_t port() const noexcept { return port_; }
  const std::string& address() const noexcept { return place_.address; }
  /// "address:port"
  std::string connect_string() const;
  /// "standalone", "leader", "follower"; nothing when it does not serve (now).
  std::optional<std::string> mode();
  bool running() { return process_.running(); }
  pid_t pid() const noexcept { return process_.pid(); }

  void pause() { process_.pause(); }
  void resume() { process_.resume(); }
  /// SIGKILL; the data stays.
  void kill() { process_.kill(); }
  /// SIGKILL, and all data is gone; `restart` brings up an empty server.
  void wipe();
  /// SIGKILL, and a copy of the data is kept.
  void keep_copy();
  /// SIGKILL, and the data is that of the copy again.
  void go_back();
  /// Starts on the same data and port, and waits until it serves. Throws as the constructor does.
  void restart();
  /// Starts on the same data and port without waiting: a member of an ensemble serves when there is a quorum.
  void launch();
  /// Whether it serves within `limit`.
  bool wait_ready(std::chrono::milliseconds limit);
  /// Where its transaction logs are.
  std::filesystem::path logs() const;
  /// A four-letter command ("srvr", "wchs", "cons"); nothing without an answer in 2 s.
  std::optional<std::string> command(const std::string& word);
  std::string log() const;

private:
  friend class zookeeper_ensemble;

  void pick_ports();
  void start(const std::string& members);
  bool ready_before(std::chrono::steady_clock::time_point end);

  server_settings settings_;
  server_place place_;
  int number_ = 0;
  std::uint16_t port_ = 0;
  std::uint16_t peer_port_ = 0;
  std::uint16_t election_port_ = 0;
  std::string members_;
  std::unique_ptr<temp_dir> dir_;
  child_process process_;
};

/// Servers that form a quorum.
class zookeeper_ensemble {
public:
  explicit zookeeper_ensemble(std::size_t size = 3, server_settings settings = {});
  /// Each in its place, for example in namespaces of its own.
  zookeeper_ensemble(const std::vector<server_place>& places, server_settings settings);

  std::size_t size() const noexcept { return servers_.size(); }
  zookeeper_server& operator[](std::size_t index) { return *servers_.at(index); }
  /// All servers, comma-separated.
  std::string connect_string() const;
  /// Index of the leader; throws when there is none within `limit`.
  std::size_t leader(std::chrono::milliseconds limit = std::chrono::seconds{60});
  /// Index of some follower.
  std::size_t follower();

private:
  std::vector<std::unique_ptr<zookeeper_server>> servers_;
};

} // namespace djm::test
