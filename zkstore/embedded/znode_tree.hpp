#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/seldom.hpp"
#include "zkstore/types.hpp"

namespace djm::store {

/// Everything about a node but its data and the names of its children.
struct znode_header {
  zxid_t czxid = 0;
  zxid_t mzxid = 0;
  zxid_t pzxid = 0;
  /// When its data was written last: Unix time.
  std::int64_t mtime_ms = 0;
  std::int32_t version = 0;
  /// Children ever created: the counter behind sequential names.
  std::int32_t creates = 0;
  std::int32_t num_children = 0;
  std::int32_t data_length = 0;
  std::int32_t aversion = 0;
  session_id_t ephemeral_owner = 0;
  /// "user:password" of the only identity with access; empty = everybody. With "~" in front everybody else may read.
  std::string acl;
};

store::stat to_stat(const znode_header& header);

/// One change that a committed transaction makes to one node. It names results, not differences, so that applying it
/// depends on nothing but the tree's structure.
struct node_change {
  /// `access`: the node has another `acl`, and nothing else of it has changed.
  enum class kind : std::uint8_t { create, set, remove, access };
  kind what = kind::create;
  std::string path;
  std::string data;
  std::string acl;
  session_id_t ephemeral_owner = 0;
  /// create, set: when it was made.
  std::int64_t mtime_ms = 0;
  /// set: the version after it.
  std::int32_t version = 0;
  /// access: the version of `acl` after it.
  std::int32_t aversion = 0;
  /// create: the parent's `creates` after it.
  std::int32_t parent_creates = 0;
};

/// The data of one server. Pure; knows neither permissions nor preconditions (see `multi_check`).
class znode_tree {
public:
  struct node {
    znode_header header;
    std::string data;
    seldom<std::set<std::string>> children; ///< most nodes have none
  };

  znode_tree();

  /// Null when there is no such node.
  const node* find(const std::string& path) const;

  /// The change must fit the tree: it was checked against one with the same history.
  void apply(const node_change& change, zxid_t zxid);

  /// Paths of the session's ephemeral nodes, sorted.
  std::vector<std::string> ephemerals_of(session_id_t session) const;

  std::size_t size() const noexcept { return nodes_.size(); }

  /// All paths, sorted, for dumps and tests.
  std::vector<std::string> paths() const;

private:
  std::unordered_map<std::string, node> nodes_;
  std::map<session_id_t, std::set<std::string>> ephemerals_;
};

/// "/" for "/a", "/a" for "/a/b"; the path must not be "/".
std::string parent_of(std::string_view path);

} // namespace djm::store
