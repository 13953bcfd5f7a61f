#include <doctest/doctest.h>

#include "test/unit/client/order_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

order_core::order switch_off() {
  return order_core::switch_job{"j", false};
}

order_core::order drain(const node_id& worker, bool on = true) {
  return order_core::set_marks{worker, {on, std::nullopt}};
}

} // namespace

TEST_CASE("order: a job is switched off under its version, and the leader hears of it") {
  order_rig r{switch_off()};
  const auto before = r.version("work-pool-version");
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  CHECK((*r.result)->zxid > 0);
  CHECK_FALSE(r.enabled());
  CHECK(r.version("work-pool-version") == before + 1);
  CHECK(r.core.over());
}

TEST_CASE("order: what stands already is not written") {
  order_rig r{order_core::switch_job{"j", true}};
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE((*r.result)->changed);
  CHECK(r.sent.empty());
}

TEST_CASE("order: a dry run says what would change, and changes nothing") {
  order_rig r{drain("n1"), order_mode::dry_run};
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  REQUIRE((*r.result)->changes.size() == 1);
  CHECK((*r.result)->changes[0].find("create /djm/marks/n1") == 0);
  CHECK_FALSE(r.tree.has("/djm/marks/n1"));
  CHECK(r.sent.empty());
}

TEST_CASE("order: marks come, change and go, each leaving the other as it is") {
  order_rig on{drain("n1")};
  on.connect();
  on.run();
  CHECK(on.tree.has("/djm/marks/n1"));
  order_rig off{drain("n1", false)};
  off.tree.put("/djm/marks/n1", store::encode(store::mark_payload{true, false}));
  off.connect();
  off.run();
  CHECK_FALSE(off.tree.has("/djm/marks/n1"));
  order_rig half{drain("n1", false)};
  half.tree.put("/djm/marks/n1", store::encode(store::mark_payload{true, true}));
  half.connect();
  half.run();
  CHECK(*store::decode<store::mark_payload>(half.tree.data("/djm/marks/n1"), "m") == store::mark_payload{false, true});
}

TEST_CASE("order: who changes the same meanwhile is met by the version, and it is decided anew") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.tree.put("/djm/work-pool-version", "someone else");
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE(r.enabled());
  CHECK(r.sent.size() == 2);
}

TEST_CASE("order: every change of the subject itself is met as well") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.tree.put("/djm/work-pool/j", r.tree.data("/djm/work-pool/j"));
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(r.enabled());
}

TEST_CASE("order: a mark that a stranger has changed meanwhile is not overwritten") {
  order_rig r{drain("n1")};
  r.tree.put("/djm/marks/n1", store::encode(store::mark_payload{false, true}));
  r.connect();
  r.answer_read();
  r.tree.put("/djm/marks/n1", store::encode(store::mark_payload{false, false}));
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(*store::decode<store::mark_payload>(r.tree.data("/djm/marks/n1"), "m") == store::mark_payload{false, false});
}

TEST_CASE("order: an unknown outcome is looked at, and told as done when it stands") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  CHECK_FALSE(r.result);
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  CHECK(r.sent.size() == 1);
}

TEST_CASE("order: an unknown outcome is repeated when it does not stand") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::unknown_lost);
  r.run();
  REQUIRE(*r.result);
  CHECK(r.sent.size() == 2);
  CHECK_FALSE(r.enabled());
}

TEST_CASE("order: the end of the session leaves an outcome that is looked at in the next one") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::lost_applied);
  r.expire();
  CHECK_FALSE(r.result);
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
}

TEST_CASE("order: what was sent in a session that is over may stand, though nobody has answered") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  REQUIRE(r.commits.size() == 1);
  r.expire();
  r.connect();
  REQUIRE(r.reads.size() == 1); // it looks again, and its time is over before it sees anything
  r.take(r.core.on_timeout());
  CHECK((*r.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: an answer of a session that is over is not decided on in the next one") {
  order_rig r{switch_off()};
  r.connect();
  REQUIRE(r.reads.size() == 1);
  r.expire();
  r.connect();
  REQUIRE(r.reads.size() == 2);
  r.answer_read(); // the one of before, late
  CHECK(r.commits.empty());
  r.answer_read();
  REQUIRE(r.commits.size() == 1);
  CHECK(r.commits.front().session == r.view.number);
}

TEST_CASE("order: a commit names the session in which it was decided") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  REQUIRE(r.commits.size() == 1);
  CHECK(r.commits.front().session == r.view.number);
}

TEST_CASE("order: when the time is over, what may have been written is unknown, and what was not is not connected") {
  order_rig never{switch_off()};
  never.take(never.core.on_timeout());
  REQUIRE(never.result);
  CHECK((*never.result).error().code == errc::not_connected);

  order_rig asked{switch_off()};
  asked.connect();
  asked.take(asked.core.on_timeout());
  CHECK((*asked.result).error().code == errc::timed_out);

  order_rig sent{switch_off()};
  sent.connect();
  sent.answer_read();
  sent.take(sent.core.on_timeout());
  CHECK((*sent.result).error().code == errc::unknown_outcome);

  order_rig unknown{switch_off()};
  unknown.connect();
  unknown.answer_read();
  unknown.answer_commit(fate::unknown_lost);
  unknown.take(unknown.core.on_timeout());
  CHECK((*unknown.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: others that keep changing the same are a conflict") {
  order_rig r{switch_off()};
  r.connect();
  for (int i = 0; i < 3; ++i) {
    r.answer_read();
    r.tree.put("/djm/work-pool-version", std::to_string(i));
    r.answer_commit();
    r.now = *r.core.wake_at();
    r.take(r.core.on_wake(r.now_step()));
  }
  r.take(r.core.on_timeout());
  // It has asked once more, so what it waits for now is an answer.
  CHECK(((*r.result).error().code == errc::conflict || (*r.result).error().code == errc::timed_out));
  CHECK(r.enabled());
}

TEST_CASE("order: refusals are told as they are, unless something before may have been written") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::refused);
  CHECK((*r.result).error().code == errc::no_permission);

  order_rig later{switch_off()};
  later.connect();
  later.answer_read();
  later.answer_commit(fate::unknown_lost);
  later.now = *later.core.wake_at();
  later.take(later.core.on_wake(later.now_step()));
  later.answer_read();
  later.answer_commit(fate::refused);
  CHECK((*later.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: jobs and trees that are not there are named") {
  order_rig job{order_core::switch_job{"x", false}};
  job.connect();
  job.run();
  CHECK((*job.result).error().code == errc::unknown_job);

  order_rig bare{switch_off()};
  bare.tree.erase("/djm");
  bare.connect();
  bare.run();
  CHECK((*bare.result).error().code == errc::malformed_payload);
}

TEST_CASE("order: what may not be read is not taken for missing") {
  order_rig r{drain("n1")};
  r.tree.forbid("/djm/marks");
  r.connect();
  r.run();
  CHECK((*r.result).error().code == errc::no_permission);
  CHECK(r.sent.empty());
}

TEST_CASE("order: a repair is sent once, in the session in which it was decided") {
  const std::vector<store::write_op> ops{store::remove_op{"/djm/work-pool/j/a", 0}};
  order_rig done{order_core::mend{1, ops}};
  done.connect();
  done.run();
  REQUIRE(*done.result);
  CHECK_FALSE(done.tree.has("/djm/work-pool/j/a"));

  order_rig late{order_core::mend{5, ops}};
  late.connect();
  REQUIRE(late.result);
  CHECK((*late.result).error().code == errc::conflict);
  CHECK(late.sent.empty());

  order_rig met{order_core::mend{1, ops}};
  met.tree.put("/djm/work-pool/j/a", "changed");
  met.connect();
  met.run();
  CHECK((*met.result).error().code == errc::conflict);
  CHECK(met.tree.has("/djm/work-pool/j/a"));

  order_rig unknown{order_core::mend{1, ops}};
  unknown.connect();
  unknown.answer_commit(fate::unknown_lost);
  CHECK((*unknown.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: all jobs are switched, and data that makes no sense is replaced") {
  order_rig r{order_core::switch_all{true}};
  r.tree.put("/djm/work-pool", "nonsense");
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK(store::decode<store::pools_payload>(r.tree.data("/djm/work-pool"), "p")->all_disabled);
}

TEST_CASE("order: what somebody writes into the pools by hand meanwhile is not overwritten") {
  order_rig r{order_core::switch_all{true}};
  r.connect();
  r.answer_read();
  r.tree.put("/djm/work-pool", "by hand");
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(r.tree.data("/djm/work-pool") == "by hand");
}
