#include <doctest/doctest.h>

#include <zookeeper/zookeeper.h>

#include "zkstore/zookeeper/rc_map.hpp"

using namespace djm::store;

TEST_CASE("every number of the C client has a class of its own choosing") {
  struct row {
    int raw;
    rc code;
    rc_class kind;
  };
  for (auto& [raw, code, kind] :
       {row{ZOK, rc::ok, rc_class::ok}, row{ZNONODE, rc::no_node, rc_class::expected},
        row{ZNODEEXISTS, rc::node_exists, rc_class::expected}, row{ZBADVERSION, rc::bad_version, rc_class::expected},
        row{ZNOTEMPTY, rc::not_empty, rc_class::expected}, row{ZCONNECTIONLOSS, rc::connection_loss, rc_class::unknown},
        row{ZOPERATIONTIMEOUT, rc::operation_timeout, rc_class::unknown},
        row{ZTHROTTLEDOP, rc::throttled, rc_class::unknown}, row{-125, rc::quota_exceeded, rc_class::bug},
        row{ZSESSIONMOVED, rc::session_moved, rc_class::unknown},
        row{ZSESSIONEXPIRED, rc::session_expired, rc_class::session_fatal},
        row{ZAUTHFAILED, rc::auth_failed, rc_class::session_fatal}}) {
    const auto& logged = raw;
    CAPTURE(logged);
    CHECK(map_rc(raw) == code);
    CHECK(map_op_rc(raw) == code);
    CHECK(classify(code) == kind);
  }
}

TEST_CASE("a request that ends as a runtime inconsistency may have been applied, an operation was rolled back") {
  CHECK(classify(map_rc(ZRUNTIMEINCONSISTENCY)) == rc_class::unknown);
  CHECK(map_op_rc(ZRUNTIMEINCONSISTENCY) == rc::rolled_back);
}

TEST_CASE("a number nobody has heard of is a system error") {
  CHECK(map_rc(-4711) == rc::system_error);
  CHECK(map_rc(4711) == rc::system_error);
}
