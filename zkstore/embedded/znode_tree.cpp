#include "zkstore/embedded/znode_tree.hpp"

#include <algorithm>
#include <cassert>

namespace djm::store {

namespace {

std::string last_part(std::string_view path) {
  return std::string{path.substr(path.rfind('/') + 1)};
}

} // namespace

store::stat to_stat(const znode_header& header) {
  store::stat result;
  result.czxid = header.czxid;
  result.mzxid = header.mzxid;
  result.pzxid = header.pzxid;
  result.mtime_ms = header.mtime_ms;
  result.version = header.version;
  // The server counts creations only; what clients see counts creations and deletions.
  result.cversion = header.creates * 2 - header.num_children;
  result.aversion = header.aversion;
  result.ephemeral_owner = header.ephemeral_owner;
  result.data_length = header.data_length;
  result.num_children = header.num_children;
  return result;
}

std::string parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? std::string{"/"} : std::string{path.substr(0, slash)};
}

znode_tree::znode_tree() {
  nodes_.emplace("/", node{});
}

const znode_tree::node* znode_tree::find(const std::string& path) const {
  const auto i = nodes_.find(path);
  return i == nodes_.end() ? nullptr : &i->second;
}

void znode_tree::apply(const node_change& change, zxid_t zxid) {
  if (change.what == node_change::kind::set) {
    auto& target = nodes_.at(change.path);
    target.data = change.data;
    target.header.data_length = static_cast<std::int32_t>(change.data.size());
    target.header.mzxid = zxid;
    target.header.mtime_ms = change.mtime_ms;
    target.header.version = change.version;
    return;
  }
  if (change.what == node_change::kind::access) {
    auto& header = nodes_.at(change.path).header;
    header.acl = change.acl;
    header.aversion = change.aversion;
    return;
  }
  auto& parent = nodes_.at(parent_of(change.path));
  parent.header.pzxid = zxid;
  if (change.what == node_change::kind::create) {
    node fresh;
    fresh.data = change.data;
    fresh.header.czxid = fresh.header.mzxid = fresh.header.pzxid = zxid;
    fresh.header.mtime_ms = change.mtime_ms;
    fresh.header.data_length = static_cast<std::int32_t>(change.data.size());
    fresh.header.ephemeral_owner = change.ephemeral_owner;
    fresh.header.acl = change.acl;
    parent.children.edit().insert(last_part(change.path));
    parent.header.creates = change.parent_creates;
    parent.header.num_children = static_cast<std::int32_t>(parent.children->size());
    if (change.ephemeral_owner != 0) {
      ephemerals_[change.ephemeral_owner].insert(change.path);
    }
    nodes_.insert_or_assign(change.path, std::move(fresh));
    return;
  }
  parent.children.edit().erase(last_part(change.path));
  parent.header.num_children = static_cast<std::int32_t>(parent.children->size());
  if (parent.children->empty()) {
    parent.children.reset();
  }
  const auto i = nodes_.find(change.path);
  assert(i != nodes_.end() && i->second.children->empty());
  if (const auto owner = ephemerals_.find(i->second.header.ephemeral_owner); owner != ephemerals_.end()) {
    owner->second.erase(change.path);
    if (owner->second.empty()) {
      ephemerals_.erase(owner);
    }
  }
  nodes_.erase(i);
}

std::vector<std::string> znode_tree::ephemerals_of(session_id_t session) const {
  const auto i = ephemerals_.find(session);
  if (i == ephemerals_.end()) {
    return {};
  }
  return {i->second.begin(), i->second.end()};
}

std::vector<std::string> znode_tree::paths() const {
  std::vector<std::string> result;
  result.reserve(nodes_.size());
  for (const auto& [path, _] : nodes_) {
    result.push_back(path);
  }
  std::sort(result.begin(), result.end());
  return result;
}

} // namespace djm::store
