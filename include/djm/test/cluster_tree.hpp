#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace djm::test {

class cluster;

/// Who may do what with a node of the store, as far as the modelled ensemble knows it.
enum class tree_access : std::uint8_t {
  /// Everybody everything.
  open,
  /// The identity everything, everybody else reads.
  readable,
  /// The identity alone.
  closed,
};

/// The store's tree as another program sees it: an operator with a shell, a backup that is played back, a tool with a
/// bug. Paths are absolute ("/djm/workers/n0"). Each change is committed at once, as one transaction of nobody's
/// session, and takes no time; servers that lag behind learn of it later, as of all others. `failure` with the path
/// and what the store said when it refuses, and when it cannot commit because too many of its servers are down.
class cluster_tree {
public:
  /// What is committed. `data` is nothing where there is no such node.
  std::optional<std::string> data(const std::string& path) const;
  /// Whether there is such a node.
  bool exists(const std::string& path) const { return data(path).has_value(); }
  /// Names of the node's children; sorted.
  std::vector<std::string> children(const std::string& path) const;
  /// All paths from this one downwards; sorted.
  std::vector<std::string> paths(const std::string& from = "/") const;
  /// The session a node ends with; 0: it is persistent, or absent.
  std::int64_t ephemeral_owner(const std::string& path) const;

  /// A persistent node; its parent must exist.
  void create(const std::string& path, const std::string& data = {});
  /// New data for a node that exists.
  void set(const std::string& path, const std::string& data);
  /// Without children.
  void remove(const std::string& path);
  /// With all below it, in one transaction.
  void remove_all(const std::string& path);
  /// As an administrator: refused to nobody. `identity` is "user:password", as in `store_config::digest`.
  void set_access(const std::string& path, tree_access access, const std::string& identity = {});

private:
  friend class cluster;
  cluster_tree(cluster& c, std::string identity) : cluster_(&c), identity_(std::move(identity)) {}

  cluster* cluster_;
  std::string identity_;
};

} // namespace djm::test
