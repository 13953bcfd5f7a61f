#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "fault_judge.hpp"
#include "fault_world.hpp"
#include "temp_dir.hpp"

namespace djm::test {

struct cluster_options {
  std::size_t nodes = 4;
  /// Items of the two jobs of `fault_node`.
  int share = 30;
  int each = 10;
  duration timeout = std::chrono::seconds{2};
  duration detach = std::chrono::seconds{2};
  bool over_proxies = false;
  /// How long runs last, and whether they end when they are asked to.
  duration busy = std::chrono::milliseconds{100};
  bool obeys = true;
};

/// Nodes in processes of their own around the servers of the world. What is done to them is remembered, and judged
/// together with their journals and with what the servers have committed. Times are microseconds of the boot clock.
class fault_cluster {
public:
  explicit fault_cluster(cluster_options options = {});
  /// Ends all processes.
  ~fault_cluster() = default;

  /// Starts all nodes and waits until they have everything; throws when they do not.
  void start();
  void start_node(std::size_t node);

  void kill_node(std::size_t node);
  /// Asks it to stop; `await_end` waits until it has done so and throws when it does not.
  void stop_node(std::size_t node);
  void await_end(std::size_t node);
  void pause_node(std::size_t node);
  void resume_node(std::size_t node);
  void cut_node(std::size_t node);
  void heal_node(std::size_t node);
  bool runs(std::size_t node) const { return hosts_.at(node).process.has_value(); }

  /// Notes that something happens now that may stop items or let them run: for faults of servers.
  std::int64_t edge();
  /// The node whose latch is the lowest.
  std::size_t leader();
  /// Some node that does not lead.
  std::size_t other_than(std::size_t node) const { return node == 0 ? 1 : 0; }

  /// "job/item" of what the node has started lately.
  std::set<std::string> items_of(std::size_t node);
  /// Waits until each of these items has been started since then by another node than `without`; how long after `since`
  /// the last of them was, in ms, or -1.
  std::int64_t moved(const std::set<std::string>& items, std::int64_t since, std::size_t without, milliseconds limit);
  /// The same for all items and any node.
  std::int64_t running_since(std::int64_t since, milliseconds limit);
  /// How much of that time these items ran, in per cent: an item runs from each start until a second later.
  double share_of_time(const std::set<std::string>& items, std::int64_t from, std::int64_t until);
  /// Waits until every node that runs has joined and all items are locked and have started since the latest edge; false
  /// after `limit`.
  bool await_whole(milliseconds limit);

  /// When a node of this name started its latest run; 0 for never.
  std::int64_t last_start(std::size_t node);
  /// How many tokens the items have had, and how many items there are: equal when nothing has ever moved.
  std::size_t tokens();
  std::size_t item_count() const { return static_cast<std::size_t>(options_.share + options_.each); }

  /// What the judge has to say about everything until now, one line per finding.
  std::vector<std::string> verdict();
  milliseconds longest_silence();
  /// Every silence longer than the bound, one line each, in ms since the cluster was whole.
  std::string silences();
  /// T + D + 3 s.
  milliseconds bound() const;
  /// Journals and logs, for a person who wants to know more.
  std::string folder() const { return dir_.path().string(); }

private:
  struct host {
    std::optional<child_process> process;
    /// Number of its latest process in the story.
    std::size_t story = 0;
    bool paused = false;
    bool cut = false;
  };
  void read();
  void act(std::size_t node, process_story::act::kind what, std::int64_t us);
  cluster_story whole_story();

  cluster_options options_;
  fault_world& world_;
  temp_dir dir_{"djm-faults"};
  std::vector<host> hosts_;
  std::vector<journal_reader> readers_;
  cluster_story story_;
  std::size_t incarnations_ = 0;
};

} // namespace djm::test
