#pragma once

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/client/tree_walk.hpp"
#include "zkstore/payloads.hpp"

namespace djm {

/// A tree that was read, to be asked by paths. The records must outlive it.
class tree_index {
public:
  tree_index(const store::tree_schema& tree, const std::vector<tree_record>& records) : tree_(tree), records_(records) {
    for (const auto& r : records) {
      by_path_.emplace(r.path, &r);
    }
  }

  const std::vector<tree_record>& records() const { return records_; }
  /// Null when it was not there.
  const tree_record* find(const std::string& path) const {
    const auto i = by_path_.find(path);
    return i != by_path_.end() ? i->second : nullptr;
  }
  /// It was not there. What stands below a node that may not be read is not missing: nobody knows.
  bool is_missing(const std::string& path) const {
    if (find(path) != nullptr) {
      return false;
    }
    const auto slash = path.rfind('/');
    if (path == tree_.root() || slash == std::string::npos) {
      return true;
    }
    const auto above = slash == 0 ? std::string{"/"} : path.substr(0, slash);
    const auto* parent = find(above);
    return parent != nullptr ? parent->code == store::rc::ok : is_missing(above);
  }
  std::vector<std::string> names_below(const std::string& path) const {
    const auto* node = find(path);
    return node != nullptr ? node->children : std::vector<std::string>{};
  }
  std::vector<const tree_record*> below(const std::string& path) const {
    std::vector<const tree_record*> result;
    for (const auto& name : names_below(path)) {
      if (const auto* node = find(join(path, name))) {
        result.push_back(node);
      }
    }
    return result;
  }
  static std::string join(const std::string& path, const std::string& name) {
    return (path == "/" ? "/" : path + "/") + name;
  }
  /// The path without the root and its slash; the root itself is ".".
  std::string below_root(const std::string& path) const {
    const auto& root = tree_.root();
    if (path == root) {
      return ".";
    }
    return path.substr(root == "/" ? 1 : root.size() + 1);
  }
  bool is_alive(const node_id& worker) const {
    const auto* node = find(tree_.alive(worker));
    return node != nullptr && node->stat.ephemeral_owner != 0;
  }
  bool has_no_session(const std::string& path) const {
    const auto* node = find(path);
    return node != nullptr && node->code == store::rc::ok && node->stat.ephemeral_owner == 0;
  }
  bool anybody_alive() const {
    const auto lives = below(tree_.alive());
    return std::any_of(lives.begin(), lives.end(), [](const auto* r) { return r->stat.ephemeral_owner != 0; });
  }

private:
  const store::tree_schema& tree_;
  const std::vector<tree_record>& records_;
  std::unordered_map<std::string, const tree_record*> by_path_;
};

} // namespace djm
