// What the activities of a term share.
#include <doctest/doctest.h>

#include "actors/manager/cleaning/clean_list.hpp"
#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/dirty_marks.hpp"
#include "actors/manager/planning/plan_moment.hpp"

using namespace djm;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using jobs = std::vector<job_id>;

const store::tree_schema tree{"/djm"};

time_point at_ms(int ms) {
  return time_point{} + std::chrono::hours{1} + milliseconds{ms};
}

} // namespace

TEST_CASE("manager: a refresh takes the marks that are there, everything includes the rest") {
  dirty_marks dirty;
  CHECK_FALSE(dirty.any());
  dirty.heard("/djm/alive", tree);
  dirty.heard("/djm/work-pool/b", tree);
  dirty.heard("/djm/work-pool/a", tree);
  dirty.heard("/djm/locks/a", tree);
  CHECK(dirty.any());
  auto t = dirty.take();
  CHECK_FALSE(t.all);
  CHECK(t.members);
  CHECK_FALSE(t.pools);
  CHECK(t.jobs == jobs{"a", "b"});
  CHECK_FALSE(dirty.any());
  dirty.heard("/djm/work-pool", tree);
  CHECK(dirty.take().pools);
  dirty.everything();
  t = dirty.take();
  CHECK((t.all && t.members && t.pools));
}

TEST_CASE("manager: what has no watch is read with each sweep, a job with each change of a pool") {
  dirty_marks dirty;
  dirty.sweep();
  CHECK_FALSE(dirty.any());
  dirty.job_read("a", false);
  dirty.job_read("b", true);
  dirty.heard(tree.pool_version(), tree);
  CHECK(dirty.take().jobs == jobs{"a"});
  dirty.sweep();
  CHECK(dirty.take().all);
  dirty.sweep(); // all of it was taken: whether it could be watched now is told by that refresh
  CHECK_FALSE(dirty.any());
  dirty.job_read("a", true);
  dirty.heard(tree.pool_version(), tree);
  CHECK_FALSE(dirty.any());
}

TEST_CASE("manager: a plan waits for the end of the changes, and not for ever") {
  plan_moment m{milliseconds{200}, seconds{2}};
  CHECK_FALSE(m.next());
  for (int ms = 0; ms <= 1800; ms += 100) {
    m.changed(at_ms(ms));
    CHECK(m.next() == at_ms(ms + 200));
    CHECK_FALSE(m.due(at_ms(ms + 199)));
  }
  m.changed(at_ms(1950));
  CHECK(m.next() == at_ms(2000));
  CHECK(m.due(at_ms(2000)));
  m.not_later_than(at_ms(2500), at_ms(1960));
  CHECK(m.next() == at_ms(2000));
  m.taken();
  CHECK_FALSE(m.due(at_ms(9000)));
  m.not_later_than(at_ms(2500), at_ms(2100));
  CHECK(m.next() == at_ms(2500));
  m.changed(at_ms(2450)); // the first change that waits was at 2100
  CHECK(m.next() == at_ms(2650));
}

TEST_CASE("manager: the list of what is to be cleaned gives tasks of one kind, and takes back what is left") {
  using kind = clean_task::kind;
  clean_list list{at_ms(0)};
  CHECK(list.empty());
  for (const auto& id : to_ids<job_id>({"a", "b", "c"})) {
    list.add({kind::pool, id});
  }
  list.add({kind::worker, {}, "w"});
  auto some = list.take(2);
  REQUIRE(some.size() == 2);
  CHECK(some[1].job == "b");
  list.put_back(some[1]);
  some = list.take(9);
  REQUIRE(some.size() == 2);
  CHECK(some[0].job == "b");
  CHECK(some[1].what == kind::pool);
  CHECK(list.take(9).size() == 1);
  list.add({kind::worker, {}, "w"});
  list.make_not_later_than(at_ms(5));
  CHECK(list.next() == at_ms(0));
  list.outdated(at_ms(7));
  CHECK(list.empty());
  CHECK(list.next() == at_ms(7));
}

TEST_CASE("manager: while the image is read from the ground up its figures are the former ones") {
  cluster_knowledge known;
  known.rebuild(3);
  known.put_items("j", {"a", "b"});
  CHECK(known.counts().items == 2); // there are no former ones
  CHECK_FALSE(known.whole());
  known.complete();
  CHECK(known.whole());
  known.bumped_assignments();
  CHECK(known.assignment_version() == 4);
  known.rebuild(9);
  CHECK_FALSE(known.whole());
  CHECK(known.known());
  CHECK(known.image().jobs.empty());
  CHECK(known.counts().items == 2);
  CHECK(known.assignment_version() == 9);
  known.complete();
  CHECK(known.counts().items == 0);
}
