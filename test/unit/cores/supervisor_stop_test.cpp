#include <doctest/doctest.h>

#include <random>

#include "test/unit/cores/supervisor_rig.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using part = supervisor_core::part;

namespace {

/// All children end as they are told.
void end_all(supervisor_rig& s) {
  for (const auto& job : std::set<job_id>{s.runners}) {
    s.runner_down(job);
  }
  for (auto p : std::set<part>{s.parts}) {
    s.down(p);
  }
  for (const auto& job : std::set<job_id>{s.jobs}) {
    s.gone(job);
  }
}

} // namespace

TEST_CASE("supervisor: a gentle stop takes one step after the other") {
  auto s = running("a", "b");
  CHECK(s.show(s.core.stop(false, s.now)) == "refuse wishes; stop runs a; stop runs b; drain worker");
  CHECK(s.core.state() == node_lifecycle::stopping);
  CHECK_FALSE(s.core.ready());
  CHECK(s.pass(minutes{14}) == "");
  CHECK(s.show(s.core.on_drained(s.now)) == "leave");
  CHECK(s.show(s.core.on_left(s.now)) == "close session");
  CHECK(s.show(s.core.on_store_closed(s.now)) == "end parts");
  end_all(s);
  CHECK(s.closed == 1);
  CHECK(s.show(s.core.on_environment_closed()) == "finish");
  CHECK(s.core.state() == node_lifecycle::stopped);
  CHECK_FALSE(s.core.verdict());
}

TEST_CASE("supervisor: the end waits for code of jobs, a gentle one until stop_timeout, one in a hurry for a second") {
  auto s = running("a", "b");
  const auto end_parts = [&s] {
    s.show(s.core.on_drained(s.now));
    s.show(s.core.on_left(s.now));
    s.show(s.core.on_store_closed(s.now));
    for (const auto& job : std::set<job_id>{s.runners}) {
      s.runner_down(job);
    }
    for (auto p : std::set<part>{s.parts}) {
      s.down(p);
    }
  };
  SUBCASE("gentle") {
    s.show(s.core.stop(false, s.now));
    end_parts();
    CHECK(s.gone("a") == "free a");
    CHECK(s.pass(minutes{15} - milliseconds{1}) == "");
    CHECK(s.closed == 0);
    SUBCASE("in time") {
      CHECK(s.gone("b") == "free b; close environment");
    }
    SUBCASE("too late") {
      CHECK(s.pass(milliseconds{1}) == "close environment");
      CHECK(s.gone("b") == "free b");
    }
    CHECK(s.closed == 1);
  }
  SUBCASE("gentle, then hurried") {
    s.show(s.core.stop(false, s.now));
    end_parts();
    CHECK(s.show(s.core.stop(true, s.now)) == "");
    CHECK(s.pass(seconds{1}) == "close environment");
  }
  SUBCASE("in a hurry") {
    s.show(s.core.stop(true, s.now));
    end_parts();
    CHECK(s.pass(seconds{1} - milliseconds{1}) == "");
    CHECK(s.pass(milliseconds{1}) == "close environment");
    CHECK_FALSE(s.core.wake_at());
  }
}

TEST_CASE("supervisor: answers that come out of turn move nothing") {
  auto s = running();
  CHECK(s.show(s.core.on_drained(s.now)) == "");
  CHECK(s.show(s.core.on_left(s.now)) == "");
  CHECK(s.show(s.core.on_store_closed(s.now)) == "");
  s.show(s.core.stop(false, s.now));
  CHECK(s.show(s.core.on_left(s.now)) == "");
  CHECK(s.show(s.core.on_store_closed(s.now)) == "");
  s.show(s.core.on_drained(s.now));
  CHECK(s.show(s.core.on_drained(s.now)) == "");
  s.show(s.core.on_left(s.now));
  CHECK(s.show(s.core.on_left(s.now)) == "");
}

TEST_CASE("supervisor: runs that do not end are waited for until stop_timeout, then for an operation") {
  auto s = running("a");
  s.show(s.core.stop(false, s.now));
  CHECK(s.pass(minutes{15} - milliseconds{1}, true) == "");
  CHECK(s.pass(milliseconds{1}, true) == "hurry worker");
  CHECK(s.pass(seconds{3} - milliseconds{1}, true) == "");
  CHECK(s.pass(milliseconds{1}, true) == "leave");
}

TEST_CASE("supervisor: each step has its whole time, however late in stop_timeout it begins") {
  auto s = running("a");
  s.show(s.core.stop(false, s.now));
  CHECK(s.pass(minutes{15} - milliseconds{1}, true) == "");
  CHECK(s.show(s.core.on_drained(s.now)) == "leave");
  CHECK(s.pass(seconds{3} - milliseconds{1}) == "");
  CHECK(s.show(s.core.on_left(s.now)) == "close session");
  CHECK(s.pass(seconds{6} - milliseconds{1}) == "");
  CHECK(s.pass(milliseconds{1}) == "end parts");
}

TEST_CASE("supervisor: a second request hurries, a third changes nothing") {
  auto s = running("a");
  s.show(s.core.stop(false, s.now));
  CHECK(s.show(s.core.stop(false, s.now)) == "hurry worker");
  CHECK(s.show(s.core.stop(true, s.now)) == "");
  CHECK(s.pass(seconds{3}, true) == "leave");
}

TEST_CASE("supervisor: with stop_timeout 0 every stop hurries, and the worker still has the time of an operation") {
  auto settings = supervisor_rig::settings();
  settings.stop_timeout = duration::zero();
  supervisor_rig s{settings};
  CHECK(s.show(s.core.stop(false, s.now)) == "refuse wishes; drain worker; hurry worker");
  CHECK(s.pass(seconds{3} - milliseconds{1}) == "");
  CHECK(s.pass(milliseconds{1}) == "leave");
}

TEST_CASE("supervisor: a store that answers nothing does not keep the node, once no run is left") {
  auto s = running("a");
  s.core.on_session(store::session_phase::suspended);
  s.show(s.core.stop(false, s.now));
  CHECK(s.pass(minutes{2}, true) == "");
  CHECK(s.pass(seconds{3}, false) == "hurry worker");
  CHECK(s.pass(seconds{3}) == "leave");
  CHECK(s.pass(seconds{3}) == "close session");
  CHECK(s.pass(seconds{6}) == "end parts");
}

TEST_CASE("supervisor: a store that is away at a single look is waited for") {
  auto s = running("a");
  s.show(s.core.stop(false, s.now));
  for (int n = 0; n < 5; ++n) {
    s.core.on_session(store::session_phase::suspended);
    CHECK(s.pass(seconds{3}) == "");
    s.core.on_session(store::session_phase::connected);
    CHECK(s.pass(seconds{3}) == "");
  }
}

TEST_CASE("supervisor: a step whose part is dead is left out") {
  SUBCASE("worker") {
    auto s = running("a");
    s.show(s.core.stop(false, s.now));
    CHECK(s.down(part::worker) == "leave");
  }
  SUBCASE("worker, already before the stop") {
    auto s = running("a");
    s.down(part::worker);
    CHECK(s.show(s.core.stop(false, s.now)) == "refuse wishes; stop runs a; drain worker; leave");
    CHECK(s.pass(milliseconds{200}) == ""); // and it is not rebuilt
  }
  SUBCASE("keeper") {
    auto s = running("a");
    s.show(s.core.stop(false, s.now));
    CHECK(s.down(part::keeper) == "");
    s.show(s.core.on_drained(s.now));
    CHECK(s.pass(seconds{3}) == "close session");
  }
  SUBCASE("keeper, while it leaves") {
    auto s = running("a");
    s.show(s.core.stop(false, s.now));
    s.show(s.core.on_drained(s.now));
    CHECK(s.down(part::keeper) == "close session");
  }
  SUBCASE("store: nothing is left to leave with") {
    auto s = running("a");
    s.show(s.core.stop(false, s.now));
    CHECK(s.down(part::store) == "end session; end parts");
  }
  SUBCASE("store and worker, already before the stop") {
    auto s = running("a");
    s.down(part::store);
    s.down(part::worker);
    CHECK(s.show(s.core.stop(true, s.now)) == "refuse wishes; stop runs a; drain worker; end parts; hurry worker");
    end_all(s);
    CHECK(s.closed == 1);
  }
}

TEST_CASE("supervisor: a runner that dies while the node drains is replaced, to say when its runs have ended") {
  SUBCASE("during") {
    auto s = running("a");
    s.show(s.core.stop(false, s.now));
    s.runner_down("a");
    CHECK(s.pass(seconds{1}) == "start runner a; stop runs a");
  }
  SUBCASE("before") {
    auto s = running("a", "b");
    s.runner_down("a");
    CHECK(s.show(s.core.stop(false, s.now)) ==
          "refuse wishes; stop runs a; stop runs b; start runner a; stop runs a; drain worker");
    CHECK(s.pass(seconds{1}) == "");
  }
  SUBCASE("too late") {
    auto s = running("a");
    s.show(s.core.stop(false, s.now));
    s.show(s.core.on_drained(s.now));
    s.runner_down("a");
    CHECK(s.pass(seconds{1}) == "");
  }
}

TEST_CASE(
  "supervisor: whatever happens and in whatever order, a stop ends, and no child is started or outlived twice") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 chance{seed};
    const auto draw = [&](unsigned n) { return static_cast<unsigned>(chance() % n); };
    auto settings = supervisor_rig::settings();
    settings.stop_timeout = seconds{draw(3) * 20};
    supervisor_rig s{settings};
    unsigned jobs = 0;
    std::set<job_id> known;
    const auto some_job = [&] { return job_id{"j" + std::to_string(draw(jobs + 1))}; };
    const auto disturb = [&] {
      switch (draw(16)) {
      case 0: return s.core.on_joined();
      case 1: return s.core.on_unjoined();
      case 2: return s.core.on_settled(draw(2) == 0);
      case 3:
      case 4: return s.core.on_session(static_cast<store::session_phase>(draw(7)));
      case 5:
      case 6:
        if (!s.core.is_stopping()) {
          const job_id job{"j" + std::to_string(jobs++)};
          s.show(s.core.add_job(job));
          CHECK(s.runners.count(job) == 1);
        }
        return;
      case 7: s.show(s.core.leave_job(some_job(), s.now)); return;
      case 8: {
        const auto job = some_job();
        s.show(s.core.on_job_free(job));
        if (draw(2) == 0 && s.runners.count(job) == 0 && s.core.is_leaving(job)) {
          s.gone(job);
        }
        return;
      }
      case 9:
      case 10:
        if (const auto job = some_job(); s.runners.count(job) > 0) {
          s.runner_down(job);
        }
        return;
      case 11:
      case 12:
        if (const auto p = static_cast<part>(draw(5)); s.parts.count(p) > 0) {
          s.down(p);
        }
        return;
      case 13: s.show(s.core.on_drained(s.now)); return;
      default: s.pass(milliseconds{draw(8000)}, draw(2) == 0); return;
      }
    };
    for (unsigned n = draw(60); n > 0; --n) {
      disturb();
    }
    s.show(s.core.stop(draw(2) == 0, s.now));
    const auto begun = s.now;
    for (unsigned n = draw(20); n > 0; --n) {
      disturb();
    }
    // From here on nobody answers anything.
    s.pass(settings.stop_timeout + seconds{3 + 3 + 6} - std::min<duration>(s.now - begun, settings.stop_timeout), true);
    end_all(s);
    REQUIRE(s.closed == 1);
    CHECK_FALSE(s.core.wake_at());
    CHECK(s.show(s.core.on_environment_closed()) == "finish");
  }
}
