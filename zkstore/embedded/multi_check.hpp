#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zkstore/embedded/znode_tree.hpp"
#include "zkstore/types.hpp"

namespace djm::store {

/// What a transaction comes to when it is checked against the state before it: changes to apply, or the first error
/// and none.
struct checked_multi {
  rc code = rc::ok;
  std::vector<op_result> results;
  std::vector<node_change> changes;
};

/// Who asks.
struct requester {
  session_id_t session = 0;
  /// "user:password" or empty.
  std::string digest;
};

/// Whether the identity may do everything with a node with this ACL.
inline bool may_use(const std::string& acl, const std::string& digest) {
  const bool readable = !acl.empty() && acl.front() == '~';
  return acl.empty() || (readable ? acl.compare(1, std::string::npos, digest) == 0 : acl == digest);
}

/// Whether it may read the node's data and list its children.
inline bool may_read(const std::string& acl, const std::string& digest) {
  return (!acl.empty() && acl.front() == '~') || may_use(acl, digest);
}

/// Who may do more than look, for `read_result::writers`.
std::string writers_of(const std::string& acl);

/// Checks the operations in order, each seeing the ones before it, by ZooKeeper's rules. All changes bear `zxid` and
/// the time of the server that leads. Nodes created by a requester with a digest are for that digest alone.
checked_multi check_multi(const znode_tree& tree, const transaction& txn, const requester& who, zxid_t zxid,
                          std::int64_t mtime_ms = 0);

/// The changes that end a session: its ephemeral nodes go.
std::vector<node_change> end_of_session(const znode_tree& tree, session_id_t session);

} // namespace djm::store
