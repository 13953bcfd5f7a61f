#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

/// What has to be done before any item runs: the hidden item of a job, on one node.
using namespace djm;
using namespace djm::test;
using std::chrono::minutes;

namespace {

const item_id hidden{std::string{preparation_item}};

job_spec preparing_job() {
  auto spec = runner::job();
  spec.prepares = true;
  return spec;
}

class preparing_node {
public:
  explicit preparing_node(job_spec spec = preparing_job()) : r(std::move(spec)) { r.leased(0); }

  std::string follow(double t, std::int64_t generation, bool prepared, bool paused = false) {
    followed_job f;
    f.job = "j";
    f.rev = ++rev_;
    f.spec = preparing_job();
    f.spec.failures = failures;
    f.generation = generation;
    f.prepared = prepared;
    f.paused = paused;
    const auto said = r.take(r.core.on_follow(f, when(t)));
    const auto empty = "config of " + std::to_string(f.rev) + ", empty";
    REQUIRE(said.rfind(empty, 0) == 0);
    return said == empty ? "" : said.substr(empty.size() + 2);
  }
  /// Generation of the run that the effects of a grant, or of anything else, begin.
  template <class Effects>
  static std::int64_t generation_in(const Effects& effects) {
    for (const auto& e : effects) {
      if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
        return s->purpose.generation;
      }
    }
    return -1;
  }
  bool preparing(double t) const { return r.core.status(at(t)).preparing; }

  runner r;
  failure_rules failures;

private:
  std::int64_t rev_ = 0;
};

} // namespace

TEST_CASE("prepare: no item starts before the record says that the job is prepared") {
  preparing_node n;
  CHECK(n.r.granted(0, {{"a", 1}}).empty()); // nothing is known of a record yet
  CHECK(n.follow(1, 1, false).empty());
  CHECK(n.preparing(1));
  CHECK(n.r.wake(60).empty());
  CHECK(n.r.trigger(61).empty());
  CHECK(n.follow(62, 1, true) == "start 1: a#1");
  CHECK_FALSE(n.preparing(62));
}

TEST_CASE(
  "prepare: whoever has the hidden item runs it, once, with the generation that is wanted, and tells the record") {
  preparing_node n;
  n.r.granted(0, {{"a", 1}});
  n.follow(1, 4, false);
  const auto effects = n.r.core.on_granted({{hidden, 7}}, when(2));
  CHECK(preparing_node::generation_in(effects) == 4);
  CHECK(n.r.take(effects) == "start 1: .prepare#7");
  CHECK(n.r.core.status(at(2)).items.size() == 1); // it stays hidden
  CHECK(n.r.done(5, 1) == "prepared 4");
  CHECK(tells(n.r, "job_prepared"));
  CHECK(n.r.wake(6).empty());
  CHECK(n.follow(6.5, 4, true) == "start 2: a#1");
  CHECK(n.r.revoked(7, {hidden}) == "released .prepare");
  CHECK(n.r.wake(12).empty()); // a's run goes on, and nothing else does
}

TEST_CASE("prepare: a run says after which preparation it was handed out") {
  preparing_node n;
  n.follow(1, 3, true);
  CHECK(preparing_node::generation_in(n.r.core.on_granted({{"a", 1}}, when(2))) == 3);
}

TEST_CASE("prepare: what goes on goes on when it is ordered again, and nothing starts until it is done") {
  preparing_node n;
  n.follow(0, 1, true);
  CHECK(n.r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(n.follow(1, 2, false).empty());
  CHECK(n.r.done(2, 1).empty());
  CHECK(n.r.wake(40).empty());
  CHECK(n.follow(41, 2, true) == "start 2: a#1");
}

TEST_CASE("prepare: one that fails is a problem, is tried again after longer and longer, and goes elsewhere") {
  preparing_node n;
  n.follow(0, 1, false);
  CHECK(n.r.granted(0, {{hidden, 7}}) == "start 1: .prepare#7");
  CHECK(n.r.failed(1, 1, "no table").empty());
  CHECK(tells(n.r, "preparation of job"));
  CHECK(tells(n.r, "preparation 1 has failed, 1 times in a row on this node, and is tried again: no table"));
  CHECK(n.r.wakes() == 2);
  CHECK(n.r.wake(1.9).empty());
  CHECK(n.r.wake(2) == "start 2: .prepare#7");
  n.r.failed(3, 2, "no table");
  CHECK(n.r.wakes() == 5);
  CHECK(n.r.wake(5) == "start 3: .prepare#7");
  CHECK(n.r.failed(6, 3, "no table") == "declined .prepare for 10s: no table");
  CHECK(n.r.wake(30).empty());
  // It comes back, for nobody else is there.
  CHECK(n.r.granted(31, {{hidden, 9}}) == "start 4: .prepare#9");
  CHECK(n.r.done(32, 4) == "prepared 1");
  CHECK(tells(n.r, "problem_over"));
}

TEST_CASE("prepare: one that hangs is told after pool_timeout, and ended by run_timeout") {
  preparing_node n;
  n.failures.run_timeout = minutes{2};
  n.follow(0, 1, false);
  n.r.granted(0, {{hidden, 7}});
  CHECK(n.r.wakes() == 30);
  n.r.wake(30);
  CHECK(tells(n.r, "preparation 1 has not come back after 30s"));
  CHECK(n.r.wake(120) == "look 1");
  n.r.take(n.r.core.on_look({{1, true, at(0), at(0)}}, when(120)));
  CHECK(tells(n.r, "run_timed_out"));
  CHECK(n.r.done(121, 1).empty());
  CHECK(tells(n.r, "it took longer than run_timeout, 2min"));
}

TEST_CASE("prepare: it waits for a lease, for the end of a pause, and is not tried when the node stops") {
  preparing_node n;
  n.r.leased(0, 1, 2);
  n.follow(3, 1, false, true);
  CHECK(n.r.granted(3, {{hidden, 7}}).empty());
  CHECK(n.r.leased(4).empty()); // paused
  CHECK(n.follow(5, 1, false) == "start 1: .prepare#7");
  CHECK(n.r.stop(6) == "stop 1 shutdown");
  CHECK(n.r.done(7, 1).empty()); // it was asked to stop: nobody knows whether it is done
  CHECK(n.r.wake(60).empty());
}

TEST_CASE("prepare: an item that is taken away is given back when its run has ended") {
  preparing_node n;
  n.follow(0, 1, false);
  n.r.granted(0, {{hidden, 7}});
  CHECK(n.r.revoked(1, {hidden}) == "stop 1 revoked: .prepare");
  CHECK(n.r.done(2, 1) == "released .prepare");
  CHECK(n.r.wake(60).empty());
}

TEST_CASE("prepare: one that was begun for a former generation says so, and the next one is tried at once") {
  preparing_node n;
  n.follow(0, 1, false);
  n.r.granted(0, {{hidden, 7}});
  n.follow(1, 2, false);
  CHECK(n.r.done(2, 1) == "prepared 1; start 2: .prepare#7");
  CHECK(n.r.done(3, 2) == "prepared 2");
}

TEST_CASE("prepare: where the record does not follow, what is saved is looked at once more") {
  preparing_node n;
  n.follow(0, 1, false);
  n.r.granted(0, {{hidden, 7}});
  n.r.done(1, 1);
  CHECK(n.r.wakes() == 11);
  CHECK(n.r.wake(11) == "start 2: .prepare#7");
  CHECK(n.r.done(12, 2) == "prepared 1");
}

TEST_CASE("prepare: the code of a version that prepares nothing is not called for it, and held back all the same") {
  preparing_node n{runner::job()};
  CHECK(n.follow(0, 1, false).empty());
  CHECK(n.r.granted(1, {{"a", 1}, {hidden, 7}}).empty());
  CHECK(n.r.wake(60).empty());
  CHECK(n.follow(61, 1, true) == "start 1: a#1");
}

TEST_CASE("prepare: the hidden item is of no share, whatever the mode") {
  for (const auto mode : {running_mode::single_thread, running_mode::thread_per_item, running_mode::custom}) {
    auto spec = preparing_job();
    spec.mode = mode;
    spec.on_new_items = new_items_policy::restart;
    preparing_node n{spec};
    n.follow(0, 1, true);
    n.r.granted(0, {{"a", 1}});
    if (mode == running_mode::custom) {
      n.r.cut(0, 1, {{"a"}});
    }
    CHECK(n.r.core.status(at(1)).active_runs == 1);
    CHECK(n.r.granted(100, {{hidden, 7}}).empty()); // neither cut anew nor restarted for
    CHECK(n.r.revoked(101, {hidden}).find("released .prepare") != std::string::npos);
  }
}

TEST_CASE("prepare: a runner that is made anew while its run goes on looks at what that has saved") {
  preparing_node n;
  n.r.core.on_adopted({5}, {{{hidden, 7}}}, when(0));
  n.follow(0, 1, false);
  CHECK(n.r.granted(0, {{hidden, 7}}).empty());
  CHECK(n.r.done(1, 5) == "start 6: .prepare#7");
}

TEST_CASE("prepare: when the connection was away, what is saved is told to the record at once and not after a while") {
  for (const bool away : {false, true}) {
    preparing_node n;
    n.r.granted(0, {{hidden, 7}});
    CHECK(n.follow(1, 4, false) == "start 1: .prepare#7");
    CHECK(n.r.done(5, 1) == "prepared 4");
    // The record does not follow: whoever was to write it could not.
    CHECK(n.r.take(n.r.core.on_lease_renewed(at(1e6), at(1e6 + 5), when(6))).empty());
    CHECK(n.r.take(away ? n.r.core.on_lease(at(1e6), at(1e6 + 5), when(7)) : n.r.core.on_wake(when(7))) ==
          (away ? "start 2: .prepare#7" : ""));
  }
}
