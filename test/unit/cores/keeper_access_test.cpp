#include <algorithm>

#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

std::vector<std::string> nodes_of(const fake_store& tree) {
  auto all = tree.paths();
  all.erase(std::remove_if(all.begin(), all.end(), [](const auto& path) { return path.compare(0, 4, "/djm") != 0; }),
            all.end());
  return all;
}

} // namespace

/// What stands in the keeper's way for a while.

TEST_CASE("keeper: a connection that comes and goes does not make it ask the faster") {
  keeper_rig r;
  prepare(r.tree);
  r.d.connect();
  REQUIRE(r.alive());
  r.d.fates.assign(1000, fate::unknown_lost);
  r.offer("j");
  r.d.take_asked();
  for (int i = 0; i < 100; ++i) {
    r.d.suspend();
    r.d.pass(std::chrono::milliseconds{50});
    r.d.reconnect();
    r.d.pass(std::chrono::milliseconds{50});
  }
  CHECK(r.d.take_asked().size() <= 25); // in 10 s: 0.1, 0.2, 0.4 ... 5 s apart, and a look at the tree now and then
}

TEST_CASE("keeper: what stood in the way of the connection is over when it is there again") {
  keeper_rig r;
  r.d.connect();
  r.d.suspend();
  r.d.pass(seconds{31});
  CHECK(r.d.core.status().last_problem.find("still trying") != std::string::npos);
  r.d.reconnect();
  CHECK(r.d.core.status().last_problem == "");
  CHECK(r.all_events().find("problem_over(component=\"keeper\", about=\"connection\")") != std::string::npos);
}

TEST_CASE("keeper: what cannot be written for long is told, with its reason, until it is written") {
  keeper_rig r;
  r.d.connect();
  r.d.fates.assign(1000, fate::unknown_lost);
  r.offer("j");
  r.d.pass(seconds{20});
  CHECK(r.d.core.status().last_problem == "");
  r.d.pass(seconds{40});
  CHECK(r.d.core.status().last_problem.find("writing the records of jobs has not worked for longer than 30s") == 0);
  SUBCASE("it is written") {
    r.d.fates.clear();
  }
  SUBCASE("it is written, and the answer gets lost") {
    r.d.fates = {fate::unknown_applied};
  }
  SUBCASE("it is not wanted any more") {
    r.d.call(&keeper_core::on_withdraw, job_id{"j"});
  }
  r.d.pass(seconds{10});
  CHECK(r.d.core.status().last_problem == "");
}

TEST_CASE("keeper: what has failed for long is told also when the last attempt finds it gone from alive") {
  keeper_rig r;
  r.d.connect();
  r.d.fates.assign(1000, fate::unknown_lost);
  SUBCASE("the registration") {
    r.offer("j");
  }
  SUBCASE("a pool") {
    r.d.fates.clear();
    r.offer("j");
    r.d.fates.assign(1000, fate::unknown_lost);
    r.pool("j", {"a"});
  }
  r.d.pass(seconds{25});
  r.d.fates = {fate::delayed};
  r.d.pass(seconds{10});
  REQUIRE(r.d.held.size() == 1);
  CHECK(r.all_events().find("has not worked for longer than 30s") == std::string::npos);
  r.tree.erase("/djm/alive/w");
  CHECK(r.d.answer_held() == "stop probing; unjoined; joined 1; probe alive/w");
  CHECK(r.all_events().find("has not worked for longer than 30s, it goes on trying: others are in the way") !=
        std::string::npos);
}

TEST_CASE("keeper: a tree that may not be read or written is told at once, and refused for good when it lasts") {
  keeper_rig r;
  prepare(r.tree);
  std::string path;
  SUBCASE("read") {
    path = "/djm/workers/w";
    r.tree.forbid(path);
  }
  SUBCASE("written") {
    path = "writing below \"/djm\"";
    for (const auto* node : {"/djm/workers", "/djm/alive", "/djm/worker-version"}) {
      r.tree.set_access(node, "~other:secret");
    }
  }
  CHECK(r.d.connect() == "");
  CHECK(r.all_events().find("no_permission") != std::string::npos);
  CHECK(r.d.core.status().last_problem.find(path) != std::string::npos);
  CHECK(r.d.pass(seconds{29}) == "");
  CHECK(r.d.pass(seconds{10}).find("failed no_permission") != std::string::npos);
}

TEST_CASE("keeper: access that is refused for a while ends nobody, and is told until it is over") {
  keeper_rig r;
  r.offer("j");
  r.pool("j", {"a"});
  r.d.connect();
  REQUIRE(r.alive());
  r.tree.forbid("/djm/work-pool");
  r.pool("j", {"a", "b"});
  CHECK(r.d.pass(std::chrono::minutes{5}) == "");
  CHECK(r.phase() == registration_phase::joined);
  CHECK(r.d.core.status().last_problem.find("/djm/work-pool") != std::string::npos);
  r.tree.forbid({});
  r.d.pass(seconds{10});
  CHECK(r.tree.has("/djm/work-pool/j/b"));
  CHECK(r.d.core.status().last_problem == "");
  CHECK(r.all_events().find("problem_over(component=\"keeper\", about=\"reading /djm/work-pool") != std::string::npos);
}

TEST_CASE("keeper: of the way to the root only what is missing is made, open to others") {
  keeper_rig r{200, "/teams/one/djm"};
  r.tree.identify("one:secret");
  r.tree.put("/teams");
  const auto close = [&] {
    r.tree.set_access("/", "~admin:secret");
    r.tree.set_access("/teams", "~admin:secret");
  };
  SUBCASE("below ancestors that others own") {
    r.tree.put("/teams/one");
    close();
    CHECK(r.d.connect().find("joined 1") == 0);
    CHECK(r.tree.access("/teams/one/djm") == "one:secret");
  }
  SUBCASE("and what cannot be made is named") {
    close();
    CHECK(r.d.connect() == "");
    CHECK(r.d.core.status().last_problem.find("creating \"/teams/one\" is not permitted") == 0);
    r.tree.set_access("/teams", "");
    r.tree.put("/teams/one"); // an operator has read it
    CHECK(r.d.pass(seconds{10}).find("joined 1") == 0);
  }
  SUBCASE("and ancestors stay open for those who come next") {
    CHECK(r.d.connect().find("joined 1") == 0);
    CHECK(r.tree.access("/teams/one") == "");
    CHECK(r.tree.access("/teams/one/djm") == "one:secret");
    CHECK(r.tree.access("/teams/one/djm/format") == "one:secret");
  }
}

TEST_CASE("keeper: a tree that anybody may change is told under a digest, until it is closed") {
  auto settings = keeper_rig::settings();
  settings.config.store.digest = "djm:secret";
  keeper_rig r{settings};
  r.tree.identify("djm:secret");
  prepare(r.tree);
  CHECK(r.d.connect().find("joined 1") == 0);
  CHECK(r.d.core.status().last_problem.find("anybody may change the tree (/djm, /djm/format") != std::string::npos);
  r.d.pass(std::chrono::minutes{5});
  CHECK(r.alive());
  CHECK_FALSE(r.d.core.status().last_problem.empty());
  for (const auto& path : nodes_of(r.tree)) {
    r.tree.set_access(path, "djm:secret");
  }
  r.d.pass(std::chrono::minutes{2});
  CHECK(r.d.core.status().last_problem == "");
  CHECK(r.all_events().find("problem_over(component=\"keeper\", about=\"open tree\")") != std::string::npos);
  r.d.take_asked();
  r.d.pass(std::chrono::minutes{5});
  for (const auto& q : r.d.take_asked()) {
    CHECK(q.find("access ") == std::string::npos); // and nobody looks any more
  }
}

TEST_CASE("keeper: secure_tree closes what is open, whatever becomes of the start in between") {
  auto settings = keeper_rig::settings();
  settings.config.store.digest = "djm:secret";
  settings.config.store.secure_tree = true;
  keeper_rig r{settings};
  r.tree.identify("djm:secret");
  prepare(r.tree);
  add_pool(r.tree, "j", {"a", "b", "c"});
  r.tree.put("/djm/workers/gone/assigned/j/a");
  SUBCASE("in one go") {
    r.d.connect();
  }
  SUBCASE("outcomes get lost") {
    r.d.fates = {fate::unknown_applied, fate::unknown_lost, fate::unknown_applied};
    r.d.connect();
  }
  SUBCASE("it was closed in part, from above") {
    for (const auto* path : {"/djm", "/djm/work-pool", "/djm/workers"}) {
      r.tree.set_access(path, "djm:secret");
    }
    r.d.connect();
  }
  SUBCASE("a session ends") {
    r.d.fates.assign(5, fate::unknown_applied);
    r.d.connect();
    r.d.expire();
    r.d.connect();
  }
  r.d.pass(seconds{60});
  CHECK(r.alive());
  for (const auto& path : nodes_of(r.tree)) {
    CAPTURE(path);
    CHECK(r.tree.access(path) == "djm:secret");
  }
  CHECK(r.d.core.status().last_problem == "");
}

TEST_CASE("keeper: secure_tree refuses a tree in which others own something, with its path") {
  auto settings = keeper_rig::settings();
  settings.config.store.digest = "djm:secret";
  settings.config.store.secure_tree = true;
  keeper_rig r{settings};
  r.tree.identify("djm:secret");
  prepare(r.tree);
  r.tree.put("/djm/workers/v");
  SUBCASE("closed") {
    r.tree.set_access("/djm/workers/v", "other:secret");
  }
  SUBCASE("to be read by all") {
    r.tree.put("/djm/workers/v/assigned");
    r.tree.set_access("/djm/workers/v", "~other:secret");
    r.tree.set_access("/djm/workers/v/assigned", "other:secret");
  }
  auto said = r.d.connect();
  said += r.d.pass(seconds{5});
  CHECK(said.find("failed no_permission: store.secure_tree: these nodes belong to others and cannot be "
                  "closed: /djm/workers/v") != std::string::npos);
}

TEST_CASE("keeper: a node that is to give up ends when it has not been registered for so long, and no sooner") {
  auto cfg = keeper_rig::settings();
  cfg.config.registration_give_up = seconds{50};
  keeper_rig r{cfg};
  r.d.view.phase = store::session_phase::connecting;
  r.d.session_changed();
  r.d.pass(seconds{49});
  CHECK(r.phase() != registration_phase::failed);
  r.d.connect();
  CHECK(r.alive());
  r.d.pass(seconds{100});
  CHECK(r.phase() == registration_phase::joined);
  r.d.suspend();
  r.d.pass(seconds{49});
  CHECK(r.phase() != registration_phase::failed);
  CHECK(r.d.pass(seconds{2}).find("registration_give_up") != std::string::npos);
  CHECK(r.phase() == registration_phase::failed);
}
