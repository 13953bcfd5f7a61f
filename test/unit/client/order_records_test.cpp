#include <doctest/doctest.h>

#include "test/unit/client/order_rig.hpp"

using namespace djm;
using namespace djm::test;

/// Orders about the record of a job.
namespace {

constexpr auto record_path = "/djm/jobs/j";

store::offered_spec offered() {
  job_spec spec;
  spec.id = "j";
  return *store::to_offer(spec);
}

/// An order about the record of the job "j", which is there.
struct record_rig : order_rig {
  explicit record_rig(store::job_order what, std::optional<std::int64_t> rev = {}, order_mode mode = order_mode::write)
    : order_rig(order_core::change_record{"j", std::move(what), rev}, mode) {
    tree.put(record_path, store::encode(store::first_record(offered(), nullptr)));
    connect();
  }
  store::job_payload record() const { return *store::decode<store::job_payload>(tree.data(record_path), "j"); }
  /// Somebody else changes the record.
  void change(const store::job_payload& to) { tree.put(record_path, store::encode(to)); }
};

} // namespace

TEST_CASE("order: a record changes under its version, with its configuration, and those who follow it hear of it") {
  const auto config = *user_config::parse(R"({"batch":5})");
  record_rig r{store::order::configure{config}};
  const auto before = r.version("jobs-version");
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->rev == 2);
  CHECK(r.record().rev == 2);
  CHECK(store::decode<store::config_payload>(r.tree.data("/djm/jobs/j/config"), "c")->config == config);
  const auto news = store::decode<store::jobs_version_payload>(r.tree.data("/djm/jobs-version"), "v");
  const auto changed = store::changed_since(*news, before + 1, before);
  REQUIRE(changed);
  CHECK(changed->count("j") == 1);
}

TEST_CASE("order: what a record says already is not written, and answered with its rev") {
  record_rig r{store::order::pause{false}};
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE((*r.result)->changed);
  CHECK((*r.result)->rev == 1);
  CHECK(r.sent.empty());
}

TEST_CASE("order: a dry run says what a record would come to") {
  record_rig r{store::order::pause{true}, 1, order_mode::dry_run};
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->rev == 2);
  CHECK((*r.result)->changes == std::vector<std::string>{"set /djm/jobs/j (paused: true)"});
  CHECK_FALSE(r.record().paused);
}

TEST_CASE("order: a record at another rev is a conflict, and one that is not there unknown") {
  record_rig r{store::order::pause{true}, 7};
  r.run();
  CHECK((*r.result).error().code == errc::conflict);
  CHECK_FALSE(r.record().paused);

  order_rig none{order_core::change_record{"k", store::order::pause{true}, {}}};
  none.connect();
  none.run();
  CHECK((*none.result).error().code == errc::unknown_job);
  CHECK(none.sent.empty());
}

TEST_CASE("order: whoever changes the record meanwhile is met by its version, though jobs-version stands still") {
  record_rig r{store::order::pause{true}};
  r.answer_read();
  auto other = r.record();
  ++other.rev;
  other.triggered = 3;
  r.change(other);
  r.run();
  REQUIRE(*r.result);
  CHECK(r.sent.size() == 2);
  CHECK(r.record().triggered == 3);
  CHECK(r.record().paused);
}

TEST_CASE("order: a configuration that somebody writes by hand meanwhile is not overwritten") {
  record_rig r{store::order::configure{*user_config::parse(R"({"batch":5})")}};
  const std::string path = "/djm/jobs/j/config";
  r.tree.put(path, store::encode(store::config_payload{}));
  r.answer_read();
  const auto by_hand = store::encode(store::config_payload{*user_config::parse(R"({"batch":7})")});
  r.tree.put(path, by_hand);
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(r.tree.data(path) == by_hand);
}

TEST_CASE("order: a trigger whose answer was lost is given once") {
  record_rig r{store::order::trigger{"t"}};
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  CHECK(r.record().triggered == 1);
}

TEST_CASE("order: a job that was removed and registered anew meanwhile is not removed a second time") {
  record_rig r{store::order::remove{}};
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  const auto gone = r.record();
  CHECK(gone.state == record_state::removing);
  r.change(store::first_record(offered(), &gone));
  r.run();
  CHECK((*r.result).error().code == errc::unknown_outcome);
  CHECK(r.record().state == record_state::open);

  record_rig lost{store::order::remove{}};
  lost.answer_read();
  lost.answer_commit(fate::unknown_lost);
  lost.run();
  REQUIRE(*lost.result);
  CHECK(lost.record().state == record_state::removing);
}
