// The embedded store's tree and its multi against a model that copies everything. Input: per transaction its
// operations, three bytes each: what, which node, version or data; "what" 0 commits.
#include "zkstore/embedded/znode_tree.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "test/fuzz/fuzz.hpp"
#include "zkstore/embedded/multi_check.hpp"

namespace {

using namespace djm::store;
using djm::fuzz::require;

const std::vector<std::string> paths = {"/a", "/b", "/a/x", "/a/y", "/b/x", "/a/x/1", "/a/x/2", "/b/x/1", "/"};

/// A node of the model, and the tree as a map of full paths: children are found by looking at all of them.
struct simple_node {
  std::string data;
  std::int32_t version = 0;
  std::int32_t created = 0;
  session_id_t owner = 0;
  zxid_t czxid = 0;
  zxid_t mzxid = 0;
  zxid_t pzxid = 0;
};
using simple_tree = std::map<std::string, simple_node>;

std::vector<std::string> children_of(const simple_tree& tree, const std::string& path) {
  std::vector<std::string> result;
  const auto prefix = path == "/" ? path : path + "/";
  for (const auto& [name, node] : tree) {
    if (name.size() > prefix.size() && name.compare(0, prefix.size(), prefix) == 0 &&
        name.find('/', prefix.size()) == name.npos) {
      result.push_back(name.substr(prefix.size()));
    }
  }
  return result;
}

std::string above(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// One operation on a copy of the tree, by the rules of ZooKeeper's documentation.
rc step(simple_tree& tree, const write_op& op, session_id_t session, zxid_t zxid) {
  const auto& path = path_of(op);
  const auto node = tree.find(path);
  auto bad_version = [&](std::int32_t version) { return version != any_version && version != node->second.version; };
  if (const auto* check = std::get_if<check_op>(&op)) {
    return node == tree.end() ? rc::no_node : bad_version(check->version) ? rc::bad_version : rc::ok;
  }
  if (const auto* set = std::get_if<set_op>(&op)) {
    if (node == tree.end()) {
      return rc::no_node;
    }
    if (bad_version(set->version)) {
      return rc::bad_version;
    }
    node->second.data = set->data;
    node->second.mzxid = zxid;
    ++node->second.version;
    return rc::ok;
  }
  if (const auto* remove = std::get_if<remove_op>(&op)) {
    if (path == "/") {
      return rc::bad_arguments;
    }
    if (node == tree.end()) {
      return rc::no_node;
    }
    if (bad_version(remove->version)) {
      return rc::bad_version;
    }
    if (!children_of(tree, path).empty()) {
      return rc::not_empty;
    }
    tree.erase(node);
    tree.at(above(path)).pzxid = zxid;
    return rc::ok;
  }
  const auto& create = std::get<create_op>(op);
  if (path == "/") {
    return rc::node_exists;
  }
  const auto parent = tree.find(above(path));
  if (parent == tree.end()) {
    return rc::no_node;
  }
  auto name = path;
  if (create.mode == create_mode::persistent_sequential || create.mode == create_mode::ephemeral_sequential) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%010d", static_cast<int>(parent->second.created));
    name += digits;
  }
  if (tree.count(name) > 0) {
    return rc::node_exists;
  }
  if (parent->second.owner != 0) {
    return rc::no_children_for_ephemerals;
  }
  ++parent->second.created;
  parent->second.pzxid = zxid;
  simple_node fresh;
  fresh.data = create.data;
  fresh.czxid = fresh.mzxid = fresh.pzxid = zxid;
  if (create.mode == create_mode::ephemeral || create.mode == create_mode::ephemeral_sequential) {
    fresh.owner = session;
  }
  tree.emplace(std::move(name), std::move(fresh));
  return rc::ok;
}

void compare(const znode_tree& tree, const simple_tree& model) {
  require(tree.size() == model.size(), "as many nodes");
  for (const auto& [path, expected] : model) {
    const auto* node = tree.find(path);
    require(node != nullptr, "the same nodes");
    const auto names = children_of(model, path);
    require(node->data == expected.data, "the same data");
    require(std::vector<std::string>(node->children->begin(), node->children->end()) == names, "the same children");
    const auto stat = to_stat(node->header);
    require(stat.version == expected.version, "the same version");
    require(stat.czxid == expected.czxid && stat.mzxid == expected.mzxid && stat.pzxid == expected.pzxid,
            "the same transaction ids");
    require(stat.ephemeral_owner == expected.owner, "the same owner");
    require(stat.num_children == static_cast<std::int32_t>(names.size()), "as many children");
    require(stat.data_length == static_cast<std::int32_t>(expected.data.size()), "as much data");
    // Creations and deletions: every child that is not there any more was deleted once.
    require(stat.cversion == 2 * expected.created - stat.num_children, "as many changes of the children");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  djm::fuzz::input in{data, std::min<std::size_t>(size, 3000)};
  znode_tree tree;
  simple_tree model{{"/", {}}};
  zxid_t zxid = 0;
  transaction txn;
  requester who;
  auto commit = [&] {
    auto expected = model;
    auto code = rc::ok;
    std::size_t failed = 0;
    for (std::size_t i = 0; i < txn.ops.size() && code == rc::ok; ++i) {
      code = step(expected, txn.ops[i], who.session, zxid + 1);
      failed = i;
    }
    const auto checked = check_multi(tree, txn, who, zxid + 1);
    require(checked.code == code, "the same outcome");
    require(checked.results.size() == txn.ops.size(), "one result per operation");
    if (code != rc::ok) {
      require(checked.changes.empty(), "a failed transaction changes nothing");
      require(checked.results[failed].code == code, "the operation that failed is named");
    } else if (!txn.ops.empty()) {
      ++zxid;
      for (const auto& change : checked.changes) {
        tree.apply(change, zxid);
      }
      model = std::move(expected);
    }
    txn.ops.clear();
    compare(tree, model);
  };
  while (!in.empty()) {
    const auto what = in.byte() % 8;
    const auto& path = paths[in.byte() % paths.size()];
    const auto detail = in.byte();
    const auto version = detail % 4 == 3 ? any_version : static_cast<std::int32_t>(detail % 4);
    switch (what) {
    case 0:
      who.session = detail % 3 + 1;
      commit();
      break;
    case 1: txn.ops.push_back(check_op{path, version}); break;
    case 2: txn.ops.push_back(set_op{path, std::string(detail % 5, 'd'), version}); break;
    case 3: txn.ops.push_back(remove_op{path, version}); break;
    case 7: { // the end of a session
      commit();
      ++zxid;
      const session_id_t ended = detail % 3 + 1;
      for (auto i = model.begin(); i != model.end();) {
        if (i->second.owner == ended) {
          model.at(above(i->first)).pzxid = zxid;
          i = model.erase(i);
        } else {
          ++i;
        }
      }
      for (const auto& change : end_of_session(tree, ended)) {
        tree.apply(change, zxid);
      }
      require(tree.ephemerals_of(ended).empty(), "no ephemeral node outlives its session");
      compare(tree, model);
      break;
    }
    default:
      txn.ops.push_back(create_op{path, std::string(detail % 3, 'n'), static_cast<create_mode>(detail % 4)});
      break;
    }
  }
  commit();
  return 0;
}
