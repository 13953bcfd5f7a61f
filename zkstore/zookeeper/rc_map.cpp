#include "zkstore/zookeeper/rc_map.hpp"

#include <zookeeper/zookeeper.h>

namespace djm::store {

namespace {

// Not in the client's header: servers from 3.7 on answer so when a quota is enforced.
constexpr int quota_exceeded = -125;

} // namespace

rc map_rc(int code) noexcept {
  switch (code) {
  case ZOK: return rc::ok;
  case ZNONODE: return rc::no_node;
  case ZNODEEXISTS: return rc::node_exists;
  case ZBADVERSION: return rc::bad_version;
  case ZNOTEMPTY: return rc::not_empty;
  case ZNOCHILDRENFOREPHEMERALS: return rc::no_children_for_ephemerals;
  case ZNOAUTH: return rc::no_auth;
  case ZINVALIDACL: return rc::invalid_acl;
  case ZBADARGUMENTS: return rc::bad_arguments;
  case ZUNIMPLEMENTED: return rc::unimplemented;
  case ZCONNECTIONLOSS:
  // The client gives these to all pending requests when it drops a connection whose bytes it cannot follow: what became
  // of them is not known.
  case ZRUNTIMEINCONSISTENCY:
  case ZMARSHALLINGERROR: return rc::connection_loss;
  case ZOPERATIONTIMEOUT: return rc::operation_timeout;
  case ZTHROTTLEDOP: return rc::throttled;
  case quota_exceeded: return rc::quota_exceeded;
  case ZSESSIONMOVED: return rc::session_moved;
  case ZSESSIONEXPIRED: return rc::session_expired;
  case ZAUTHFAILED: return rc::auth_failed;
  case ZCLOSING:
  case ZINVALIDSTATE: return rc::closed;
  default: return rc::system_error;
  }
}

rc map_op_rc(int code) noexcept {
  return code == ZRUNTIMEINCONSISTENCY ? rc::rolled_back : map_rc(code);
}

} // namespace djm::store
