#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>

#include "zkstore/embedded/multi_check.hpp"
#include "zkstore/embedded/replica.hpp"

// The enumeration of answers and the library share a name.
namespace prop = ::rc;

namespace djm::store {

namespace {

/// The rules once more, as plainly as possible: a transaction works on a copy of everything.
class plain_tree {
public:
  struct node {
    std::string data;
    std::string acl;
    session_id_t owner = 0;
    int version = 0;
    int creates = 0;
    zxid_t czxid = 0, mzxid = 0, pzxid = 0;
  };

  plain_tree() { nodes_["/"] = node{}; }

  rc apply(const transaction& txn, const requester& who, zxid_t zxid, std::size_t& failed) {
    auto copy = nodes_;
    for (std::size_t i = 0; i < txn.ops.size(); ++i) {
      failed = i;
      if (const auto code = one(txn.ops[i], who, zxid); code != rc::ok) {
        nodes_ = std::move(copy);
        return code;
      }
    }
    return rc::ok;
  }

  void end(session_id_t session, zxid_t zxid) {
    for (auto i = nodes_.begin(); i != nodes_.end();) {
      if (i->second.owner == session) {
        nodes_[parent(i->first)].pzxid = zxid;
        i = nodes_.erase(i);
      } else {
        ++i;
      }
    }
  }

  int children(const std::string& path) const {
    int n = 0;
    for (const auto& [p, _] : nodes_) {
      if (p != "/" && parent(p) == path) {
        ++n;
      }
    }
    return n;
  }

  const std::map<std::string, node>& nodes() const { return nodes_; }

private:
  static std::string parent(const std::string& path) {
    const auto cut = path.find_last_of('/');
    return cut == 0 ? "/" : path.substr(0, cut);
  }

  rc one(const write_op& op, const requester& who, zxid_t zxid) {
    const auto& path = path_of(op);
    const auto allowed = [&](const std::string& p) { return nodes_[p].acl.empty() || nodes_[p].acl == who.digest; };
    if (const auto* create = std::get_if<create_op>(&op)) {
      if (path == "/") {
        return rc::node_exists;
      }
      const auto up = parent(path);
      if (nodes_.count(up) == 0) {
        return rc::no_node;
      }
      if (!allowed(up)) {
        return rc::no_auth;
      }
      auto full = path;
      if (create->mode == create_mode::persistent_sequential || create->mode == create_mode::ephemeral_sequential) {
        auto digits = std::to_string(nodes_[up].creates);
        full += std::string(10 - digits.size(), '0') + digits;
      }
      if (nodes_.count(full) > 0) {
        return rc::node_exists;
      }
      if (nodes_[up].owner != 0) {
        return rc::no_children_for_ephemerals;
      }
      ++nodes_[up].creates;
      nodes_[up].pzxid = zxid;
      const bool ephemeral =
        create->mode == create_mode::ephemeral || create->mode == create_mode::ephemeral_sequential;
      nodes_[full] = node{create->data, who.digest, ephemeral ? who.session : 0, 0, 0, zxid, zxid, zxid};
      return rc::ok;
    }
    if (std::holds_alternative<remove_op>(op)) {
      if (path == "/") {
        return rc::bad_arguments;
      }
      if (nodes_.count(parent(path)) == 0) {
        return rc::no_node;
      }
      if (!allowed(parent(path))) {
        return rc::no_auth;
      }
    }
    if (nodes_.count(path) == 0) {
      return rc::no_node;
    }
    if (!std::holds_alternative<remove_op>(op) && !allowed(path)) {
      return rc::no_auth;
    }
    int version = -1;
    if (const auto* check = std::get_if<check_op>(&op)) {
      version = check->version;
    } else if (const auto* set = std::get_if<set_op>(&op)) {
      version = set->version;
    } else {
      version = std::get<remove_op>(op).version;
    }
    if (version != -1 && version != nodes_[path].version) {
      return rc::bad_version;
    }
    if (const auto* set = std::get_if<set_op>(&op)) {
      nodes_[path].data = set->data;
      nodes_[path].mzxid = zxid;
      ++nodes_[path].version;
    } else if (std::holds_alternative<remove_op>(op)) {
      if (children(path) > 0) {
        return rc::not_empty;
      }
      nodes_.erase(path);
      nodes_[parent(path)].pzxid = zxid;
    }
    return rc::ok;
  }

  std::map<std::string, node> nodes_;
};

prop::Gen<std::string> any_path() {
  return prop::gen::element<std::string>("/a", "/b", "/a/x", "/a/y", "/b/x", "/a/x/1", "/a/x/2", "/");
}

prop::Gen<write_op> any_op() {
  return prop::gen::exec([]() -> write_op {
    const auto path = *any_path();
    const auto version = *prop::gen::weightedElement<std::int32_t>({{4, any_version}, {3, 0}, {2, 1}, {1, 2}});
    switch (*prop::gen::inRange(0, 8)) {
    case 0: return check_op{path, version};
    case 1:
    case 2: return set_op{path, *prop::gen::element<std::string>("", "one", "two"), version};
    case 3:
    case 4: return remove_op{path, version};
    default:
      return create_op{path, *prop::gen::element<std::string>("", "new"),
                       *prop::gen::element(create_mode::persistent, create_mode::persistent, create_mode::ephemeral,
                                           create_mode::persistent_sequential, create_mode::ephemeral_sequential)};
    }
  });
}

void compare(const znode_tree& tree, const plain_tree& plain) {
  std::vector<std::string> expected;
  for (const auto& [path, _] : plain.nodes()) {
    expected.push_back(path);
  }
  RC_ASSERT(tree.paths() == expected);
  for (const auto& [path, want] : plain.nodes()) {
    const auto* have = tree.find(path);
    const auto stat = to_stat(have->header);
    RC_ASSERT(have->data == want.data);
    RC_ASSERT(have->header.acl == want.acl);
    RC_ASSERT(stat.version == want.version);
    RC_ASSERT(stat.ephemeral_owner == want.owner);
    RC_ASSERT(stat.czxid == want.czxid);
    RC_ASSERT(stat.mzxid == want.mzxid);
    RC_ASSERT(stat.pzxid == want.pzxid);
    RC_ASSERT(stat.num_children == plain.children(path));
    RC_ASSERT(static_cast<std::size_t>(stat.num_children) == have->children->size());
    RC_ASSERT(stat.cversion == 2 * want.creates - stat.num_children);
    RC_ASSERT(static_cast<std::size_t>(stat.data_length) == want.data.size());
  }
}

} // namespace

TEST_CASE("tree: any transactions of any sessions give what the plain rules give") {
  const bool ok = prop::check("tree", [] {
    znode_tree tree;
    plain_tree plain;
    zxid_t zxid = 0;
    const auto steps = *prop::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      ++zxid;
      const session_id_t session = *prop::gen::inRange<session_id_t>(1, 4);
      if (*prop::gen::inRange(0, 12) == 0) {
        for (const auto& change : end_of_session(tree, session)) {
          tree.apply(change, zxid);
        }
        plain.end(session, zxid);
      } else {
        const requester who{session, *prop::gen::weightedElement<std::string>({{5, ""}, {1, "me:pw"}})};
        transaction txn;
        txn.ops = *prop::gen::container<std::vector<write_op>>(any_op());
        if (txn.ops.size() > 8) {
          txn.ops.resize(8);
        }
        std::size_t failed = 0;
        const auto expected = plain.apply(txn, who, zxid, failed);
        const auto checked = check_multi(tree, txn, who, zxid);
        RC_ASSERT(to_string(checked.code) == to_string(expected));
        RC_ASSERT(checked.results.size() == txn.ops.size());
        for (std::size_t i = 0; i < txn.ops.size(); ++i) {
          const auto code = expected == rc::ok || i < failed ? rc::ok : i == failed ? expected : rc::rolled_back;
          RC_ASSERT(to_string(checked.results[i].code) == to_string(code));
        }
        RC_ASSERT((expected == rc::ok || checked.changes.empty()));
        for (const auto& change : checked.changes) {
          tree.apply(change, zxid);
        }
        // The stat that a set answers with is the one after its own operation.
        for (std::size_t i = 0; expected == rc::ok && i < txn.ops.size(); ++i) {
          if (std::holds_alternative<set_op>(txn.ops[i])) {
            RC_ASSERT(checked.results[i].stat.mzxid == zxid);
          }
        }
      }
      compare(tree, plain);
    }
  });
  CHECK(ok);
}

TEST_CASE("tree: a replica that applies the same changes is the same") {
  const bool ok = prop::check("replica", [] {
    replica first;
    replica second;
    std::vector<wire::delivery> none;
    for (zxid_t zxid = 1; zxid < 40; ++zxid) {
      transaction txn;
      txn.ops.push_back(*any_op());
      txn.ops.push_back(*any_op());
      const auto checked = check_multi(first.tree(), txn, {1, ""}, zxid);
      first.apply(checked.changes, zxid, none);
      second.apply(checked.changes, zxid, none);
    }
    RC_ASSERT(first.tree().paths() == second.tree().paths());
    for (const auto& path : first.tree().paths()) {
      RC_ASSERT(first.tree().find(path)->data == second.tree().find(path)->data);
      RC_ASSERT(first.tree().find(path)->header.mzxid == second.tree().find(path)->header.mzxid);
    }
    RC_ASSERT(none.empty());
  });
  CHECK(ok);
}

} // namespace djm::store
