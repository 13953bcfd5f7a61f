#include "zookeeper_server.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "sockets.hpp"

namespace djm::test {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* zookeeper_jar = "/usr/share/java/zookeeper.jar";
// Without it the server's log goes nowhere, out-of-memory errors included.
constexpr const char* log_jar = "/usr/share/java/slf4j-simple.jar";

constexpr int attempts = 5;
constexpr seconds start_limit{60};

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders{path != nullptr ? path : "/usr/bin:/bin"};
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (std::filesystem::exists(std::filesystem::path{folder} / program)) {
      return true;
    }
  }
  return false;
}

} // namespace

bool zookeeper_available() {
  return in_path("java") && std::filesystem::exists(zookeeper_jar) && std::filesystem::exists(log_jar);
}

zookeeper_server::zookeeper_server(server_settings settings, server_place place, int number)
  : settings_{settings}, place_{std::move(place)}, number_{number}, dir_{std::make_unique<temp_dir>("djm-zookeeper")} {
  if (!zookeeper_available()) {
    throw std::runtime_error{"ZooKeeper is not installed: apt-get install default-jre-headless libzookeeper-java "
                             "libslf4j-java"};
  }
  pick_ports();
}

zookeeper_server::zookeeper_server(server_settings settings) : zookeeper_server{settings, server_place{}, 0} {
  for (int attempt = 1;; ++attempt) {
    start({});
    if (ready_before(clock::now() + start_limit)) {
      return;
    }
    // Most likely somebody took the port in between.
    if (attempt == attempts || process_.running()) {
      throw std::runtime_error{"ZooKeeper does not get ready; its log:\n" + log()};
    }
    pick_ports();
  }
}

void zookeeper_server::pick_ports() {
  // Held together until all are known, so that they differ.
  auto client = listen_on(0), peer = listen_on(0), election = listen_on(0);
  if (!client || !peer || !election) {
    throw std::runtime_error{"no free ports on loopback"};
  }
  port_ = port_of(client);
  peer_port_ = port_of(peer);
  election_port_ = port_of(election);
}

void zookeeper_server::start(const std::string& members) {
  members_ = members;
  auto data = dir_->path() / "data";
  auto config = dir_->path() / "zoo.cfg";
  std::filesystem::create_directories(data);
  std::ofstream{config} << "tickTime=" << settings_.tick.count() << "\nminSessionTimeout=" << 2 * settings_.tick.count()
                        << "\nmaxSessionTimeout=120000\ndataDir=" << data.string() << "\nclientPort=" << port_
                        << "\nclientPortAddress=" << place_.address
                        << "\nadmin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\ninitLimit="
                        << settings_.init_limit << "\nsyncLimit=" << settings_.sync_limit << "\n"
                        << members;
  if (!members.empty()) {
    std::ofstream{data / "myid"} << number_ << "\n";
  }
  process_options options;
  options.arguments = {"java",
                       "-Xms64m",
                       "-Xmx512m",
                       "-XX:+UseSerialGC",
                       "-XX:TieredStopAtLevel=1",
                       "-Dzookeeper.forceSync=no",
                       "-Dzookeeper.preAllocSize=1024",
                       "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                       "-Djute.maxbuffer=" +
                         std::to_string(settings_.packet_limit > 0 ? settings_.packet_limit : 0xfffff),
                       "-cp",
                       std::string{zookeeper_jar} + ":" + log_jar,
                       "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                       config.string()};
  options.working_directory = dir_->path().string();
  options.network_namespace = place_.network_namespace;
  options.error_file = (dir_->path() / "log").string();
  process_ = child_process{options};
}

bool zookeeper_server::ready_before(clock::time_point end) {
  while (clock::now() < end && process_.running()) {
    // A server of somebody else may answer on our port; ours has ended then.
    if (mode()) {
      return process_.running();
    }
    std::this_thread::sleep_for(milliseconds{20});
  }
  return false;
}

std::string zookeeper_server::connect_string() const {
  return place_.address + ":" + std::to_string(port_);
}

std::optional<std::string> zookeeper_server::command(const std::string& word) {
  return ask(place_.address, port_, word, seconds{2});
}

std::optional<std::string> zookeeper_server::mode() {
  auto answer = command("srvr");
  const std::string mark = "Mode: ";
  auto begin = answer ? answer->find(mark) : std::string::npos;
  if (begin == std::string::npos) {
    return std::nullopt;
  }
  begin += mark.size();
  return answer->substr(begin, answer->find('\n', begin) - begin);
}

void zookeeper_server::wipe() {
  kill();
  std::filesystem::remove_all(dir_->path() / "data");
}

void zookeeper_server::keep_copy() {
  kill();
  std::filesystem::remove_all(dir_->path() / "copy");
  std::filesystem::copy(dir_->path() / "data", dir_->path() / "copy", std::filesystem::copy_options::recursive);
}

void zookeeper_server::go_back() {
  wipe();
  std::filesystem::copy(dir_->path() / "copy", dir_->path() / "data", std::filesystem::copy_options::recursive);
}

void zookeeper_server::restart() {
  kill();
  // A port of a client that went away may be taken for a moment; the data must stay on this one.
  for (int attempt = 1; attempt <= attempts; ++attempt) {
    start(members_);
    if (ready_before(clock::now() + start_limit)) {
      return;
    }
    if (process_.running()) {
      break;
    }
  }
  throw std::runtime_error{"ZooKeeper does not get ready again; its log:\n" + log()};
}

void zookeeper_server::launch() {
  kill();
  start(members_);
}

bool zookeeper_server::wait_ready(milliseconds limit) {
  return ready_before(clock::now() + limit);
}

std::filesystem::path zookeeper_server::logs() const {
  return dir_->path() / "data" / "version-2";
}

std::string zookeeper_server::log() const {
  std::ifstream file{dir_->path() / "log"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// -- ensemble -----------------------------------------------------------------

zookeeper_ensemble::zookeeper_ensemble(std::size_t size, server_settings settings)
  : zookeeper_ensemble{std::vector<server_place>(size), settings} {
  // nop
}

zookeeper_ensemble::zookeeper_ensemble(const std::vector<server_place>& places, server_settings settings) {
  for (int attempt = 1;; ++attempt) {
    std::string members;
    for (std::size_t i = 0; i < places.size(); ++i) {
      servers_.push_back(std::make_unique<zookeeper_server>(settings, places[i], static_cast<int>(i + 1)));
      auto& server = *servers_.back();
      members += "server." + std::to_string(i + 1) + "=" + places[i].address + ":" + std::to_string(server.peer_port_) +
                 ":" + std::to_string(server.election_port_) + "\n";
    }
    for (auto& server : servers_) {
      server->start(members);
    }
    auto end = clock::now() + start_limit;
    if (std::all_of(servers_.begin(), servers_.end(), [&](auto& server) { return server->ready_before(end); })) {
      return;
    }
    std::string logs;
    for (auto& server : servers_) {
      logs += server->log();
    }
    servers_.clear();
    if (attempt == attempts) {
      throw std::runtime_error{"the ensemble does not get ready; its logs:\n" + logs};
    }
  }
}

std::string zookeeper_ensemble::connect_string() const {
  std::string all;
  for (auto& server : servers_) {
    all += (all.empty() ? "" : ",") + server->connect_string();
  }
  return all;
}

std::size_t zookeeper_ensemble::leader(milliseconds limit) {
  auto end = clock::now() + limit;
  do {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (servers_[i]->running() && servers_[i]->mode() == "leader") {
        return i;
      }
    }
    std::this_thread::sleep_for(milliseconds{20});
  } while (clock::now() < end);
  throw std::runtime_error{"no leader"};
}

std::size_t zookeeper_ensemble::follower() {
  auto first = leader();
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (i != first && servers_[i]->mode() == "follower") {
      return i;
    }
  }
  throw std::runtime_error{"no follower"};
}

} // namespace djm::test
