#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "harness.hpp"
#include "temp_dir.hpp"
#include "zookeeper_server.hpp"

namespace djm::test {

/// Three nodes that stay, in this process, and what happens around them: nodes that come and leave, in this process and
/// in others, gently and by SIGKILL; sessions that are ended behind their backs; jobs that come and go, are disabled
/// and triggered; pools that change; runs that throw. All drawn from a seed.
class churn {
public:
  churn(zookeeper_server& server, std::uint64_t seed);
  ~churn();

  /// One thing happens.
  void step();
  /// Ends everything that was meant to pass and waits until the cluster is calm; throws when it does not become so.
  void calm_down();

  const std::vector<node>& nodes() const { return nodes_; }
  const std::string& root() const { return root_; }
  /// How often each thing happened.
  const std::map<std::string, int>& happened() const { return happened_; }

private:
  struct shared_pool {
    std::atomic<std::size_t> items{30};
    std::atomic<std::uint32_t> throw_every{50};
    std::atomic<std::uint32_t> runs{0};
  };
  class restless_job;

  node_config config(const node_id& id) const;
  void add_jobs(node& n);
  void come_or_go();
  void start_or_kill();
  void end_a_session();
  void add_or_remove_job();
  bool is_calm() const;
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

  zookeeper_server& server_;
  std::string root_ = "/soak";
  std::mt19937_64 random_;
  temp_dir dir_{"djm-soak"};
  std::shared_ptr<shared_pool> pool_ = std::make_shared<shared_pool>();
  std::vector<node> nodes_;
  std::map<node_id, node> guests_;
  std::map<std::string, std::unique_ptr<child_process>> processes_;
  bool extra_ = false;
  bool disabled_ = false;
  std::map<std::string, int> happened_;
};

} // namespace djm::test
