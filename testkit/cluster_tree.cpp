#include "djm/test/cluster_tree.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "testkit/cluster_impl.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm::test {

/// The way from what a test holds to what the virtual cluster has.
class tree_reach {
public:
  static user_cluster& of(const cluster& c) { return *c.impl_->sim; }
  static void may_act(const cluster& c, const char* wish) { c.impl_->may_act(wish); }
};

namespace {

const store::znode_tree::node* find(const cluster& c, const std::string& path) {
  return tree_reach::of(c).stored().find(path);
}

void check_path(const char* wish, const std::string& path) {
  if (!store::is_valid_path(path)) {
    throw failure(fmt::format("tree: {} \"{}\": not a path of the store: absolute, without empty parts", wish, path));
  }
}

void change(cluster& c, const std::string& identity, const char* wish, const std::string& path,
            const store::transaction& txn) {
  tree_reach::may_act(c, "tree");
  check_path(wish, path);
  const auto done = tree_reach::of(c).intrude(txn, identity, fmt::format("somebody does: {} {}", wish, path));
  if (!done) {
    throw failure(fmt::format("tree: {} {}: the store has no leader that could commit it", wish, path));
  }
  if (done->code != store::rc::ok) {
    throw failure(fmt::format("tree: {} {}: {}", wish, path, store::to_string(done->code)));
  }
}

void add_below(const cluster& c, const std::string& path, std::vector<std::string>& result) {
  const auto* node = find(c, path);
  if (node == nullptr) {
    return;
  }
  result.push_back(path);
  for (const auto& name : *node->children) {
    add_below(c, (path == "/" ? "" : path) + '/' + name, result);
  }
}

} // namespace

std::optional<std::string> cluster_tree::data(const std::string& path) const {
  const auto* node = find(*cluster_, path);
  return node == nullptr ? std::nullopt : std::optional{node->data};
}

std::vector<std::string> cluster_tree::children(const std::string& path) const {
  const auto* node = find(*cluster_, path);
  return node == nullptr ? std::vector<std::string>{}
                         : std::vector<std::string>{node->children->begin(), node->children->end()};
}

std::vector<std::string> cluster_tree::paths(const std::string& from) const {
  std::vector<std::string> result;
  add_below(*cluster_, from, result);
  std::sort(result.begin(), result.end());
  return result;
}

std::int64_t cluster_tree::ephemeral_owner(const std::string& path) const {
  const auto* node = find(*cluster_, path);
  return node == nullptr ? 0 : node->header.ephemeral_owner;
}

void cluster_tree::create(const std::string& path, const std::string& data) {
  change(*cluster_, identity_, "create", path, {{store::create_op{path, data, store::create_mode::persistent}}});
}

void cluster_tree::set(const std::string& path, const std::string& data) {
  change(*cluster_, identity_, "set", path, {{store::set_op{path, data}}});
}

void cluster_tree::remove(const std::string& path) {
  change(*cluster_, identity_, "remove", path, {{store::remove_op{path}}});
}

void cluster_tree::remove_all(const std::string& path) {
  std::vector<std::string> all;
  add_below(*cluster_, path, all);
  store::transaction txn;
  for (auto p = all.rbegin(); p != all.rend(); ++p) { // children stand behind their parents
    txn.ops.emplace_back(store::remove_op{*p});
  }
  if (txn.ops.empty()) {
    txn.ops.emplace_back(store::remove_op{path});
  }
  change(*cluster_, identity_, "remove all of", path, txn);
}

void cluster_tree::set_access(const std::string& path, tree_access access, const std::string& identity) {
  tree_reach::may_act(*cluster_, "tree");
  check_path("set the access of", path);
  if (access != tree_access::open && identity.empty()) {
    throw failure(fmt::format("tree: set the access of {}: for whom? The identity is empty", path));
  }
  auto acl = access == tree_access::open ? std::string{} : access == tree_access::readable ? '~' + identity : identity;
  if (!tree_reach::of(*cluster_).set_access(path, std::move(acl))) {
    throw failure(fmt::format("tree: set the access of {}: no such node, or no leader", path));
  }
}

} // namespace djm::test
