#include <doctest/doctest.h>

#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::store;
using std::chrono::seconds;

namespace {

job_spec spec_of(std::int64_t revision, duration period) {
  job_spec spec;
  spec.id = "j";
  spec.revision = revision;
  spec.schedule = schedule::fixed_rate(period);
  return spec;
}

const job_spec blue = spec_of(0, seconds{10});
const job_spec green = spec_of(0, seconds{20});
const auto blue_hash = hash_of_spec(blue);
const auto green_hash = hash_of_spec(green);

user_config json(const char* text) {
  auto c = user_config::parse(text);
  REQUIRE(c.has_value());
  return *c;
}

job_payload record_of(const std::vector<job_spec>& specs) {
  auto record = first_record(*to_offer(specs.front()), nullptr);
  for (std::size_t n = 1; n < specs.size(); ++n) {
    appear(record, *to_offer(specs[n]));
  }
  return record;
}

expected<ordered> give(const job_order& what, const job_payload& record, const config_payload& config = {},
                       std::optional<std::int64_t> rev = {}, const std::string& by = "me") {
  return carry_out(what, "j", record, config, rev, by, 1'000);
}

} // namespace

TEST_CASE("records: the specification that appeared last rules, and one that returns keeps its place") {
  auto record = record_of({blue, green});
  CHECK(record.ruling == blue_hash); // until a leader says so
  CHECK(ruling_among(record, {blue_hash, green_hash}) == green_hash);
  CHECK(ruling_among(record, {blue_hash}) == blue_hash);
  CHECK(ruling_among(record, {"0000000000000000"}) == "");
  CHECK(ruling_among(record, {}) == "");
}

TEST_CASE("records: the highest revision rules, whichever appeared last") {
  const auto first = spec_of(7, seconds{1}), second = spec_of(3, seconds{2});
  const auto record = record_of({first, second});
  CHECK(ruling_among(record, {hash_of_spec(first), hash_of_spec(second)}) == hash_of_spec(first));
  CHECK(ruling_among(record, {hash_of_spec(second)}) == hash_of_spec(second));
}

TEST_CASE("records: a lineage keeps few specifications, and never forgets the one that rules") {
  auto record = record_of({blue});
  for (int n = 1; n <= 10; ++n) {
    appear(record, *to_offer(spec_of(0, seconds{100 + n})));
  }
  CHECK(record.lineage.size() == most_specs);
  CHECK(find_spec(record, blue_hash) != nullptr);
  CHECK(record.lineage.back().hash == hash_of_spec(spec_of(0, seconds{110})));
  CHECK(record.rev == 11);
}

TEST_CASE("records: all nodes follow what the ruling specification says of time, and keep how they cut their share") {
  auto own = green;
  own.mode = running_mode::thread_per_item;
  own.max_concurrent_runs = 3;
  const auto followed = follow(record_of({blue, own}), nullptr, own, hash_of_spec(own), "/djm/jobs/j");
  REQUIRE(followed.has_value());
  CHECK_FALSE(followed->rules);
  CHECK(followed->spec.schedule == blue.schedule);
  CHECK(followed->spec.max_concurrent_runs == 0);
  CHECK(followed->spec.mode == running_mode::thread_per_item);
}

TEST_CASE("records: overrides are put on the ruling specification, whoever offers it") {
  auto done = give(order::override_spec{json(R"({"schedule":{"period":"5s"},"attributes":{"priority":"high"}})")},
                   record_of({blue, green}));
  REQUIRE(done);
  for (const auto& own : {blue, green}) {
    const auto followed = follow(*done->record, nullptr, own, hash_of_spec(own), "/djm/jobs/j");
    REQUIRE(followed);
    CHECK(followed->spec.schedule == schedule::fixed_rate(seconds{5}));
    CHECK(followed->spec.attributes.priority == job_priority::high);
  }
  // They end with it.
  auto next = *done->record;
  next.ruling = green_hash;
  CHECK(follow(next, nullptr, green, green_hash, "/djm/jobs/j")->spec.schedule == green.schedule);
}

TEST_CASE("records: a second override adds to the first, null takes one back, and replace begins anew") {
  auto record = record_of({blue});
  record =
    *give(order::override_spec{json(R"({"stop_grace":"3s","attributes":{"strategy":"sticky"}})")}, record, {}, {}, "1")
       ->record;
  record = *give(order::override_spec{json(R"({"attributes":{"priority":"low"}})")}, record, {}, {}, "2")->record;
  CHECK(record.lineage[0].overrides ==
        json(R"({"stop_grace":"3s","attributes":{"strategy":"sticky","priority":"low"}})"));
  record = *give(order::override_spec{json(R"({"stop_grace":null})")}, record, {}, {}, "3")->record;
  CHECK(record.lineage[0].overrides == json(R"({"attributes":{"strategy":"sticky","priority":"low"}})"));
  record = *give(order::override_spec{json("{}"), true}, record, {}, {}, "4")->record;
  CHECK(record.lineage[0].overrides.empty());
  CHECK(record.rev == 5);
}

TEST_CASE("records: what breaks a rule is named and changes nothing") {
  const auto record = record_of({blue});
  const auto refused = [&](const char* text) {
    return to_string(give(order::override_spec{json(text)}, record).error());
  };
  CHECK(
    refused(R"({"mode":"custom"})") ==
    "invalid_config: overrides of job \"j\": \"mode\" cannot be overridden; that is possible for schedule, "
    "max_concurrent_runs, pool_check_period, pool_timeout, stop_grace, attributes, slots, failures, on_pool_change");
  CHECK(refused(R"({"schedule":{"period":"soon"}})").find("/schedule/period") != std::string::npos);
  CHECK(refused(R"({"schedule":{"period":"0s"}})").find("job \"j\": schedule") != std::string::npos);
  CHECK(refused(R"({"schedule":{"perod":"1s"}})").find("perod") != std::string::npos);
}

TEST_CASE("records: an order that names another revision is a conflict with the present one") {
  const auto record = record_of({blue, green});
  const auto late = give(order::pause{true}, record, {}, 1);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == errc::conflict);
  CHECK(late.error().text.find("revision 2 of its record, not 1") != std::string::npos);
  CHECK(give(order::pause{true}, record, {}, 2)->record->rev == 3);
}

TEST_CASE("records: an order that stands already writes nothing, and one whose answer was lost is known by its name") {
  auto record = record_of({blue});
  CHECK_FALSE(give(order::pause{false}, record)->record);
  CHECK_FALSE(give(order::configure{}, record)->record);
  record = *give(order::trigger{"t1"}, record, {}, {}, "mine")->record;
  CHECK_FALSE(give(order::trigger{"t1"}, record, {}, {}, "another")->record);
  CHECK_FALSE(give(order::trigger{"t2"}, record, {}, {}, "mine")->record); // the same order, asked again
  CHECK(record.triggered == 1);
}

TEST_CASE("records: the names of eight triggers are kept, and all are counted") {
  auto record = record_of({blue});
  const auto before = record;
  for (int n = 0; n < 12; ++n) {
    const auto name = "t" + std::to_string(n);
    record = *give(order::trigger{name}, record, {}, {}, name)->record;
  }
  CHECK(record.triggers.size() == most_triggers);
  CHECK(record.triggers.front().id == "t4");
  CHECK(new_triggers(before, record) == 12);
  CHECK(new_triggers(record, before) == 0);
}

TEST_CASE("records: a paused job takes no trigger, and one that is removed no order but to be removed") {
  auto record = *give(order::pause{true}, record_of({blue}))->record;
  CHECK(give(order::trigger{"t"}, record, {}, {}, "b").error().code == errc::invalid_state);
  record = *give(order::remove{}, record, {}, {}, "c")->record;
  CHECK(record.state == record_state::removing);
  CHECK(give(order::pause{false}, record, {}, {}, "d").error().text == "job \"j\" is being removed");
  CHECK_FALSE(give(order::remove{}, record, {}, {}, "e")->record);
}

TEST_CASE("records: a configuration is that of the ruling specification, with what operators have set") {
  auto own = blue;
  own.config = json(R"({"batch":10,"url":"a"})");
  auto record = record_of({own});
  const config_payload stored{json(R"({"batch":20})")};
  auto followed = follow(record, &stored, own, hash_of_spec(own), "/djm/jobs/j");
  CHECK(followed->config == json(R"({"batch":20,"url":"a"})"));
  CHECK(follow(record, nullptr, own, hash_of_spec(own), "/djm/jobs/j")->config == own.config);
  const auto done = give(order::configure{json(R"({"url":"b"})")}, record, stored);
  CHECK(done->config->config == json(R"({"url":"b"})"));
  CHECK(done->record->rev == 2);
}

TEST_CASE("records: what a later version has written into a specification survives this one") {
  auto record = record_of({blue, green});
  record.lineage[0].spec = *record.lineage[0].spec.unpacked().with("from_the_future", 1);
  record = *give(order::pause{true}, record)->record;
  const auto again = decode<job_payload>(encode(record), "/djm/jobs/j");
  REQUIRE(again);
  CHECK(again->lineage[0].spec.unpacked().contains("from_the_future"));
  CHECK(follow(*again, nullptr, green, green_hash, "/djm/jobs/j").has_value());
}

TEST_CASE("records: one that cannot be used says so, with its path") {
  auto record = record_of({blue, green});
  record.lineage[0].spec = json(R"({"id":"j","schedule":5})");
  const auto followed = follow(record, nullptr, green, green_hash, "/djm/jobs/j");
  REQUIRE_FALSE(followed);
  CHECK(followed.error().text.find("/djm/jobs/j: ") == 0);
  CHECK(followed.error().text.find("/schedule") != std::string::npos);
  for (const char* bad : {"", "[]", "{}", R"({"v":1})", R"({"v":1,"rev":0})", R"({"v":1,"ruling":"x"})",
                          R"({"v":1,"ruling":"x","lineage":[{"hash":"y"}]})", R"({"v":1,"state":"gone"})"}) {
    CAPTURE(bad);
    CHECK_FALSE(decode<job_payload>(bad, "/djm/jobs/j"));
  }
}

TEST_CASE("records: changes are named without a gap, or not at all") {
  jobs_version_payload now;
  std::int32_t version = 0;
  const auto change = [&](const std::vector<job_id>& jobs) {
    now = *decode<jobs_version_payload>(encode_change(now, version, jobs, "t"), "/djm/jobs-version");
    ++version;
  };
  for (int n = 0; n < 5; ++n) {
    change({job_id{"j" + std::to_string(n)}});
  }
  CHECK(changed_since(now, 5, 5)->empty());
  CHECK(*changed_since(now, 5, 3) == std::set<job_id>{job_id{"j3"}, job_id{"j4"}});
  CHECK(changed_since(now, 5, 0)->size() == 5);
  CHECK_FALSE(changed_since(now, 6, 3)); // somebody has written it who does not list changes
  CHECK_FALSE(changed_since(now, 5, 7)); // it was made anew
  version = 9;                           // the same, seen by the next writer
  change({"late"});
  CHECK_FALSE(changed_since(now, 10, 4));
  CHECK(*changed_since(now, 10, 9) == std::set<job_id>{job_id{"late"}});
}

TEST_CASE("records: the list of changes stays small, however many and large they are") {
  jobs_version_payload now;
  for (std::int32_t version = 0; version < 100; ++version) {
    std::vector<job_id> jobs(version % 10 == 9 ? 200 : 1, job_id{"some-job"});
    now = *decode<jobs_version_payload>(encode_change(now, version, jobs, "t"), "/djm/jobs-version");
    CHECK(now.recent.size() <= 32);
    CHECK(now.recent.back().version == version + 1);
    CHECK(encode(now).size() < 16'000);
  }
}

TEST_CASE("records: a job has to be prepared where the specification that rules says so, once for each order") {
  auto preparing = spec_of(0, seconds{30});
  preparing.prepares = true;
  auto record = record_of({blue, preparing});
  CHECK(wanted_generation(record) == 0); // that one does not rule yet
  CHECK(is_prepared(record));
  CHECK(give(order::prepare_again{}, record).error().code == errc::invalid_state);
  record.ruling = hash_of_spec(preparing);
  CHECK(wanted_generation(record) == 1);
  CHECK_FALSE(is_prepared(record));
  CHECK_FALSE(note_prepared(record, 2)); // of another record
  const auto rev = record.rev;
  CHECK(note_prepared(record, 1));
  CHECK(record.rev == rev + 1);
  CHECK(is_prepared(record));
  CHECK_FALSE(note_prepared(record, 1));
  record = *give(order::prepare_again{}, record)->record;
  CHECK(wanted_generation(record) == 2);
  CHECK_FALSE(is_prepared(record));
  const auto followed = follow(record, nullptr, blue, blue_hash, "/djm/jobs/j");
  REQUIRE(followed);
  CHECK(followed->generation == 2);
  CHECK_FALSE(followed->prepared);
  CHECK_FALSE(followed->spec.prepares);                                    // what its own code can do
  CHECK_FALSE(give(order::prepare_again{}, record, {}, {}, "me")->record); // the answer was lost: it stands already
  record.state = record_state::removing;
  CHECK(give(order::prepare_again{}, record, {}, {}, "you").error().code == errc::invalid_state);
}
