#include "actors/client/tree_walk.hpp"

#include <algorithm>
#include <utility>

#include "actors/client/tree_index.hpp"

namespace djm {

using store::rc;

tree_walk::tree_walk(const store::tree_schema& tree, std::size_t most) : most_(most), level_{tree.root()} {}

read_batch tree_walk::next() {
  read_batch ask;
  data_ = ask.each(level_, [](const std::string& path) { return store::get(path); });
  children_ = ask.each(level_, [](const std::string& path) { return store::children(path); });
  access_ = ask.each(level_, [](const std::string& path) { return store::access(path); });
  return ask;
}

void tree_walk::take() {
  std::vector<std::string> below;
  for (std::size_t i = 0; i < level_.size(); ++i) {
    const auto& [path, data] = data_[i];
    const auto& list = children_[i].second;
    if (data->code == rc::no_node) {
      continue;
    }
    tree_record r{path, data->code, data->data, data->stat, list->children, access_[i].second->open};
    if (list->code == rc::no_auth) {
      r.code = rc::no_auth;
    }
    for (const auto& name : r.children) {
      if (path == "/" && name == "zookeeper") {
        continue; // the server's own
      }
      below.push_back((path == "/" ? "/" : path + "/") + name);
    }
    records_.push_back(std::move(r));
  }
  if (records_.size() + below.size() > most_) {
    cut_off_ = true;
    below.clear();
  }
  level_ = std::move(below);
}

std::vector<tree_node> nodes_of(const std::vector<tree_record>& records) {
  std::vector<tree_node> result;
  result.reserve(records.size());
  for (const auto& r : records) {
    tree_node n;
    n.path = r.path;
    n.data = r.data;
    n.version = r.stat.version;
    n.session = r.stat.ephemeral_owner;
    n.created = r.stat.czxid;
    n.modified = r.stat.mzxid;
    n.children = static_cast<std::uint32_t>(r.children.size());
    n.open = r.open;
    n.hidden = r.code == rc::no_auth;
    result.push_back(std::move(n));
  }
  return result;
}

expected<void> check_is_tree(const store::tree_schema& tree, const std::vector<tree_record>& records) {
  const auto root = std::find_if(records.begin(), records.end(), [&](const auto& r) { return r.path == tree.root(); });
  if (root == records.end()) {
    return fail(errc::malformed_payload,
                "there is no node " + tree.root() + ": no node of djm has ever used this root");
  }
  if (root->code == rc::no_auth) {
    return fail(errc::no_permission, "the store does not let this account read " + tree.root());
  }
  const tree_index all{tree, records};
  for (const auto& path : {tree.format(), tree.workers(), tree.pools(), tree.alive(), tree.locks()}) {
    if (all.find(path) != nullptr) {
      return {};
    }
  }
  return fail(errc::malformed_payload, "there is no tree of djm at " + tree.root());
}

} // namespace djm
