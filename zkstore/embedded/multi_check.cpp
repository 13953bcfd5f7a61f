#include "zkstore/embedded/multi_check.hpp"

#include <cstdio>

#include "model/config_tree.hpp"

namespace djm::store {

namespace {

std::string with_sequence(const std::string& path, std::int32_t number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%010d", static_cast<int>(number));
  return path + digits;
}

/// The tree as the operations so far would leave it.
class overlay {
public:
  explicit overlay(const znode_tree& tree) : tree_(tree) {}

  /// Null when the node is absent.
  znode_header* find(const std::string& path) {
    auto i = headers_.find(path);
    if (i == headers_.end()) {
      const auto* node = tree_.find(path);
      i = headers_.emplace(path, node ? std::optional{node->header} : std::nullopt).first;
    }
    return i->second ? &*i->second : nullptr;
  }

  void put(const std::string& path, znode_header header) { headers_[path] = std::move(header); }
  void erase(const std::string& path) { headers_[path] = std::nullopt; }

private:
  const znode_tree& tree_;
  std::map<std::string, std::optional<znode_header>> headers_;
};

class checker {
public:
  checker(const znode_tree& tree, const requester& who, zxid_t zxid, std::int64_t mtime_ms, checked_multi& result)
    : nodes_(tree), who_(who), zxid_(zxid), mtime_ms_(mtime_ms), result_(result) {}

  rc operator()(const check_op& op) {
    const auto* node = nodes_.find(op.path);
    if (!node) {
      return rc::no_node;
    }
    if (!may_read(node->acl, who_.digest)) {
      return rc::no_auth;
    }
    if (!matches(*node, op.version)) {
      return rc::bad_version;
    }
    result_.results.emplace_back();
    return rc::ok;
  }

  rc operator()(const create_op& op) {
    if (op.path == "/") {
      return rc::node_exists;
    }
    auto* parent = nodes_.find(parent_of(op.path));
    if (!parent) {
      return rc::no_node;
    }
    if (!may_use(parent->acl, who_.digest)) {
      return rc::no_auth;
    }
    const bool sequential =
      op.mode == create_mode::persistent_sequential || op.mode == create_mode::ephemeral_sequential;
    const bool ephemeral = op.mode == create_mode::ephemeral || op.mode == create_mode::ephemeral_sequential;
    const auto path = sequential ? with_sequence(op.path, parent->creates) : op.path;
    if (nodes_.find(path)) {
      return rc::node_exists;
    }
    if (parent->ephemeral_owner != 0) {
      return rc::no_children_for_ephemerals;
    }
    ++parent->creates;
    ++parent->num_children;
    parent->pzxid = zxid_;
    node_change change;
    change.what = node_change::kind::create;
    change.path = path;
    change.data = op.data;
    change.acl = op.open ? std::string{} : who_.digest;
    change.ephemeral_owner = ephemeral ? who_.session : 0;
    change.parent_creates = parent->creates;
    change.mtime_ms = mtime_ms_;
    znode_header header;
    header.czxid = header.mzxid = header.pzxid = zxid_;
    header.mtime_ms = mtime_ms_;
    header.data_length = static_cast<std::int32_t>(op.data.size());
    header.ephemeral_owner = change.ephemeral_owner;
    header.acl = change.acl;
    nodes_.put(path, std::move(header));
    result_.changes.push_back(std::move(change));
    op_result r;
    r.path = path;
    result_.results.push_back(std::move(r));
    return rc::ok;
  }

  rc operator()(const set_op& op) {
    auto* node = nodes_.find(op.path);
    if (!node) {
      return rc::no_node;
    }
    if (!may_use(node->acl, who_.digest)) {
      return rc::no_auth;
    }
    if (!matches(*node, op.version)) {
      return rc::bad_version;
    }
    ++node->version;
    node->mzxid = zxid_;
    node->mtime_ms = mtime_ms_;
    node->data_length = static_cast<std::int32_t>(op.data.size());
    node_change change;
    change.what = node_change::kind::set;
    change.path = op.path;
    change.data = op.data;
    change.version = node->version;
    change.mtime_ms = mtime_ms_;
    result_.changes.push_back(std::move(change));
    op_result r;
    r.stat = to_stat(*node);
    result_.results.push_back(std::move(r));
    return rc::ok;
  }

  rc operator()(const remove_op& op) {
    if (op.path == "/") {
      return rc::bad_arguments;
    }
    auto* parent = nodes_.find(parent_of(op.path));
    if (!parent) {
      return rc::no_node;
    }
    if (!may_use(parent->acl, who_.digest)) {
      return rc::no_auth;
    }
    const auto* node = nodes_.find(op.path);
    if (!node) {
      return rc::no_node;
    }
    if (!matches(*node, op.version)) {
      return rc::bad_version;
    }
    if (node->num_children > 0) {
      return rc::not_empty;
    }
    --parent->num_children;
    parent->pzxid = zxid_;
    nodes_.erase(op.path);
    node_change change;
    change.what = node_change::kind::remove;
    change.path = op.path;
    result_.changes.push_back(std::move(change));
    result_.results.emplace_back();
    return rc::ok;
  }

  rc operator()(const secure_op& op) {
    auto* node = nodes_.find(op.path);
    if (!node) {
      return rc::no_node;
    }
    if (!may_use(node->acl, who_.digest)) {
      return rc::no_auth;
    }
    if (who_.digest.empty()) {
      return rc::invalid_acl;
    }
    node->acl = who_.digest;
    node_change change;
    change.what = node_change::kind::access;
    change.path = op.path;
    change.acl = who_.digest;
    change.aversion = ++node->aversion;
    result_.changes.push_back(std::move(change));
    result_.results.emplace_back();
    return rc::ok;
  }

private:
  static bool matches(const znode_header& node, std::int32_t version) {
    return version == any_version || version == node.version;
  }

  overlay nodes_;
  const requester& who_;
  zxid_t zxid_;
  std::int64_t mtime_ms_;
  checked_multi& result_;
};

} // namespace

std::string writers_of(const std::string& acl) {
  if (acl.empty()) {
    return "world:anyone";
  }
  const auto who = acl.substr(acl.front() == '~' ? 1 : 0);
  return "digest:" + std::to_string(djm::impl::hash_of(who)); // it holds a password, and this may be shown
}

checked_multi check_multi(const znode_tree& tree, const transaction& txn, const requester& who, zxid_t zxid,
                          std::int64_t mtime_ms) {
  checked_multi result;
  result.results.reserve(txn.ops.size());
  checker check{tree, who, zxid, mtime_ms, result};
  for (const auto& op : txn.ops) {
    const auto code = std::visit(check, op);
    if (code == rc::ok) {
      continue;
    }
    // As the server answers: the operations before show 0 although they are undone, the later ones that they were.
    const auto done = result.results.size();
    result.code = code;
    result.changes.clear();
    result.results.assign(txn.ops.size(), op_result{});
    result.results[done].code = code;
    for (auto i = done + 1; i < txn.ops.size(); ++i) {
      result.results[i].code = rc::rolled_back;
    }
    break;
  }
  return result;
}

std::vector<node_change> end_of_session(const znode_tree& tree, session_id_t session) {
  std::vector<node_change> result;
  for (auto& path : tree.ephemerals_of(session)) {
    node_change change;
    change.what = node_change::kind::remove;
    change.path = std::move(path);
    result.push_back(std::move(change));
  }
  return result;
}

} // namespace djm::store
