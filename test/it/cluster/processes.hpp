#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "harness.hpp"
#include "journal_judge.hpp"
#include "temp_dir.hpp"

namespace djm::test {

std::int64_t wall_ms();

/// Processes of the word count sample around one server, over files made for the purpose.
class process_cluster {
public:
  /// `slow`: items of a second job whose runs last 5 s.
  process_cluster(std::string connect, std::size_t files, unsigned slow);

  /// Starts a node; `network_namespace` and `connect` only where they differ from the cluster's.
  void start(const std::string& id, const std::string& network_namespace = {}, const std::string& connect = {});
  child_process& operator[](const std::string& id) { return *nodes_.at(id); }
  void remove(const std::string& id) { nodes_.erase(id); }
  /// Freezes a node, but never while it has the journal's file lock: the others would wait for it.
  void freeze(const std::string& id);

  std::vector<journal_record> journal() const;
  /// Items that a node of this name has started and not passed on, by the journal.
  std::vector<std::string> items_of(const std::string& id) const;
  /// Waits until every file has been started since `after` by a node other than `without`; the time it took, or -1.
  std::int64_t recovery(std::int64_t after, const std::vector<std::string>& items, const std::string& without,
                        milliseconds limit) const;
  /// Waits until every file has a record, that is, everything runs.
  bool all_running(milliseconds limit) const;
  /// The node's holder name in the journal: node/incarnation.
  std::string holder(const std::string& id) const;
  /// Id of the node that leads.
  std::string leader();
  const std::vector<std::string>& files() const { return files_; }

private:
  std::string connect_;
  unsigned slow_;
  temp_dir dir_;
  std::vector<std::string> files_;
  std::map<std::string, std::unique_ptr<child_process>> nodes_;
};

} // namespace djm::test
