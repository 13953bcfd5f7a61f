#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// A worker that works with the lock of "a" since 1000 s, contact then, T = D = 10 s.
struct working_rig : worker_rig {
  working_rig() {
    add_job();
    join();
    assigned({"a"});
    contact(0);
  }
};

} // namespace

TEST_CASE("lease: a shorter timeout granted on a reconnect holds for the latest contact too") {
  working_rig r;
  r.d.suspend();
  r.d.view.timeout = seconds{4};
  // The server may end the session 4 s after the reconnect from now on.
  CHECK(r.d.reconnect() == "lease 1012300ms 1013300ms");
  CHECK(r.contact(3) == "lease 1015300ms 1016300ms");
}

TEST_CASE("lease: a longer timeout granted on a reconnect moves nothing before the next contact") {
  working_rig r;
  r.d.suspend();
  r.d.view.timeout = seconds{20};
  CHECK(r.d.reconnect() == "");
  CHECK(r.contact(3) == "lease 1030500ms 1031500ms");
}

TEST_CASE("lease: a new session with a shorter timeout leaves the deadline of the one before") {
  working_rig r;
  r.d.expire();
  r.d.view.timeout = seconds{4};
  CHECK(r.d.connect() == "");
  CHECK(r.rejoin() == "");
  CHECK(r.contact(12) == "lease 1024300ms 1025300ms");
}

TEST_CASE("lease: a node that leaves with a run under way counts its tolerance from before the leave") {
  working_rig r;
  r.d.call(&worker_core::on_drain);
  // The leave follows. When it was committed is not known if its answer gets lost, but not before now.
  CHECK(r.d.call(&worker_core::on_hurry) == "lease 1008000ms 1009000ms; drained");
  CHECK(r.contact(3) == "");
  r.d.suspend();
  r.d.reconnect();
  CHECK(r.contact(6) == "");
}
