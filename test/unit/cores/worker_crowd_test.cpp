#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("worker: a lock folder that goes while it is looked at for its watch lets the items be locked") {
  worker_rig r{200, 0}; // no watch on single locks: one on the folder instead
  put_lock(r.tree, "j", "a", "other", "x");
  r.add_job();
  r.join();
  assign(r.tree, "w", "i1", "j", {"a"});
  // Up to the moment at which it wants to list the folder with a watch.
  const auto asks_for_the_folder = [&] {
    return !r.d.reads.empty() && r.d.reads.front().reads.front().path == "/djm/locks/j" &&
           r.d.reads.front().reads.front().watch;
  };
  for (int n = 0; n < 20 && !asks_for_the_folder(); ++n) {
    for (const auto& e : r.tree.take_events(r.d.view.id)) {
      r.d.take(r.d.core.on_watch(e, r.d.now_step()));
    }
    if (!r.d.reads.empty()) {
      auto q = r.d.reads.front();
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    } else if (!r.d.commits.empty()) {
      r.d.answer_commit();
    }
  }
  REQUIRE(asks_for_the_folder());
  // The other one has given the lock back, and a leader has cleaned the folder.
  r.tree.erase("/djm/locks/j");
  const auto said = r.react();
  CHECK(said == "grant j: " + r.token("a"));
  CHECK(r.locks().size() == 1);
}
