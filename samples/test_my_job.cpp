#include <doctest/doctest.h>

#include "djm/test/cluster.hpp"

using namespace std::chrono_literals;

TEST_CASE("a mailbox moves on when its node dies, and is never served twice at a time") {
  djm::test::cluster cluster{3}; // real nodes, a modelled ZooKeeper, virtual time, one thread at a time
  const auto serve = [](djm::job_context& ctx) { ctx.sleep(10min); }; // your job, as it is
  cluster.register_job(djm::job_builder("mail").items({"europe", "america", "asia"}).every(1s).run(serve));
  cluster.settle(); // every item has its owner, and no more moves follow

  const auto gone = cluster.owner("mail", "europe");
  cluster.crash(gone);
  cluster.advance(30s); // session timeout + detach tolerance + some; takes milliseconds

  CHECK(cluster.owner("mail", "europe") != gone);
  CHECK(cluster.running("mail").size() == 2); // one run on each of the two that are left
  CHECK(to_string(cluster.overlaps()) == ""); // nobody else had begun before
}
