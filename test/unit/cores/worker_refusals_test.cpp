#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"
#include "zkstore/payloads.hpp"

/// What a worker refuses: told with the unlock, not locked again before its time, taken back when that is over.
using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

struct refusing : worker_rig {
  explicit refusing(bool rebuilt = false) : worker_rig(200, 500, rebuilt) {
    add_job();
    join();
  }
  std::string declined(const std::vector<item_id>& items, duration length = seconds{60}) {
    d.said.clear();
    d.call(&worker_core::on_declined, job_id{"j"}, items, length, std::string{"no device"});
    return d.settle();
  }
  store::refusal_payload told(const std::string& name) const {
    return *store::decode<store::refusal_payload>(tree.data("/djm/refusals/" + name), name);
  }
  strings refusals() const { return tree.children("/djm/refusals"); }
};

} // namespace

TEST_CASE("worker refusals: told in the transaction that gives the lock back, and not locked again while assigned") {
  refusing r;
  r.assigned({"a", "b"});
  r.d.take_written();
  r.declined({"a"});
  CHECK(r.d.take_written() == strings{"check alive/w, remove locks/j/a.lock@0, create refusals/w-i1-1"});
  const auto said = r.told("w-i1-1");
  CHECK(said.worker == "w");
  CHECK(said.incarnation == "i1");
  CHECK(said.job == "j");
  CHECK(said.items == std::vector<item_id>{"a"});
  CHECK(said.for_ms == 60'000);
  CHECK(said.why == "no device");
  r.d.pass(seconds{59});
  r.unassigned({"a"});
  r.assigned({"a"});
  CHECK(r.locks() == strings{"b.lock"});
  CHECK(r.status().settled);
}

TEST_CASE(
  "worker refusals: when the time is over the refusal is taken back, and the item locked where it is assigned") {
  refusing r;
  r.assigned({"a"});
  r.declined({"a"});
  r.d.take_written();
  r.d.pass(seconds{61});
  CHECK(r.refusals().empty());
  CHECK(r.locks() == strings{"a.lock"});
}

TEST_CASE("worker refusals: each repeat within the time that it was refused for doubles it, up to a week") {
  refusing r;
  r.assigned({"a"});
  r.declined({"a"});
  r.d.pass(seconds{61});
  r.declined({"a"});
  CHECK(r.told("w-i1-2").for_ms == 120'000);
  r.d.pass(seconds{121});
  r.declined({"a"}, std::chrono::hours{7 * 24});
  CHECK(r.told("w-i1-3").for_ms == 7 * 24 * 3'600'000);
  r.d.pass(std::chrono::hours{7 * 24} + seconds{1});
  r.d.pass(std::chrono::hours{7 * 24} + seconds{1});
  r.declined({"a"});
  CHECK(r.told("w-i1-4").for_ms == 60'000); // long ago
}

TEST_CASE("worker refusals: many items are one refusal") {
  refusing r;
  r.assigned({"a", "b", "c", "d"});
  r.declined({"a", "b", "c"});
  CHECK(r.refusals() == strings{"w-i1-1"});
  CHECK(r.told("w-i1-1").items.size() == 3);
}

TEST_CASE("worker refusals: what is not held is not refused") {
  refusing r;
  r.declined({"a"});
  CHECK(r.refusals().empty());
  r.assigned({"a"});
  CHECK(r.locks() == strings{"a.lock"});
}

TEST_CASE("worker refusals: a part that is made anew takes over what this life has refused before it locks anything") {
  worker_rig r{200, 500, true};
  store::refusal_payload p;
  p.worker = "w";
  p.incarnation = "i1";
  p.job = "j";
  p.items = {"a"};
  p.for_ms = 60'000;
  r.tree.put("/djm/refusals/w-i1-7", store::encode(p));
  p.incarnation = "i0";
  p.items = {"b"};
  r.tree.put("/djm/refusals/w-i0-1", store::encode(p));
  r.add_job();
  r.join();
  r.assigned({"a", "b"});
  CHECK(r.locks() == strings{"b.lock"});
  r.d.call(&worker_core::on_declined, job_id{"j"}, std::vector<item_id>{"b"}, duration{seconds{60}}, std::string{});
  r.d.settle();
  CHECK(r.tree.has("/djm/refusals/w-i1-8")); // numbers go on
  r.d.pass(seconds{61});
  CHECK_FALSE(r.tree.has("/djm/refusals/w-i1-7"));
  CHECK(r.tree.has("/djm/refusals/w-i0-1")); // of another life: the leader's affair
  CHECK(r.locks() == strings{"a.lock", "b.lock"});
}

TEST_CASE("worker refusals: what somebody has removed meanwhile is told again after the next join") {
  refusing r;
  r.assigned({"a"});
  r.declined({"a"});
  r.d.expire();
  r.tree.erase("/djm/refusals/w-i1-1");
  r.join();
  r.react();
  CHECK(r.refusals() == strings{"w-i1-2"});
  CHECK(r.locks().empty());
}

TEST_CASE("worker refusals: one whose outcome is not known is told once more, and both are taken back") {
  for (const auto what : {fate::unknown_applied, fate::unknown_lost}) {
    CAPTURE(static_cast<int>(what));
    refusing r;
    r.assigned({"a"});
    r.d.fates = {what};
    r.declined({"a"});
    r.d.pass(seconds{10});
    CHECK(r.locks().empty());
    CHECK_FALSE(r.refusals().empty());
    CHECK(r.told(r.refusals().back()).items == std::vector<item_id>{"a"});
    r.d.pass(seconds{60});
    CHECK(r.refusals().empty());
    CHECK(r.locks() == strings{"a.lock"});
  }
}

TEST_CASE("worker refusals: without the folder locks are given back all the same, and it is told later") {
  refusing r;
  r.assigned({"a"});
  r.tree.erase("/djm/refusals");
  r.declined({"a"});
  CHECK(r.locks().empty());
  r.tree.put("/djm/refusals");
  r.d.pass(seconds{3});
  CHECK(r.refusals().size() == 1);
}
