#include "processes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "port_client.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

namespace djm::test {

std::int64_t wall_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

process_cluster::process_cluster(std::string connect, std::size_t files, unsigned slow)
  : connect_(std::move(connect)), slow_(slow), dir_("djm-cluster") {
  std::filesystem::create_directories(dir_.path() / "files");
  for (std::size_t i = 0; i < files; ++i) {
    files_.push_back("file-" + std::to_string(i));
    std::ofstream{dir_.path() / "files" / files_.back()} << "some words of file " << i << "\n";
  }
}

void process_cluster::start(const std::string& id, const std::string& network_namespace, const std::string& connect) {
  process_options o;
  o.arguments = {DJM_WORDCOUNT,
                 "--id",
                 id,
                 "--connect",
                 connect.empty() ? connect_ : connect,
                 "--files",
                 (dir_.path() / "files").string(),
                 "--journal",
                 (dir_.path() / "journal").string(),
                 "--period",
                 "200ms",
                 "--session-timeout",
                 "2s",
                 "--detach",
                 "2s",
                 "--slow",
                 std::to_string(slow_),
                 "--quiet"};
  o.network_namespace = network_namespace;
  o.error_file = (dir_.path() / (id + ".log")).string();
  nodes_[id] = std::make_unique<child_process>(o);
}

namespace {

/// Whether the process has a file locked, by the kernel's list: "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF", with
/// an arrow in those that wait.
bool holds_a_lock(pid_t pid) {
  std::ifstream in{"/proc/locks"};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string number;
    std::string type;
    std::string advisory;
    std::string mode;
    pid_t holder = 0;
    if (words >> number >> type >> advisory >> mode >> holder && type == "FLOCK" && holder == pid) {
      return true;
    }
  }
  return false;
}

} // namespace

void process_cluster::freeze(const std::string& id) {
  auto& process = *nodes_.at(id);
  REQUIRE(eventually(
    [&] {
      process.pause();
      if (!holds_a_lock(process.pid())) {
        return true;
      }
      process.resume();
      return false;
    },
    std::chrono::seconds{20}));
}

std::vector<journal_record> process_cluster::journal() const {
  return read_journal((dir_.path() / "journal").string());
}

std::string process_cluster::holder(const std::string& id) const {
  std::string found;
  for (const auto& r : journal()) {
    if (r.node == id) {
      found = r.node + "/" + r.incarnation;
    }
  }
  return found;
}

std::vector<std::string> process_cluster::items_of(const std::string& id) const {
  std::map<std::string, std::string> last;
  for (const auto& r : journal()) {
    if (r.what == "start" && r.item.rfind("file-", 0) == 0) {
      last[r.item] = r.node;
    }
  }
  std::vector<std::string> mine;
  for (const auto& [item, node] : last) {
    if (node == id) {
      mine.push_back(item);
    }
  }
  return mine;
}

std::int64_t process_cluster::recovery(std::int64_t after, const std::vector<std::string>& items,
                                       const std::string& without, milliseconds limit) const {
  std::int64_t at = -1;
  eventually(
    [&] {
      at = all_started_by(journal(), items, after, without);
      return at >= 0;
    },
    limit);
  return at < 0 ? -1 : at - after;
}

bool process_cluster::all_running(milliseconds limit) const {
  const auto now = wall_ms();
  return recovery(now, files_, "", limit) >= 0;
}

std::string process_cluster::leader() {
  store::zookeeper_factory factory;
  store::session_options options;
  options.servers = connect_;
  port_client client{factory, options};
  store::tree_schema tree{"/wordcount"};
  auto x = client.read(store::children(tree.latches()));
  client.close();
  std::string lowest;
  for (const auto& name : x.read.children) {
    if (lowest.empty() || store::sequence_of(name) < store::sequence_of(lowest)) {
      lowest = name;
    }
  }
  for (const auto& [id, process] : nodes_) {
    if (lowest.rfind(id + "-", 0) == 0) {
      return id;
    }
  }
  return {};
}

} // namespace djm::test
