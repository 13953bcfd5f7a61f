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

TEST_CASE("lease: the beginning of a session counts when its locks have been read, and no join after the first") {
  worker_rig r;
  r.add_job();
  r.d.view.asked_at = r.d.now - seconds{2};
  const auto said = r.join();
  CHECK(said.find("lease 1016000ms 1017000ms") != std::string::npos);
  CHECK(r.contact(-1) == "lease 1017000ms 1018000ms");
  r.tree.erase("/djm/alive/w");
  r.d.call(&worker_core::on_unjoined); // somebody has deleted alive/<w>: D from the latest contact
  CHECK(r.rejoin().find("lease") == std::string::npos);
  CHECK(r.contact(1) == "lease 1019000ms 1020000ms");
}

TEST_CASE("lease: a session that took long to come proves nothing") {
  worker_rig r;
  r.add_job();
  r.d.view.asked_at = r.d.now - seconds{60};
  CHECK(r.join().find("lease") == std::string::npos);
  CHECK(r.contact(0) == "lease 1018000ms 1019000ms");
  r.d.expire();
  r.d.view.asked_at = r.d.now - seconds{30};
  r.d.connect();
  CHECK(r.rejoin().find("lease") == std::string::npos);
}

TEST_CASE("lease: what was lost meanwhile is told before the lease of the new session") {
  working_rig r;
  r.d.expire();
  r.tree.erase("/djm/locks/j/a.lock");
  r.d.pass(seconds{60});
  r.d.view.asked_at = r.d.now;
  r.d.connect();
  const auto said = r.rejoin();
  const auto lost = said.find("revoke j lease_expiring: a");
  const auto lease = said.find("lease ");
  REQUIRE(lost != std::string::npos);
  REQUIRE(lease != std::string::npos);
  CHECK(lost < lease);
}
