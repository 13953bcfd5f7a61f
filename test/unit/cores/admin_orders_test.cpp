#include <doctest/doctest.h>

#include "test/unit/cores/admin_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;

namespace {

class rig : public admin_rig {
public:
  rig() {
    job_spec spec;
    spec.id = "j";
    tree.put(record_path, store::encode(store::first_record(*store::to_offer(spec), nullptr)));
    join();
  }
  std::string order(store::job_order what, std::optional<std::int64_t> rev = {}, const job_id& job = "j",
                    bool offered = false) {
    return ask(admin_core::change_record{job, std::move(what), rev, offered});
  }
  std::int64_t answered_rev() const { return std::get<admin_core::done>(d.others.back()).rev; }
  store::job_payload record() const { return *store::decode<store::job_payload>(tree.data(record_path), record_path); }
};

user_config json(const char* text) {
  return *user_config::parse(text);
}

} // namespace

TEST_CASE("orders: a record changes under its version, and those who follow it hear of it") {
  rig r;
  const auto version = r.tree.stat("/djm/jobs-version").version;
  CHECK(r.order(store::order::pause{true}) == "1 done");
  CHECK(r.answered_rev() == 2);
  CHECK(r.record().paused);
  CHECK(r.d.take_written() == std::vector<std::string>{"check alive/n, set jobs-version@0, set jobs/j@0"});
  const auto news = store::decode<store::jobs_version_payload>(r.tree.data("/djm/jobs-version"), "");
  CHECK(store::changed_since(*news, version + 1, version)->count("j") == 1);
}

TEST_CASE("orders: one that stands already is answered with the present revision, without a write") {
  rig r;
  CHECK(r.order(store::order::pause{false}) == "1 done");
  CHECK(r.answered_rev() == 1);
  CHECK(r.d.take_written().empty());
}

TEST_CASE("orders: a configuration stands beside the record, in the same transaction") {
  rig r;
  CHECK(r.order(store::order::configure{json(R"({"batch":5})")}) == "1 done");
  CHECK(r.order(store::order::configure{json(R"({"batch":6})")}, 2) == "2 done");
  CHECK(r.answered_rev() == 3);
  CHECK(r.d.take_written() ==
        std::vector<std::string>{"check alive/n, set jobs-version@0, set jobs/j@0, create jobs/j/config",
                                 "check alive/n, set jobs-version@1, set jobs/j@1, set jobs/j/config@0"});
}

TEST_CASE("orders: whoever expects another revision is told the present one") {
  rig r;
  CHECK(r.order(store::order::configure{json(R"({"batch":5})")}, 7).find("1 conflict: job \"j\" is at revision 1") ==
        0);
  CHECK(r.d.take_written().empty());
}

TEST_CASE("orders: two at once both stand, one after the other") {
  rig r;
  r.d.fates = {fate::delayed};
  r.order(store::order::pause{true});
  auto p = r.record();
  p.triggered = 1;
  ++p.rev;
  r.tree.put(record_path, store::encode(p));
  r.d.answer_held();
  CHECK(r.d.pass(seconds{5}) == "1 done");
  CHECK(r.record().paused);
  CHECK(r.record().triggered == 1);
  CHECK(r.answered_rev() == 3);
}

TEST_CASE("orders: a trigger whose outcome is not known is not given twice") {
  for (const auto f : {fate::unknown_applied, fate::unknown_lost}) {
    rig r;
    r.d.fates = {f};
    r.order(store::order::trigger{"t"});
    r.d.pass(seconds{5});
    CHECK(r.record().triggered == 1);
    CHECK(r.answered_rev() == 2);
  }
}

TEST_CASE("orders: a job without a record is not known, and one that is offered here is waited for") {
  rig r;
  CHECK(r.order(store::order::pause{true}, {}, "x").find("1 unknown_job: job \"x\" has no record") == 0);
  CHECK(r.order(store::order::pause{true}, {}, "new", true) == "");
  job_spec spec;
  spec.id = "new";
  r.tree.put("/djm/jobs/new", store::encode(store::first_record(*store::to_offer(spec), nullptr)));
  CHECK(r.d.pass(seconds{1}) == "2 done");
}

TEST_CASE("orders: a record that cannot be read is named, and not overwritten") {
  rig r;
  r.tree.put(record_path, "{");
  CHECK(r.order(store::order::pause{true}).find("1 malformed_payload: \"/djm/jobs/j\"") == 0);
  CHECK(r.tree.data(record_path) == "{");
}

TEST_CASE("orders: a job that was registered anew after a removal of unknown outcome is not removed a second time") {
  rig r;
  r.d.fates = {fate::unknown_applied};
  CHECK(r.order(store::order::remove{}) == "");
  const auto gone = r.record();
  CHECK(gone.state == record_state::removing);
  job_spec spec;
  spec.id = "j";
  r.tree.put(record_path, store::encode(store::first_record(*store::to_offer(spec), &gone)));
  CHECK(r.d.pass(seconds{5}).find("1 unknown_outcome: job \"j\" may or may not have been removed") == 0);
  CHECK(r.record().state == record_state::open);

  rig lost;
  lost.d.fates = {fate::unknown_lost};
  CHECK(lost.order(store::order::remove{}) == "");
  CHECK(lost.d.pass(seconds{5}) == "1 done");
  CHECK(lost.record().state == record_state::removing);
}

TEST_CASE("orders: one that the job's code has to judge waits for that alone, and holds no other back") {
  rig r;
  const auto judged = [](const char* config) {
    return admin_core::change_record{"j", store::order::configure{json(config)}, {}, true, true};
  };
  CHECK(r.ask(judged(R"({"batch":5})")) == "");
  CHECK(r.order(store::order::pause{true}) == "2 done");
  CHECK(r.d.call(&admin_core::on_judged, std::uint64_t{1}, expected<void>{}) == "1 done");
  CHECK(r.record().rev == 3);
  CHECK(r.ask(judged(R"({"batch":-1})")) == "");
  CHECK(r.d.call(&admin_core::on_judged, std::uint64_t{3}, expected<void>{fail(errc::invalid_config, "batch: -1")})
          .find("configuration of job \"j\": batch: -1") != std::string::npos);
  CHECK(r.record().rev == 3);
  CHECK(r.d.call(&admin_core::on_judged, std::uint64_t{3}, expected<void>{}) == "");
}

TEST_CASE("orders: one whose judge does not come back is answered when its time is over, or the node ends") {
  rig r;
  const admin_core::change_record hangs{"j", store::order::configure{json(R"({"batch":5})")}, {}, true, true};
  CHECK(r.ask(hangs) == "");
  REQUIRE(r.d.core.wake_at());
  CHECK(*r.d.core.wake_at() == r.d.now + seconds{30});
  r.d.now += seconds{30};
  CHECK(r.d.call(&admin_core::on_wake).find("has not said whether it can work with that") != std::string::npos);
  CHECK(r.d.call(&admin_core::on_judged, std::uint64_t{1}, expected<void>{}) == "");
  CHECK_FALSE(r.d.core.wake_at());
  CHECK(r.ask(hangs) == "");
  const auto ended = r.d.core.on_stop();
  REQUIRE(ended.size() == 1);
  CHECK(std::get<admin_core::done>(ended[0]).result.error().code == errc::shutting_down);
  CHECK(r.record().rev == 1);
}

TEST_CASE("orders: those that wait for their judge count among those that a node holds back") {
  rig r;
  for (std::uint64_t n = 0; n < 1000; ++n) {
    r.ask(admin_core::change_record{"j", store::order::configure{json(R"({"batch":5})")}, {}, true, true});
  }
  CHECK(r.order(store::order::pause{true}).find("holds 1000 requests back already") != std::string::npos);
}
